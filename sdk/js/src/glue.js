// Between the contract's exports and a plugin's functions. The build imports it, plugins don't.

import { Request, Response } from "./head.js";
import * as log from "./log.js";
import { Reply } from "./reply.js";
import { bytesOf } from "./text.js";

/** @typedef {(...parameters: any[]) => any} Hook */

export const onRequest = (/** @type {Hook} */ hook) => ({
  onRequest: guarded((/** @type {any} */ request) => lent(request, (handle) => verdict(hook(new Request(handle))))),
});

export const onRequestBody = (/** @type {Hook} */ hook) => ({
  onRequestBody: guarded((/** @type {any} */ request, /** @type {Uint8Array} */ body) =>
    lent(request, (handle) => bodyVerdict(hook(new Request(handle), body)))),
});

export const onResponse = (/** @type {Hook} */ hook) => ({
  onResponse: guarded((/** @type {any} */ response) => lent(response, (handle) => verdict(hook(new Response(handle))))),
});

export const onResponseBody = (/** @type {Hook} */ hook) => ({
  onResponseBody: guarded((/** @type {any} */ response, /** @type {Uint8Array} */ body) =>
    lent(response, (handle) => bodyVerdict(hook(new Response(handle), body)))),
});

export const onLog = (/** @type {Hook} */ hook) => ({
  onLog: guarded((/** @type {any} */ outcome) => void hook(outcome)),
});

export const router = (/** @type {Hook} */ hook) => ({
  route: guarded((/** @type {any} */ request) => lent(request, (handle) => decision(hook(new Request(handle))))),
});

export const reroute = (/** @type {Hook} */ hook) => ({
  reroute: guarded((/** @type {any} */ failure) => detour(hook(failure))),
});

export const picker = (/** @type {Hook | undefined} */ onEndpoints, /** @type {Hook} */ pick) => ({
  onEndpoints: guarded((/** @type {any} */ endpoints) => void onEndpoints?.(endpoints)),
  pick: guarded((/** @type {any} */ usable, /** @type {any} */ tried, /** @type {any} */ active, /** @type {any} */ weight, /** @type {any} */ latencyUs) =>
    choice(pick({ usable, tried, active, weight, latencyUs }))),
});

export const onOutcomes = (/** @type {Hook} */ hook) => ({
  onOutcomes: guarded((/** @type {any} */ endpoint, /** @type {any} */ status, /** @type {any} */ latencyUs) => void hook({ endpoint, status, latencyUs })),
});

export const weigher = (/** @type {Hook | undefined} */ onEndpoints, /** @type {Hook} */ weigh) => ({
  onEndpoints: guarded((/** @type {any} */ endpoints) => void onEndpoints?.(endpoints)),
  weigh: guarded((/** @type {any} */ active, /** @type {any} */ latencyUs, /** @type {any} */ failures) => weigh({ active, latencyUs, failures })),
});

/**
 * @param {{ name: string, version: string, summary: string }} known what the build knows of the plugin
 * @param {Hook | undefined} describe
 * @param {Hook | undefined} configure
 */
export const plugin = (known, describe, configure) => ({
  describe: () => description({ ...known, ...describe?.() }),
  configure(/** @type {string} */ settings) {
    try {
      configure?.(JSON.parse(settings));
    } catch (error) {
      // An error of this function refuses the settings, with a text.
      throw error instanceof Error ? error.message : String(error);
    }
  },
});

/**
 * What goes wrong in a hook is a line in the host's log, and a trap.
 * @param {Hook} hook
 * @returns {Hook}
 */
function guarded(hook) {
  return (...parameters) => {
    try {
      return hook(...parameters);
    } catch (error) {
      log.error(error instanceof Error ? `${error.name}: ${error.message}` : error);
      throw error;
    }
  };
}

/**
 * A head is given back as soon as the hook is over: in a resident instance it would wait for the garbage collector.
 * @param {any} handle
 * @param {(handle: any) => any} use
 */
function lent(handle, use) {
  try {
    return use(handle);
  } finally {
    handle[Symbol.dispose]?.();
  }
}

function verdict(/** @type {any} */ value) {
  if (value === undefined) return { tag: "continue" };
  return reply(value, "a Reply or nothing");
}

function bodyVerdict(/** @type {any} */ value) {
  if (value === undefined) return { tag: "keep" };
  if (typeof value === "string" || value instanceof Uint8Array) return { tag: "replace", val: bytesOf(value) };
  return reply(value, "a body, a Reply or nothing");
}

function decision(/** @type {any} */ value) {
  if (value === undefined) return { tag: "table" };
  if (typeof value === "string") return { tag: "route", val: value };
  return reply(value, "a route's name, a Reply or nothing");
}

function detour(/** @type {any} */ value) {
  if (value === undefined) return { tag: "fallback" };
  if (typeof value?.toUpstream === "string") return { tag: "to-upstream", val: value.toUpstream };
  if (typeof value?.toRoute === "string") return { tag: "to-route", val: value.toRoute };
  return reply(value, "toUpstream, toRoute, a Reply or nothing");
}

function choice(/** @type {any} */ value) {
  if (value === undefined) return { tag: "fallback" };
  if (typeof value === "number") return { tag: "endpoint", val: value };
  if (Array.isArray(value)) return { tag: "ranking", val: value };
  throw new TypeError("a picker gives an index, a list of them or nothing");
}

function reply(/** @type {any} */ value, /** @type {string} */ expected) {
  if (value instanceof Reply) return { tag: "reply", val: value.toRecord() };
  throw new TypeError(`a hook gives ${expected}`);
}

function description(/** @type {any} */ { name, version, summary, metrics = [], settingsSchema }) {
  const schema = settingsSchema === undefined ? null : JSON.stringify(settingsSchema);
  return { name, version, summary, metrics: metrics.map(metric), settingsSchema: schema };
}

function metric(/** @type {any} */ { name, help, kind, buckets, labels = {} }) {
  const tagged = kind === "histogram" ? { tag: kind, val: buckets } : { tag: kind };
  return { name, help, kind: tagged, labels: Object.entries(labels).map(([name, values]) => ({ name, values })) };
}
