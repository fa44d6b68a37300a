// The SDK without WebAssembly: heads, texts, and what hooks may give.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { HeaderError, Reply, bytesOf, kv, log, metrics, rateLimit, textOf } from "../src/index.js";
import * as glue from "../src/glue.js";
import { RequestHandle } from "../src/mock/heads.js";
import * as testing from "../src/testing.js";

beforeEach(() => testing.reset());

const handle = () => new RequestHandle("GET", "/a", "test.example", {});

test("texts are what the platform's own coder makes of them", () => {
  for (const text of ["", "plain", "Gerät", "€", "😀", "\u0000\u007f\u0080\u07ff\u0800\uffff"]) {
    assert.deepEqual(bytesOf(text), new TextEncoder().encode(text));
    assert.equal(textOf(bytesOf(text)), text);
  }
  assert.deepEqual(bytesOf("a\ud800b"), new TextEncoder().encode("a\ud800b"));
});

test("bytes that are no UTF-8 are shown as such and do no harm", () => {
  for (const bytes of [[0xff], [0xc3], [0xe2, 0x82], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x61, 0x80, 0x62]]) {
    assert.match(textOf(Uint8Array.from(bytes)), /\ufffd/);
  }
});

test("a header is set, added to and removed whatever its name's case", () => {
  const request = testing.request({ headers: { "X-A": ["1", "2"] } });
  assert.equal(request.header("x-a"), "1");
  request.appendHeader("X-A", 3);
  assert.deepEqual(request.fields(), [["x-a", "1"], ["x-a", "2"], ["x-a", "3"]]);
  request.setHeader("x-A", "4");
  assert.deepEqual(request.fields(), [["x-a", "4"]]);
  request.removeHeader("x-a");
  assert.equal(request.header("x-a"), undefined);
});

test("what may not be set throws with the name of the rule", () => {
  const request = testing.request();
  const code = (change) => {
    try {
      change();
    } catch (error) {
      assert(error instanceof HeaderError);
      return error.code;
    }
  };
  assert.equal(code(() => request.setHeader("a b", "1")), "invalid-name");
  assert.equal(code(() => request.setHeader("a", "1\n")), "invalid-value");
  assert.equal(code(() => request.setHeader("Host", "a")), "forbidden");
  assert.equal(code(() => (request.path = "a")), "invalid-value");
  assert.equal(code(() => (testing.response({ status: 200 }).status = 204)), "invalid-value");
});

test("a filter goes on, or answers", () => {
  const run = (hook) => glue.onRequest(hook).onRequest(handle());
  assert.deepEqual(run(() => {}), { tag: "continue" });
  const { tag, val } = run(() => new Reply(403, { headers: { "X-A": ["1", 2] }, body: "no" }));
  assert.equal(tag, "reply");
  assert.deepEqual(val, { status: 403, fields: [["x-a", bytesOf("1")], ["x-a", bytesOf("2")]], body: bytesOf("no") });
});

test("what a hook may not give is an error, logged", () => {
  assert.throws(() => glue.onRequest(() => 403).onRequest(handle()), TypeError);
  assert.deepEqual(testing.logged(), [["error", "TypeError: a hook gives a Reply or nothing"]]);
});

test("each decision becomes the contract's", () => {
  const body = (value) => glue.onRequestBody(() => value).onRequestBody(handle(), new Uint8Array());
  assert.deepEqual(body(undefined), { tag: "keep" });
  assert.deepEqual(body("x"), { tag: "replace", val: bytesOf("x") });
  const route = (value) => glue.router(() => value).route(handle());
  assert.deepEqual([route(undefined), route("a")], [{ tag: "table" }, { tag: "route", val: "a" }]);
  const reroute = (value) => glue.reroute(() => value).reroute({});
  assert.deepEqual(reroute(undefined), { tag: "fallback" });
  assert.deepEqual(reroute({ toUpstream: "a" }), { tag: "to-upstream", val: "a" });
  assert.deepEqual(reroute({ toRoute: "a" }), { tag: "to-route", val: "a" });
  const pick = (value) => glue.picker(() => {}, () => value).pick([0], [], [0], [1], [0]);
  assert.deepEqual([pick(undefined).tag, pick(1), pick([1, 0])], ["fallback", { tag: "endpoint", val: 1 }, { tag: "ranking", val: [1, 0] }]);
});

test("heads are given back when the hook is over, also when it fails", () => {
  for (const hook of [() => {}, () => { throw new Error("no"); }]) {
    let given = 0;
    const request = Object.assign(handle(), { [Symbol.dispose]: () => (given += 1) });
    try {
      glue.onRequest(hook).onRequest(request);
    } catch {}
    assert.equal(given, 1);
  }
});

test("settings are parsed, and an error refuses them with its message", () => {
  let seen;
  const { configure, describe } = glue.plugin({ name: "a", version: "1", summary: "" }, () => ({ summary: "s", metrics: [{ name: "m", help: "h", kind: "counter", labels: { l: ["x"] } }] }), (settings) => {
    seen = settings;
    if (settings.bad) throw new Error("bad is bad");
  });
  configure('{"a":1}');
  assert.deepEqual(seen, { a: 1 });
  assert.throws(() => configure('{"bad":1}'), (thrown) => thrown === "bad is bad");
  assert.deepEqual(describe().metrics[0], { name: "m", help: "h", kind: { tag: "counter" }, labels: [{ name: "l", values: ["x"] }] });
  assert.equal(describe().settingsSchema, null);
});

test("what outlives the exchange can be tested", () => {
  const version = kv.set("a", "1");
  assert.equal(textOf(kv.get("a").value), "1");
  assert.throws(() => kv.compareAndSet("a", undefined, "2"), { code: "conflict" });
  assert(kv.compareAndSet("a", version, "2") > version);
  assert(kv.delete("a") && kv.get("a") === undefined);
  testing.answerRateLimit(() => ({ tag: "wait", val: 5 }));
  assert.deepEqual(rateLimit.take("a", 1, { burst: 1, refill: 1, periodMs: 1 }), { waitMs: 5 });
  metrics.increment("m", ["x"]);
  log.warn("odd");
  assert.deepEqual(testing.counted(), [{ name: "m", labels: ["x"], number: 1 }]);
  assert.deepEqual(testing.logged(), [["warn", "odd"]]);
});
