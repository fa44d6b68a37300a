// A filter for JSON bodies: it sets fields in those of requests, and takes fields out of those of responses.
//
// What is no JSON passes as it is, but for requests that say they are: those are refused.

import { Reply, log, textOf } from "@sandgate/sdk";

const settings = {
  /** What the upstream gets in each object that a client sends, whatever the client has written there. */
  set: /** @type {Record<string, unknown>} */ ({}),
  /** Names of fields that clients are not shown, wherever they are. */
  hide: /** @type {string[]} */ ([]),
};

/** @param {Partial<typeof settings>} given */
export function configure(given) {
  const unknown = Object.keys(given).find((key) => !(key in settings));
  if (unknown !== undefined) throw new Error(`unknown field \`${unknown}\``);
  Object.assign(settings, given);
}

/**
 * A coded answer could not be read: the upstream is not told that the client would take one.
 * @param {import("@sandgate/sdk").Request} request
 */
export function onRequest(request) {
  request.removeHeader("accept-encoding");
}

/**
 * @param {import("@sandgate/sdk").Request} request
 * @param {Uint8Array} body
 */
export function onRequestBody(request, body) {
  if (Object.keys(settings.set).length === 0 || !isJson(request)) return;
  const object = parsed(body);
  if (typeof object !== "object" || object === null || Array.isArray(object)) {
    return new Reply(400, { body: "expected a JSON object\n" });
  }
  return JSON.stringify({ ...object, ...settings.set });
}

/**
 * @param {import("@sandgate/sdk").Response} response
 * @param {Uint8Array} body
 */
export function onResponseBody(response, body) {
  if (!isJson(response)) return;
  const value = parsed(body);
  if (value === undefined) {
    log.warn("a response that says it is JSON is none");
    return;
  }
  return hide(value) > 0 ? JSON.stringify(value) : undefined;
}

/**
 * Whether a message with this head has JSON for a body, and that uncoded.
 * @param {import("@sandgate/sdk").Request | import("@sandgate/sdk").Response} head
 */
function isJson(head) {
  if ((head.header("content-encoding") ?? "identity").toLowerCase() !== "identity") return false;
  const kind = (head.header("content-type") ?? "").toLowerCase().split(";")[0].trim();
  return kind === "application/json" || (kind.startsWith("application/") && kind.endsWith("+json"));
}

/**
 * Takes fields out, wherever they are; says how many there were.
 * @param {any} value
 * @returns {number}
 */
function hide(value) {
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  for (const [name, inner] of Object.entries(value)) {
    if (!Array.isArray(value) && settings.hide.includes(name)) {
      delete value[name];
      count += 1;
    } else count += hide(inner);
  }
  return count;
}

/** @param {Uint8Array} body */
function parsed(body) {
  try {
    return JSON.parse(textOf(body));
  } catch {
    return undefined;
  }
}
