// The trace that the request is part of, and how long what took.

import host from "#host/trace";

export const traceId = () => host.traceId() ?? undefined;
export const traceparent = () => host.traceparent() ?? undefined;
export const took = (/** @type {string} */ part) => host.took(part) ?? undefined;
export const attribute = (/** @type {string} */ name, /** @type {string} */ value) => host.attribute(name, String(value));
