#!/usr/bin/env node
// `sandgate-build PLUGIN -o FILE`: makes a component of a module that exports hooks.
//
// Its world is what the plugin has: the hooks that it exports, and the interfaces of the host that its code uses.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundle } from "./bundle.js";
import { writeWit } from "./world.js";

const USAGE = "usage: sandgate-build PLUGIN.js|PLUGIN.ts -o PLUGIN.wasm [--quiet]";

async function main([source, flag, output, quiet]) {
  if (source === undefined || flag !== "-o" || output === undefined) throw new Error(USAGE);
  const { code, hooks, imports, version } = await bundle(resolve(source));
  const folder = mkdtempSync(join(tmpdir(), "sandgate-"));
  try {
    writeWit(folder, hooks, imports, version);
    const { componentize } = createRequire(import.meta.url)("componentize-qjs");
    // `sync`: the contract has no async functions, so the runtime needs none of what they take.
    const { component } = await componentize({ witPath: folder, world: "built", jsSource: code, sync: true });
    writeFileSync(output, component);
    if (quiet !== "--quiet") console.error(`${output}: ${hooks.join(", ")} (${component.length} bytes)`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
});
