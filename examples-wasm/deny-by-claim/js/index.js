// A filter that lets a request pass if a claim of its token (RFC 7519) has one of the right values.
//
// It reads tokens and verifies no signature: it is for tokens that somebody before it has verified, or for denying early what
// the upstream would deny as well.

import { Reply, clock, textOf } from "@sandgate/sdk";

/** Where the upstream is told the token's subject. */
const SUBJECT = "x-subject";

/** The claim that is looked at, and the values that may pass. */
let settings = { claim: "", allow: /** @type {string[]} */ ([]) };

/** @param {{ claim: string, allow: string[] }} given */
export function configure(given) {
  const unknown = Object.keys(given).find((key) => !(key in settings));
  if (unknown !== undefined) throw new Error(`unknown field \`${unknown}\``);
  if (typeof given.claim !== "string") throw new Error("missing field `claim`");
  if (!Array.isArray(given.allow) || given.allow.length === 0) throw new Error("allow must name at least one value");
  settings = given;
}

/** @param {import("@sandgate/sdk").Request} request */
export function onRequest(request) {
  const token = bearer(request.header("authorization") ?? "");
  if (token === undefined) return refused(401, "a bearer token is needed\n", "Bearer");
  const claims = read(token);
  if (claims === undefined) return unreadable("the token can't be read\n");
  if (typeof claims.exp === "number" && claims.exp * 1000 <= clock.wall()) return unreadable("the token has expired\n");
  const values = [claims[settings.claim]].flat();
  if (!values.some((value) => settings.allow.includes(value))) {
    return refused(403, `${settings.claim} must be one of ${settings.allow.join(", ")}\n`);
  }
  if (typeof claims.sub === "string") request.setHeader(SUBJECT, claims.sub);
  else request.removeHeader(SUBJECT);
}

/**
 * The token of an Authorization field (RFC 6750 section 2.1).
 * @param {string} authorization
 */
function bearer(authorization) {
  const [scheme, ...rest] = authorization.split(" ");
  return scheme.toLowerCase() === "bearer" && rest.length > 0 ? rest.join(" ").trim() : undefined;
}

/**
 * The claims of a token (RFC 7515 section 3.1), if they are an object.
 * @param {string} token
 * @returns {Record<string, any> | undefined}
 */
function read(token) {
  const parts = token.split(".");
  if (parts.length !== 3 || !/^[A-Za-z0-9_-]*$/.test(parts[1])) return undefined;
  try {
    const binary = atob(parts[1].replaceAll("-", "+").replaceAll("_", "/"));
    const claims = JSON.parse(textOf(Uint8Array.from(binary, (character) => character.charCodeAt(0))));
    return typeof claims === "object" && claims !== null && !Array.isArray(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

const unreadable = (/** @type {string} */ body) => refused(401, body, 'Bearer error="invalid_token"');

/**
 * What a client is told (RFC 6750 section 3).
 * @param {number} status
 * @param {string} body
 * @param {string} [challenge]
 */
function refused(status, body, challenge) {
  return new Reply(status, {
    headers: { "content-type": "text/plain", ...(challenge && { "www-authenticate": challenge }) },
    body,
  });
}
