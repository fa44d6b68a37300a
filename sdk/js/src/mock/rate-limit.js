import { state } from "./state.js";

export default {
  take: (/** @type {string} */ key, /** @type {number} */ cost, /** @type {any} */ bucket) =>
    state.rate?.(key, cost, bucket) ?? { tag: "taken", val: 0 },
};
