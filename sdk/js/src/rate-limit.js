// Rate limits: a bucket of tokens for each key.

import host from "#host/rate-limit";
import { ask } from "./failure.js";

/**
 * @param {string} key
 * @param {number} cost
 * @param {{ burst: number, refill: number, periodMs: number }} bucket
 */
export function take(key, cost, bucket) {
  const answer = ask(() => host.take(key, cost, bucket));
  switch (answer.tag) {
    case "taken":
      return { left: answer.val };
    case "wait":
      return { waitMs: answer.val };
    default:
      return { waitMs: Infinity };
  }
}
