// A router: a part of the clients gets the route `canary`, the others what the route table says.
//
// Who sends `x-canary: 1` gets it for certain. Of all others the settings name a share, and a client's identifier decides: the
// same client always gets the same answer. What the canary can't answer, the route `back` does.

import { bytesOf, exchange } from "@sandgate/sdk";
import type { Decision, Detour, Request } from "@sandgate/sdk";

/** The header that asks for the canary. */
const ASKED_BY = "x-canary";
/** The route it gets. */
const ROUTE = "canary";

const settings = {
  /** Of a hundred clients, how many get the canary. */
  percent: 0,
  /** The header, or else the cookie, that tells clients apart. */
  client: "x-client-id",
  /** The route whose upstream answers where the canary's can't; none if it is empty. */
  back: "",
};

export function configure(given: Partial<typeof settings>): void {
  const unknown = Object.keys(given).find((key) => !(key in settings));
  if (unknown !== undefined) throw new Error(`unknown field \`${unknown}\``);
  Object.assign(settings, given);
  if (!(settings.percent >= 0 && settings.percent <= 100)) {
    throw new Error(`percent is ${settings.percent}: it must be 0 to 100`);
  }
}

export function route(request: Request): Decision {
  const why = reason(request);
  if (why === undefined) return;
  exchange.note("canary", why);
  return ROUTE;
}

export function reroute(): Detour {
  if (exchange.route() !== ROUTE || settings.back === "") return;
  exchange.note("canary", "back");
  return { toRoute: settings.back };
}

/** Why the request gets the canary, if it does. */
function reason(request: Request): string | undefined {
  if (request.header(ASKED_BY) === "1") return "asked";
  if (settings.percent === 0) return undefined;
  const client = request.header(settings.client) ?? cookie(request.header("cookie") ?? "", settings.client);
  return client !== undefined && bucket(client) < settings.percent ? "share" : undefined;
}

/** The value of a cookie (RFC 6265 section 4.2.1). */
function cookie(header: string, name: string): string | undefined {
  const pair = header.split(";").map((part) => part.trim()).find((part) => part.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}

/** A number from 0 to 99, always the same for the same client and evenly spread over all. */
function bucket(client: string): number {
  return Number(hash(client) % 100n);
}

/** FNV-1a, with its bits mixed at the end so that the low ones depend on all. */
function hash(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytesOf(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x0100000001b3n);
  return BigInt.asUintN(64, (hash ^ (hash >> 32n)) * 0x9e3779b97f4a7c15n) >> 32n;
}
