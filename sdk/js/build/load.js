// A plugin loaded for tests in Node, with the host of `testing` in place of the real one. It may be TypeScript, and needs no
// dependency of its own.

import { dirname, resolve } from "node:path";
import { build } from "esbuild";
import { SDK } from "./bundle.js";

/** @returns {Promise<{ plugin: Record<string, any>, testing: typeof import("../src/testing.js"), Reply: Function }>} */
export async function load(source) {
  const path = resolve(source);
  const contents = [
    `export * as plugin from ${JSON.stringify(path)};`,
    `export * as testing from "@sandgate/sdk/testing";`,
    `export { Reply, HeaderError } from "@sandgate/sdk";`,
  ].join("\n");
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: dirname(path), loader: "js" },
    bundle: true,
    format: "esm",
    platform: "node",
    write: false,
    plugins: [{ name: "sandgate", setup: toSdk }],
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

function toSdk({ onResolve, resolve }) {
  onResolve({ filter: /^@sandgate\/sdk/ }, ({ path, kind, pluginData }) =>
    pluginData?.isInside ? undefined : resolve(path, { kind, resolveDir: SDK, pluginData: { isInside: true } }),
  );
}
