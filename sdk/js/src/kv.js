// Values by key that outlive the exchange.

import host from "#host/kv";
import { ask } from "./failure.js";
import { bytesOf } from "./text.js";

const some = (/** @type {any} */ value) => value ?? undefined;

export const get = (/** @type {string} */ key) => some(host.get(key));
export const getMany = (/** @type {string[]} */ keys) => host.getMany(keys).map(some);
export const set = (/** @type {string} */ key, /** @type {string | Uint8Array} */ value, /** @type {number | undefined} */ ttlMs) =>
  ask(() => host.set(key, bytesOf(value), ttlMs ?? null));
export const compareAndSet = (
  /** @type {string} */ key,
  /** @type {number | undefined} */ expected,
  /** @type {string | Uint8Array} */ value,
  /** @type {number | undefined} */ ttlMs,
) => ask(() => host.compareAndSet(key, expected ?? null, bytesOf(value), ttlMs ?? null));
export { remove as delete };
const remove = (/** @type {string} */ key) => host.delete(key);
export const keys = (/** @type {string} */ prefix, /** @type {string | undefined} */ after, limit = 1000) =>
  host.keys(prefix, after ?? null, limit);
export const usage = () => host.usage();
