import { state } from "./state.js";

const count = (/** @type {string} */ name, /** @type {string[]} */ labels, /** @type {number} */ number) =>
  void state.counted.push({ name, labels, number });

export default { increment: count, set: count, adjust: count, observe: count };
