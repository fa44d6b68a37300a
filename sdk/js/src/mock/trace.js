import { state } from "./state.js";

export default {
  traceId: () => state.trace.id ?? null,
  traceparent: () => state.trace.parent ?? null,
  took: (/** @type {string} */ part) => state.trace.took?.[part] ?? null,
  attribute(/** @type {string} */ name, /** @type {string} */ value) {
    state.notes.set(name, value);
    return true;
  },
};
