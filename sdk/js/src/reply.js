// Whole answers made by a plugin.

import { bytesOf } from "./text.js";

/** A whole answer. The host writes content-length. */
export class Reply {
  /**
   * @param {number} status
   * @param {{ headers?: Record<string, string | number | Uint8Array | Array<string | number | Uint8Array>>, body?: string | Uint8Array }} [parts]
   */
  constructor(status, { headers = {}, body = "" } = {}) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  /** As the contract has it. */
  toRecord() {
    const each = Object.entries(this.headers).flatMap(([name, values]) =>
      (Array.isArray(values) ? values : [values]).map((value) => [name.toLowerCase(), bytesOf(value)]),
    );
    return { status: this.status, fields: each, body: bytesOf(this.body) };
  }
}
