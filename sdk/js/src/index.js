// What plugins import. Each interface of the contract is a module of its own: a plugin imports of the host what it calls.

export { Reply } from "./reply.js";
export { Request, Response, HeaderError } from "./head.js";
export { HostError } from "./failure.js";
export { bytesOf, textOf } from "./text.js";
export * as exchange from "./exchange.js";
export * as log from "./log.js";
export * as clock from "./clock.js";
export * as random from "./random.js";
export * as trace from "./trace.js";
export * as kv from "./kv.js";
export * as counter from "./counter.js";
export * as rateLimit from "./rate-limit.js";
export * as metrics from "./metrics.js";
export * as callout from "./callout.js";
