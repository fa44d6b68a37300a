// The contract's WIT, and the world of one plugin.

import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
// In the package, or in the repository.
const WIT = [join(HERE, "../wit"), join(HERE, "../../../wit")].find((folder) => existsSync(join(folder, "types.wit")));

/** The version of the contract, as its files say: `0.1.0`. */
export function contractVersion() {
  const text = readFileSync(join(WIT, "types.wit"), "utf8");
  return text.match(/^package sandgate:proxy@([^;]+);/m)[1];
}

/** Writes the contract, and the world `built`, into a folder. */
export function writeWit(folder, exports, imports, version) {
  for (const file of readdirSync(WIT).filter((name) => name.endsWith(".wit"))) cpSync(join(WIT, file), join(folder, file));
  const lines = [...imports.map((name) => `  import ${name};`), ...exports.map((name) => `  export ${name};`)];
  writeFileSync(join(folder, "built.wit"), `package sandgate:proxy@${version};\n\nworld built {\n${lines.join("\n")}\n}\n`);
}
