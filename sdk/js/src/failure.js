// What the host answers in place of a result.

/** The host did not do what it was asked to. */
export class HostError extends Error {
  /**
   * @param {string} code the error's name in the contract: `invalid-name`, `quota`
   * @param {string} [detail] what it says beside its name
   */
  constructor(code, detail) {
    super(detail === undefined ? code : `${code}: ${detail}`);
    this.name = "HostError";
    this.code = code;
    this.detail = detail;
  }
}

/**
 * Calls the host; an error of the contract becomes a `HostError`, or one of a class of its own.
 * @template T
 * @param {() => T} call
 * @param {typeof HostError} [Kind]
 * @returns {T}
 */
export function ask(call, Kind = HostError) {
  try {
    return call();
  } catch (error) {
    // The runtime wraps what the host answered.
    const payload = /** @type {any} */ (error)?.payload;
    if (payload?.tag === undefined) throw error;
    throw new Kind(payload.tag, payload.val);
  }
}
