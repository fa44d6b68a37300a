import { state } from "./state.js";

export default {
  add(/** @type {string} */ key, /** @type {number} */ by) {
    state.counters.set(key, (state.counters.get(key) ?? 0) + by);
    return state.counters.get(key);
  },
  get: (/** @type {string} */ key) => state.counters.get(key) ?? null,
  delete: (/** @type {string} */ key) => state.counters.delete(key),
};
