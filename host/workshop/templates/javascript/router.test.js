import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "@sandgate/sdk/load";

const { plugin, testing } = await load(`${import.meta.dirname}/{{source}}`);

test("who asks for it gets the next route", () => {
  assert.equal(plugin.route(testing.request({ headers: { "x-next": "1" } })), "next");
  assert.equal(plugin.route(testing.request()), undefined);
});
