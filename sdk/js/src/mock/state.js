// What the host of tests knows.

/** @type {any} */
export const state = {};

/** Begins anew. */
export function reset() {
  Object.assign(state, {
    exchange: { id: "0123456789abcdef0123456789abcdef", clientAddress: "192.0.2.1:50000", requestPath: "/" },
    headers: {},
    notes: new Map(),
    logged: [],
    now: { monotonic: 0, wall: 0 },
    kv: new Map(),
    counters: new Map(),
    version: 0,
    counted: [],
    rate: undefined,
    callout: undefined,
    trace: {},
  });
}

/** Throws what the runtime throws for an error of the contract. */
export function refuse(/** @type {string} */ tag, /** @type {unknown} */ val) {
  throw Object.assign(new Error(tag), { payload: { tag, val } });
}

reset();
