/**
 * Write Sandgate plugins in JavaScript or TypeScript.
 *
 * A plugin is a module that exports functions by the names of hooks. A hook that is not exported is not asked and costs nothing.
 *
 * ```js
 * export function onResponse(response) {
 *   response.setHeader("x-served-by", "sandgate");
 * }
 * ```
 *
 * | function | gets | gives |
 * | --- | --- | --- |
 * | `onRequest` | `Request` | nothing to go on, or a `Reply` |
 * | `onRequestBody` | `Request`, `Uint8Array` | nothing to keep the body, another body, or a `Reply` |
 * | `onResponse` | `Response` | nothing to go on, or a `Reply` |
 * | `onResponseBody` | `Response`, `Uint8Array` | nothing to keep the body, another body, or a `Reply` |
 * | `onLog` | `Outcome` | nothing |
 * | `route` | `Request` | nothing for the route table, a route's name, or a `Reply` |
 * | `reroute` | `UpstreamFailure` | nothing for the fallback, `{ toUpstream }`, `{ toRoute }`, or a `Reply` |
 * | `onEndpoints` and `pick` | `Endpoint[]`; `Candidates` | nothing; an index, a ranking, or nothing to let the host choose |
 * | `onOutcomes` | `Attempts` | nothing |
 * | `onEndpoints` and `weigh` | `Endpoint[]`; `Loads` | nothing; a weight for each endpoint |
 * | `configure` | the plugin's settings | nothing; an error refuses them with its message |
 * | `describe` | | a `Description` |
 *
 * An error that a hook throws is a line in the host's log and a trap; the plugin's `on_failure` says what becomes of the exchange.
 */

/** A header's value: text is written in UTF-8. */
export type HeaderValue = string | number | Uint8Array;

/** Why a head was not changed. `code` is `invalid-name`, `invalid-value`, `forbidden`, `too-many` or `other`. */
export class HeaderError extends HostError {}

/** The host did not do what it was asked to; `code` is the error's name in the contract. */
export class HostError extends Error {
  constructor(code: string, detail?: string);
  readonly code: string;
  readonly detail?: string;
}

interface Head {
  /** The first value of a field, whatever its name's case; bytes that are no UTF-8 are U+FFFD. */
  header(name: string): string | undefined;
  /** The first value of a field as it is. */
  headerBytes(name: string): Uint8Array | undefined;
  /** All fields in one call, their names in lower case. */
  fields(): Array<[string, string]>;
  /** Sets a field: all values it had are replaced. Throws a `HeaderError` if it may not be set. */
  setHeader(name: string, value: HeaderValue): void;
  /** Adds a value to a field and keeps those it has. */
  appendHeader(name: string, value: HeaderValue): void;
  /** Removes all values of a field. Removing what is not there succeeds. */
  removeHeader(name: string): void;
}

/** The head of the request, as the upstream will get it. It is void when the hook is over. */
export class Request implements Head {
  private constructor();
  /** The method, as `GET`. */
  readonly method: string;
  /** Path and query as they came. Setting it does not change the route, but in `route`. */
  path: string;
  /** Host and port the client asked for; what is set is what the upstream is told in Host. */
  authority: string;
  header(name: string): string | undefined;
  headerBytes(name: string): Uint8Array | undefined;
  fields(): Array<[string, string]>;
  setHeader(name: string, value: HeaderValue): void;
  appendHeader(name: string, value: HeaderValue): void;
  removeHeader(name: string): void;
}

/** The head of the response, as the client will get it. It is void when the hook is over. */
export class Response implements Head {
  private constructor();
  /** The status code, 200 to 599. A change to or from 204 or 304 is refused. */
  status: number;
  header(name: string): string | undefined;
  headerBytes(name: string): Uint8Array | undefined;
  fields(): Array<[string, string]>;
  setHeader(name: string, value: HeaderValue): void;
  appendHeader(name: string, value: HeaderValue): void;
  removeHeader(name: string): void;
}

/** A whole answer made by the plugin. The host writes content-length. */
export class Reply {
  constructor(status: number, parts?: { headers?: Record<string, HeaderValue | HeaderValue[]>; body?: string | Uint8Array });
  readonly status: number;
  readonly headers: Record<string, HeaderValue | HeaderValue[]>;
  readonly body: string | Uint8Array;
}

/** What `onRequest` and `onResponse` give. */
export type Verdict = Reply | void;
/** What `onRequestBody` and `onResponseBody` give. */
export type BodyVerdict = string | Uint8Array | Reply | void;
/** What `route` gives. */
export type Decision = string | Reply | void;
/** What `reroute` gives. */
export type Detour = { toUpstream: string } | { toRoute: string } | Reply | void;
/** What `pick` gives. */
export type Choice = number | number[] | void;

/** What became of an exchange. */
export interface Outcome {
  status: number;
  fault: string | null;
  durationUs: number;
  bodyBytes: number;
  endpoint: string | null;
}

/** What has come of a request so far. */
export interface UpstreamFailure {
  upstream: string;
  fault: string;
  attempts: number;
  repeatable: boolean;
}

/** A place a request can go. */
export interface Endpoint {
  address: string;
  weight: number;
}

