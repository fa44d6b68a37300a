// A balancing policy: whoever shows the same cookie or header comes to the same endpoint, as long as that answers.
//
// Each endpoint has a score for each key (weighted rendezvous hashing), and the highest one wins. What is given is a ranking: the
// host's retries follow it without asking again. An endpoint that failed three times in a row is put last for five seconds.

import { bytesOf, clock, exchange } from "@sandgate/sdk";

/** How many endpoints are ranked: as many as the retries of a route usually come to. */
const RANKED = 3;
/** So many failures in a row put an endpoint last. */
const TROUBLE = 3;
/** For how long, in nanoseconds. */
const REST = 5e9;

/** Whose value is the key. @type {{ cookie?: string, header?: string }} */
let settings = {};

/** What is known of each endpoint. @type {Array<{ seed: bigint, failures: number, restsUntil: number }>} */
let known = [];

/** @param {typeof settings} given */
export function configure(given) {
  const keys = Object.keys(given);
  const unknown = keys.find((key) => key !== "cookie" && key !== "header");
  if (unknown !== undefined) throw new Error(`unknown variant \`${unknown}\`, expected \`cookie\` or \`header\``);
  if (keys.length !== 1) throw new Error("expected one of `cookie` and `header`");
  settings = given;
}

/** @param {import("@sandgate/sdk").Endpoint[]} endpoints */
export function onEndpoints(endpoints) {
  known = endpoints.map(({ address }) => ({ seed: hash(0n, address), failures: 0, restsUntil: 0 }));
}

/** @param {import("@sandgate/sdk").Candidates} among */
export function pick({ usable, weight }) {
  const key = settings.cookie === undefined ? exchange.requestHeader(settings.header ?? "") : exchange.requestCookie(settings.cookie);
  if (key === undefined) return;
  const now = clock.monotonic();
  const scored = usable.map((at) => ({
    at,
    rests: known[at].restsUntil > now ? 1 : 0,
    score: weighted(hash(known[at].seed, key), weight[at]),
  }));
  // Those that rest last, and the highest score first.
  scored.sort((a, b) => a.rests - b.rests || b.score - a.score);
  return scored.slice(0, RANKED).map(({ at }) => at);
}

/** @param {import("@sandgate/sdk").Attempts} attempts */
export function onOutcomes({ endpoint, status }) {
  const now = clock.monotonic();
  endpoint.forEach((at, index) => {
    known[at].failures = isFailure(status[index]) ? known[at].failures + 1 : 0;
    if (known[at].failures >= TROUBLE) Object.assign(known[at], { failures: 0, restsUntil: now + REST });
  });
}

/** No answer, or one that says that the endpoint can't. */
const isFailure = (/** @type {number} */ status) => status === 0 || (status >= 502 && status <= 504);

/**
 * FNV-1a, with the bits mixed at the end (as murmur3 does) so that similar keys differ everywhere.
 * @param {bigint} seed
 * @param {string} text
 */
function hash(seed, text) {
  const wrapped = (/** @type {bigint} */ number) => BigInt.asUintN(64, number);
  let hash = seed ^ 0xcbf29ce484222325n;
  for (const byte of bytesOf(text)) hash = wrapped((hash ^ BigInt(byte)) * 0x0100000001b3n);
  hash = wrapped((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  hash = wrapped((hash ^ (hash >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return hash ^ (hash >> 33n);
}

/**
 * A score that is the highest of several in proportion to their weights.
 * @param {bigint} hash
 * @param {number} weight
 */
function weighted(hash, weight) {
  const unit = (Number(hash >> 11n) + 0.5) / 2 ** 53;
  return -weight / Math.log(unit);
}
