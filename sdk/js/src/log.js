// Lines in the host's log.

import host from "#host/log";

const writer = (/** @type {string} */ level) => (/** @type {unknown} */ message) => host.write(level, String(message));

export const debug = writer("debug");
export const info = writer("info");
export const warn = writer("warn");
export const error = writer("error");