/** What a picker may choose from. All lists but the first two have a number for every endpoint. */
export interface Candidates {
  usable: number[];
  tried: number[];
  active: number[];
  weight: number[];
  latencyUs: number[];
}

/** How attempts ended, each at one index of all lists. */
export interface Attempts {
  endpoint: number[];
  status: number[];
  latencyUs: number[];
}

/** What the host knows of an upstream's endpoints. */
export interface Loads {
  active: number[];
  latencyUs: number[];
  failures: number[];
}

/** What the plugin says of itself. What is left out is taken from its package.json. */
export interface Description {
  name?: string;
  version?: string;
  summary?: string;
  metrics?: Metric[];
  /** A JSON Schema that the host holds the settings to. */
  settingsSchema?: object;
}

/** A metric that the plugin counts, with all values that its labels can have. */
export type Metric = { name: string; help: string; labels?: Record<string, string[]> } & (
  | { kind: "counter" | "gauge" }
  | { kind: "histogram"; buckets: number[] }
);

/** Bytes of a text in UTF-8. */
export function bytesOf(value: HeaderValue): Uint8Array;
/** Bytes as text, with U+FFFD for what is no UTF-8. */
export function textOf(bytes: Uint8Array): string;

/** The exchange that the plugin is working for. */
export namespace exchange {
  function id(): string;
  function clientAddress(): string;
  function tlsVersion(): string | undefined;
  function tlsCipher(): string | undefined;
  function tlsServerName(): string | undefined;
  function clientCertificateSubject(): string | undefined;
  function clientCertificateFingerprint(): string | undefined;
  function route(): string | undefined;
  /** The tenant that the route belongs to, if it is somebody's. */
  function tenant(): string | undefined;
  function requestHeader(name: string): string | undefined;
  function requestCookie(name: string): string | undefined;
  function requestPath(): string;
  /** Microseconds. */
  function deadlineLeft(): number | undefined;
  /** Microseconds. */
  function cpuLeft(): number;
  /** Keeps a note for later hooks and the access log; false if there was no room for all of it. */
  function note(name: string, value: string): boolean;
  function noted(name: string): string | undefined;
}

/** Lines in the host's log, marked with the plugin's name and the exchange's id. */
export namespace log {
  function debug(message: unknown): void;
  function info(message: unknown): void;
  function warn(message: unknown): void;
  function error(message: unknown): void;
}

/** The time. */
export namespace clock {
  /** Nanoseconds since an arbitrary instant; never goes back. */
  function monotonic(): number;
  /** Milliseconds since 1970; may jump. */
  function wall(): number;
}

/** Numbers that nobody can guess. */
export namespace random {
  /** At most 4096. */
  function bytes(length: number): Uint8Array;
  /** A whole number below 2 ** 53. */
  function number(): number;
}

/** The trace that the request is part of. */
export namespace trace {
  function traceId(): string | undefined;
  function traceparent(): string | undefined;
  /** Microseconds; nothing as long as the part is not over. */
  function took(part: "total" | "queue" | "connect" | "first-byte" | "upstream"): number | undefined;
  function attribute(name: string, value: string): boolean;
}

/** Values by key that outlive the exchange. Granted by `grants: { kv: { quota: 1MiB } }`. */
export namespace kv {
  interface Entry {
    value: Uint8Array;
    version: number;
  }
  function get(key: string): Entry | undefined;
  function getMany(keys: string[]): Array<Entry | undefined>;
  function set(key: string, value: string | Uint8Array, ttlMs?: number): number;
  function compareAndSet(key: string, expected: number | undefined, value: string | Uint8Array, ttlMs?: number): number;
  function remove(key: string): boolean;
  export { remove as delete };
  function keys(prefix: string, after?: string, limit?: number): string[];
  function usage(): { bytes: number; quota: number; keys: number };
}

/** Numbers that all instances count together. Granted by `grants: { counter: { keys: 1000 } }`. */
export namespace counter {
  function add(key: string, by?: number): number;
  function get(key: string): number | undefined;
  function remove(key: string): boolean;
  export { remove as delete };
}

/** A bucket of tokens for each key. Granted by `grants: { rate_limit: { keys: 10000 } }`. */
export namespace rateLimit {
  interface Bucket {
    burst: number;
    refill: number;
    periodMs: number;
  }
  /** `left` tokens if they were there; else after how many milliseconds they are, `Infinity` for never. */
  function take(key: string, cost: number, bucket: Bucket): { left: number } | { waitMs: number };
}

/** The plugin's own metrics, as `describe` declares them. Granted by `grants: { metrics: { series: 100 } }`. */
export namespace metrics {
  function increment(name: string, labels?: string[], by?: number): void;
  function set(name: string, labels: string[], value: number): void;
  function adjust(name: string, labels: string[], by: number): void;
  function observe(name: string, labels: string[], value: number): void;
}

/** HTTP requests to upstreams of the configuration. Granted by `grants: { callout: [NAME] }`. */
export namespace callout {
  interface Question {
    upstream: string;
    method?: string;
    path?: string;
    authority?: string;
    fields?: Array<[string, string | Uint8Array]>;
    body?: string | Uint8Array;
    timeoutMs?: number;
  }
  interface Answer {
    status: number;
    fields: Array<[string, string]>;
    body: Uint8Array;
  }
  function call(question: Question): Answer;
}
