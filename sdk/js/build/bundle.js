// One module of a plugin and all that it imports, with the exports that the contract wants.

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { contractVersion } from "./world.js";

/** Where this package is. */
export const SDK = join(dirname(fileURLToPath(import.meta.url)), "..");

/** For each interface that a plugin can export: the functions that it takes, of which the last decides whether it is there. */
const EXPORTS = {
  plugin: ["describe", "configure"],
  "on-request": ["onRequest"],
  "on-request-body": ["onRequestBody"],
  "on-response": ["onResponse"],
  "on-response-body": ["onResponseBody"],
  "on-log": ["onLog"],
  router: ["route"],
  reroute: ["reroute"],
  picker: ["onEndpoints", "pick"],
  "on-outcomes": ["onOutcomes"],
  weigher: ["onEndpoints", "weigh"],
};

/**
 * Makes one module of a plugin.
 * @returns {Promise<{ code: string, hooks: string[], imports: string[], version: string }>}
 */
export async function bundle(source) {
  const names = await exportsOf(source);
  const hooks = hooksOf(names);
  const version = contractVersion();
  const { outputFiles, metafile } = await build({
    ...common(version),
    stdin: { contents: entry(source, hooks, names), resolveDir: dirname(source), loader: "js" },
    metafile: true,
  });
  const [output] = Object.values(metafile.outputs);
  const used = output.imports.map(({ path }) => path.match(/^sandgate:proxy\/(.+)@/)?.[1]);
  return { code: outputFiles[0].text, hooks, imports: [...new Set(used)].filter(Boolean).sort(), version };
}

function hooksOf(names) {
  const known = Object.values(EXPORTS).flat();
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no hook is named ${unknown.join(", ")}; there are ${[...new Set(known)].join(", ")}`);
  const hooks = Object.keys(EXPORTS).filter((hook) => isThere(EXPORTS[hook], names));
  if (hooks.every((hook) => hook === "plugin")) throw new Error("the plugin exports no hook");
  return hooks;
}

function isThere(functions, names) {
  // `describe` alone makes a plugin, `onEndpoints` alone no policy.
  return functions.includes("describe") ? functions.some((name) => names.includes(name)) : names.includes(functions.at(-1));
}

async function exportsOf(source) {
  const { metafile } = await build({ ...common(contractVersion()), entryPoints: [source], metafile: true });
  return Object.values(metafile.outputs)[0].exports;
}

/** The module that is made a component: each export of the contract, made of functions of the plugin. */
function entry(source, hooks, names) {
  const camel = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
  const lines = hooks.map((hook) => {
    const functions = EXPORTS[hook].map((name) => (names.includes(name) ? `own.${name}` : "undefined"));
    const known = hook === "plugin" ? [JSON.stringify(description(source))] : [];
    return `export const ${camel(hook)} = glue.${camel(hook)}(${[...known, ...functions].join(", ")});`;
  });
  return `import * as own from ${JSON.stringify(source)};\nimport * as glue from "@sandgate/sdk/glue";\n${lines.join("\n")}\n`;
}

/** What the package.json nearest to the plugin says of it. */
function description(source) {
  const name = basename(source, extname(source));
  for (let folder = dirname(source); folder !== dirname(folder); folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file)) {
      const found = JSON.parse(readFileSync(file, "utf8"));
      return { name: found.name ?? name, version: found.version ?? "0.0.0", summary: found.description ?? "" };
    }
  }
  return { name, version: "0.0.0", summary: "" };
}

function common(version) {
  return {
    bundle: true,
    format: "esm",
    write: false,
    target: "es2022",
    charset: "utf8",
    logLevel: "silent",
    plugins: [host(version)],
  };
}

/** `@sandgate/sdk` is this package, wherever the plugin is; the SDK's `#host/NAME` is the contract's interface of that name. */
function host(version) {
  return {
    name: "sandgate",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^#host\// }, ({ path }) => ({
        path: `sandgate:proxy/${path.slice("#host/".length)}@${version}`,
        external: true,
        sideEffects: false,
      }));
      onResolve({ filter: /^@sandgate\/sdk/ }, ({ path, kind, pluginData }) =>
        pluginData?.isInside ? undefined : resolve(path, { kind, resolveDir: SDK, pluginData: { isInside: true } }),
      );
    },
  };
}
