import { refuse, state } from "./state.js";

export default {
  call: (/** @type {any} */ question) => state.callout?.(question) ?? refuse("not-granted", undefined),
};
