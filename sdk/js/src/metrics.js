// The plugin's own metrics.

import host from "#host/metrics";
import { ask } from "./failure.js";

export const increment = (/** @type {string} */ name, /** @type {string[]} */ labels = [], by = 1) =>
  ask(() => host.increment(name, labels, by));
export const set = (/** @type {string} */ name, /** @type {string[]} */ labels, /** @type {number} */ value) =>
  ask(() => host.set(name, labels, value));
export const adjust = (/** @type {string} */ name, /** @type {string[]} */ labels, /** @type {number} */ by) =>
  ask(() => host.adjust(name, labels, by));
export const observe = (/** @type {string} */ name, /** @type {string[]} */ labels, /** @type {number} */ value) =>
  ask(() => host.observe(name, labels, value));
