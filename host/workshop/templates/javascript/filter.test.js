import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "@sandgate/sdk/load";

const { plugin, testing } = await load(`${import.meta.dirname}/{{source}}`);

test("the upstream is told the agent", () => {
  const request = testing.request({ headers: { "user-agent": "curl/8" } });
  assert.equal(plugin.onRequest(request), undefined);
  assert.equal(request.header("x-seen-agent"), "curl/8");
});

test("the client is told who served it", () => {
  const response = testing.response();
  assert.equal(plugin.onResponse(response), undefined);
  assert.equal(response.header("x-served-by"), "{{name}}");
});
