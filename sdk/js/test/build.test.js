// What the build finds in a plugin.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bundle } from "../build/bundle.js";

async function found(text, name = "plugin.js") {
  const folder = mkdtempSync(join(tmpdir(), "sandgate-test-"));
  try {
    writeFileSync(join(folder, name), text);
    return await bundle(join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("hooks are what is exported, and imports what is used", async () => {
  const text = `import { kv, clock, counter } from "@sandgate/sdk";
    export function onRequest() { kv.get("a"); }
    export const configure = () => {};`;
  const { hooks, imports } = await found(text);
  assert.deepEqual(hooks, ["plugin", "on-request"]);
  assert.deepEqual(imports, ["kv", "log"]);
});

test("TypeScript is understood", async () => {
  const { hooks } = await found(`import type { Request } from "@sandgate/sdk"; export function route(request: Request): string { return "a"; }`, "plugin.ts");
  assert.deepEqual(hooks, ["router"]);
});

test("a name that is no hook is refused, and so is a plugin without any", async () => {
  await assert.rejects(found("export function onRequset() {}"), /no hook is named onRequset/);
  await assert.rejects(found("export function configure() {}"), /exports no hook/);
});
