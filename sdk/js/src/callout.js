// HTTP requests to upstreams of the configuration.

import host from "#host/callout";
import { ask } from "./failure.js";
import { bytesOf, textOf } from "./text.js";

/**
 * @param {{ upstream: string, method?: string, path?: string, authority?: string, fields?: Array<[string, string | Uint8Array]>, body?: string | Uint8Array, timeoutMs?: number }} question
 */
export function call({ upstream, method = "GET", path = "/", authority, fields = [], body = "", timeoutMs }) {
  const lowered = fields.map(([name, value]) => [name.toLowerCase(), bytesOf(value)]);
  const answer = ask(() =>
    host.call({ upstream, method, path, authority: authority ?? null, fields: lowered, body: bytesOf(body), timeoutMs: timeoutMs ?? null }),
  );
  const read = answer.fields.map((/** @type {[string, Uint8Array]} */ [name, value]) => [name, textOf(value)]);
  return { status: answer.status, fields: read, body: answer.body };
}
