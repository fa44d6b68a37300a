import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "@sandgate/sdk/load";

const { plugin } = await load(`${import.meta.dirname}/{{source}}`);

test("half as fast is half the weight, and one that has not answered keeps its own", () => {
  plugin.onEndpoints([{ address: "a", weight: 1 }, { address: "b", weight: 4 }, { address: "c", weight: 3 }]);
  assert.deepEqual(plugin.weigh({ active: [0, 0, 0], latencyUs: [100, 200, 0], failures: [0, 0, 0] }), [1, 2, 3]);
});
