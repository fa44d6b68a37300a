// A host for tests, outside of WebAssembly.

import { Request, Response } from "./head.js";
import { RequestHandle, ResponseHandle } from "./mock/heads.js";
import { state } from "./mock/state.js";

export { reset } from "./mock/state.js";

/** @param {{ method?: string, path?: string, authority?: string, headers?: Record<string, any> }} [parts] */
export const request = ({ method = "GET", path = "/", authority = "test.example", headers = {} } = {}) =>
  new Request(new RequestHandle(method, path, authority, headers));

/** @param {{ status?: number, headers?: Record<string, any> }} [parts] */
export const response = ({ status = 200, headers = {} } = {}) => new Response(new ResponseHandle(status, headers));

export const setExchange = (/** @type {Record<string, any>} */ facts) => void Object.assign(state.exchange, facts);
export const setRequestHeader = (/** @type {string} */ name, /** @type {string} */ value) => void (state.headers[name.toLowerCase()] = value);
/** @param {{ monotonic?: number, wall?: number }} now */
export const setClock = (now) => void Object.assign(state.now, now);
export const setTrace = (/** @type {any} */ trace) => void (state.trace = trace);
export const answerRateLimit = (/** @type {any} */ answer) => void (state.rate = answer);
export const answerCallout = (/** @type {any} */ answer) => void (state.callout = answer);
export const notes = () => Object.fromEntries(state.notes);
export const logged = () => state.logged.slice();
export const counted = () => state.counted.slice();
