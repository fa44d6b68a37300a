/** A host for tests, outside of WebAssembly: heads that are built, facts that are set, and what was logged, noted and counted. */

import type { HeaderValue, Request, Response } from "./index.js";

type Headers = Record<string, HeaderValue | HeaderValue[]>;

/** A request; what may not be set is refused as by the host. */
export function request(parts?: { method?: string; path?: string; authority?: string; headers?: Headers }): Request;
/** A response. */
export function response(parts?: { status?: number; headers?: Headers }): Response;
/** Forgets all that was set and seen. */
export function reset(): void;
/** Sets facts of the exchange: `{ route: "blog" }`. */
export function setExchange(facts: Record<string, string | number | undefined>): void;
/** Sets a field of the request for hooks that are not given it. */
export function setRequestHeader(name: string, value: string): void;
/** Sets the clocks, which stand still: nanoseconds and milliseconds. */
export function setClock(now: { monotonic?: number; wall?: number }): void;
/** Sets the trace that the request is part of. */
export function setTrace(trace: { id?: string; parent?: string; took?: Record<string, number> }): void;
/** Says what a rate limit answers; at first tokens are always there. */
export function answerRateLimit(answer: (key: string, cost: number) => { tag: "taken" | "wait"; val: number } | { tag: "never" }): void;
/** Says what a callout answers; at first none is granted. */
export function answerCallout(answer: (question: any) => { status: number; fields: Array<[string, Uint8Array]>; body: Uint8Array }): void;
/** The notes of the exchange. */
export function notes(): Record<string, string>;
/** Levels and lines, oldest first. */
export function logged(): Array<[string, string]>;
/** What was counted, oldest first. */
export function counted(): Array<{ name: string; labels: string[]; number: number }>;
