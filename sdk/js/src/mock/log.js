import { state } from "./state.js";

export default {
  write: (/** @type {string} */ level, /** @type {string} */ message) => void state.logged.push([level, message]),
};
