import { refuse, state } from "./state.js";

const put = (/** @type {string} */ key, /** @type {Uint8Array} */ value, /** @type {number | null} */ _ttlMs) => {
  if (key === "" || key.length > 256) refuse("invalid", undefined);
  state.version += 1;
  state.kv.set(key, { value, version: state.version });
  return state.version;
};

export default {
  get: (/** @type {string} */ key) => state.kv.get(key) ?? null,
  getMany: (/** @type {string[]} */ keys) => keys.map((key) => state.kv.get(key) ?? null),
  set: put,
  compareAndSet(/** @type {string} */ key, /** @type {number | null} */ expected, /** @type {Uint8Array} */ value, /** @type {number | null} */ ttlMs) {
    if ((state.kv.get(key)?.version ?? null) !== expected) refuse("conflict", undefined);
    return put(key, value, ttlMs);
  },
  delete: (/** @type {string} */ key) => state.kv.delete(key),
  keys: (/** @type {string} */ prefix, /** @type {string | null} */ after, /** @type {number} */ limit) =>
    [...state.kv.keys()].filter((key) => key.startsWith(prefix) && (after === null || key > after)).sort().slice(0, limit),
  usage: () => ({ bytes: 0, quota: 1 << 20, keys: state.kv.size }),
};
