// Numbers that all guests of a plugin count together.

import host from "#host/counter";
import { ask } from "./failure.js";

export const add = (/** @type {string} */ key, by = 1) => ask(() => host.add(key, by));
export const get = (/** @type {string} */ key) => host.get(key) ?? undefined;
export { remove as delete };
const remove = (/** @type {string} */ key) => host.delete(key);
