import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "@sandgate/sdk/load";

const { plugin } = await load(`${import.meta.dirname}/{{source}}`);

test("the idlest of those that can be used is picked", () => {
  const rest = { tried: [], weight: [1, 1, 1], latencyUs: [0, 0, 0] };
  assert.equal(plugin.pick({ usable: [0, 1], active: [4, 2, 0], ...rest }), 1);
});

test("where none can be used the host chooses", () => {
  assert.equal(plugin.pick({ usable: [], tried: [0], active: [0], weight: [1], latencyUs: [0] }), undefined);
});
