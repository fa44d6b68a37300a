// The examples, without WebAssembly and without a proxy. What they must do in every language is in their cases.yaml.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "../build/load.js";

const example = (name, file = "index.js") => load(new URL(`../../../examples-wasm/${name}/js/${file}`, import.meta.url).pathname);

test("add-header tells the upstream the agent and the client who served it", async () => {
  const { plugin, testing } = await example("add-header");
  const request = testing.request({ headers: { "user-agent": "curl/8" } });
  plugin.onRequest(request);
  assert.equal(request.header("x-seen-agent"), "curl/8");
  const response = testing.response();
  plugin.onResponse(response);
  assert.equal(response.header("x-served-by"), "sandgate");
});

test("canary-router sends a tenth of the clients to the canary, always the same ones", async () => {
  const { plugin, testing } = await example("canary-router", "index.ts");
  plugin.configure({ percent: 10, back: "all" });
  const decide = (client) => plugin.route(testing.request({ headers: { "x-client-id": client } }));
  const clients = Array.from({ length: 1000 }, (_, at) => `client-${at}`);
  const chosen = clients.filter((client) => decide(client) === "canary");
  assert(chosen.length > 70 && chosen.length < 130, `${chosen.length}`);
  assert(chosen.every((client) => decide(client) === "canary"));
  testing.setExchange({ route: "canary" });
  assert.deepEqual(plugin.reroute({}), { toRoute: "all" });
  assert.throws(() => plugin.configure({ percent: 101 }), /percent is 101/);
});

test("deny-by-claim ends a token when its time is over", async () => {
  const { plugin, testing } = await example("deny-by-claim");
  plugin.configure({ claim: "role", allow: ["admin"] });
  const payload = Buffer.from('{"sub":"ann","role":"admin","exp":10}').toString("base64url");
  const request = () => testing.request({ headers: { authorization: `Bearer e30.${payload}.c2ln` } });
  testing.setClock({ wall: 9_999 });
  assert.equal(plugin.onRequest(request()), undefined);
  testing.setClock({ wall: 10_000 });
  assert.equal(plugin.onRequest(request()).status, 401);
});

test("latency-weigher counts failures since the last time only", async () => {
  const { plugin } = await example("latency-weigher");
  plugin.onEndpoints([1, 1, 2].map((weight) => ({ address: "http://192.0.2.1", weight })));
  const weigh = (latencyUs, failures) => plugin.weigh({ active: [0, 0, 0], latencyUs, failures });
  assert.deepEqual(weigh([1000, 2000, 1000], [7, 0, 0]), [1, 0.5, 2]);
  assert.deepEqual(weigh([1, 1, 1], [7, 1, 2]), [1, 0.5, 0.5]);
  assert.deepEqual(weigh([0, 0, 0], [7, 1, 2]), [1, 1, 2]);
});

test("rewrite-json-body hides fields wherever they are", async () => {
  const { plugin, testing } = await example("rewrite-json-body");
  plugin.configure({ hide: ["password"] });
  const response = testing.response({ headers: { "content-type": "application/json" } });
  const rewritten = (text) => plugin.onResponseBody(response, Buffer.from(text));
  assert.equal(rewritten('{"a":[{"password":1,"b":2}],"password":{}}'), '{"a":[{"b":2}]}');
  assert.equal(rewritten('{"a":1}'), undefined);
});

test("sticky-picker puts an endpoint last that keeps failing", async () => {
  const { plugin, testing } = await example("sticky-picker");
  plugin.configure({ cookie: "session" });
  plugin.onEndpoints([0, 1, 2].map((at) => ({ address: `http://192.0.2.${at}`, weight: 1 })));
  const all = { usable: [0, 1, 2], tried: [], active: [0, 0, 0], weight: [1, 1, 1], latencyUs: [0, 0, 0] };
  assert.equal(plugin.pick(all), undefined);
  testing.setRequestHeader("cookie", "a=1; session=x");
  const [first] = plugin.pick(all);
  plugin.onOutcomes({ endpoint: [first, first, first], status: [503, 0, 502], latencyUs: [1, 1, 1] });
  assert.equal(plugin.pick(all)[2], first);
  testing.setClock({ monotonic: 5e9 });
  assert.equal(plugin.pick(all)[0], first);
});
