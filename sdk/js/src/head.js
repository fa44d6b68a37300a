// Heads of requests and responses, over the resources of the contract.

import { ask, HostError } from "./failure.js";
import { bytesOf, textOf } from "./text.js";

/** A head was not changed; it is as it was before the call. */
export class HeaderError extends HostError {
  /**
   * @param {string} code
   * @param {string} [detail]
   */
  constructor(code, detail) {
    super(code, detail);
    this.name = "HeaderError";
  }
}

class Head {
  /** @param {any} handle the resource */
  constructor(handle) {
    this.handle = handle;
  }

  /** @param {string} name */
  header(name) {
    const value = this.handle.header(name);
    return value == null ? undefined : textOf(value);
  }

  /** @param {string} name */
  headerBytes(name) {
    return this.handle.header(name) ?? undefined;
  }

  fields() {
    return this.handle.fields().map((/** @type {[string, Uint8Array]} */ [name, value]) => [name, textOf(value)]);
  }

  /**
   * @param {string} name
   * @param {string | number | Uint8Array} value
   */
  setHeader(name, value) {
    ask(() => this.handle.setHeader(name, bytesOf(value)), HeaderError);
  }

  /**
   * @param {string} name
   * @param {string | number | Uint8Array} value
   */
  appendHeader(name, value) {
    ask(() => this.handle.appendHeader(name, bytesOf(value)), HeaderError);
  }

  /** @param {string} name */
  removeHeader(name) {
    ask(() => this.handle.removeHeader(name), HeaderError);
  }
}

/** The head of the request, as the upstream will get it. */
export class Request extends Head {
  get method() {
    return this.handle.method();
  }

  get path() {
    return this.handle.path();
  }

  set path(path) {
    ask(() => this.handle.setPath(path), HeaderError);
  }

  get authority() {
    return this.handle.authority();
  }

  set authority(authority) {
    ask(() => this.handle.setAuthority(authority), HeaderError);
  }
}

/** The head of the response, as the client will get it. */
export class Response extends Head {
  get status() {
    return this.handle.status();
  }

  set status(status) {
    ask(() => this.handle.setStatus(status), HeaderError);
  }
}
