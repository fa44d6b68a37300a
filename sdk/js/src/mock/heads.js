// The resources `request` and `response`, under the host's rules.

import { bytesOf } from "../text.js";
import { refuse } from "./state.js";

const RESERVED =
  /^(connection|content-length|host|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;
const MOST = 128;

class Fields {
  /** @param {Record<string, any>} headers */
  constructor(headers) {
    /** @type {Array<[string, Uint8Array]>} */
    this.all = Object.entries(headers).flatMap(([name, values]) =>
      (Array.isArray(values) ? values : [values]).map((value) => /** @type {[string, Uint8Array]} */ ([name.toLowerCase(), bytesOf(value)])),
    );
  }

  /** @param {string} name */
  header(name) {
    return this.all.find(([own]) => own === name.toLowerCase())?.[1] ?? null;
  }

  fields() {
    return this.all.slice();
  }

  /** @param {string} name @param {Uint8Array} value */
  setHeader(name, value) {
    check(name, value);
    if (this.header(name) === null && this.all.length >= MOST) refuse("too-many", undefined);
    this.drop(name);
    this.all.push([name.toLowerCase(), value]);
  }

  /** @param {string} name @param {Uint8Array} value */
  appendHeader(name, value) {
    check(name, value);
    if (this.all.length >= MOST) refuse("too-many", undefined);
    this.all.push([name.toLowerCase(), value]);
  }

  /** @param {string} name */
  removeHeader(name) {
    check(name, new Uint8Array());
    this.drop(name);
  }

  /** @param {string} name */
  drop(name) {
    this.all = this.all.filter(([own]) => own !== name.toLowerCase());
  }
}

export class RequestHandle extends Fields {
  /** @param {string} method @param {string} path @param {string} authority @param {Record<string, any>} headers */
  constructor(method, path, authority, headers) {
    super(headers);
    Object.assign(this, { line: { method, path, authority } });
  }

  method() {
    return /** @type {any} */ (this).line.method;
  }

  path() {
    return /** @type {any} */ (this).line.path;
  }

  /** @param {string} path */
  setPath(path) {
    if (!path.startsWith("/")) refuse("invalid-value", undefined);
    /** @type {any} */ (this).line.path = path;
  }

  authority() {
    return /** @type {any} */ (this).line.authority;
  }

  /** @param {string} authority */
  setAuthority(authority) {
    if (authority === "" || authority.includes("/")) refuse("invalid-value", undefined);
    /** @type {any} */ (this).line.authority = authority;
  }
}

export class ResponseHandle extends Fields {
  /** @param {number} status @param {Record<string, any>} headers */
  constructor(status, headers) {
    super(headers);
    this.code = status;
  }

  status() {
    return this.code;
  }

  /** @param {number} status */
  setStatus(status) {
    const isBodiless = (/** @type {number} */ code) => code === 204 || code === 304;
    if (status < 200 || status > 599 || isBodiless(status) !== isBodiless(this.code)) refuse("invalid-value", undefined);
    this.code = status;
  }
}

function check(/** @type {string} */ name, /** @type {Uint8Array} */ value) {
  if (!TOKEN.test(name)) refuse("invalid-name", undefined);
  if (RESERVED.test(name)) refuse("forbidden", undefined);
  const isControl = (/** @type {number} */ byte) => (byte < 0x20 && byte !== 9) || byte === 0x7f;
  if (value.length > 16384 || value.some(isControl)) refuse("invalid-value", undefined);
}
