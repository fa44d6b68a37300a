//! What the file says of failures: retries, the circuit breaker, limits of concurrency, fallbacks.

use config::{Portion, RetryOn};
use document::{Field, List};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::scalar::{Size, Time};

/// When a request is sent again.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map such as `{ attempts: 2, on: [connect, reset] }`")]
pub struct Retries {
    /// The most attempts after the first. Default: 2.
    #[schemars(range(max = 10))]
    pub attempts: Field<u64>,
    /// After what. Default: `[connect, reset]`.
    pub on: Field<List<RetryOn>>,
    /// At most this share of an upstream's requests are sent again. Default: no limit.
    pub budget: Field<Portion>,
    /// The wait before a request is sent again. Default: none.
    pub backoff: Field<Backoff>,
    /// The longest wait that an answer may ask for (Retry-After) before its request is sent again; what asks for a longer
    /// one is passed on. Default: nobody is asked.
    pub retry_after: Field<Time>,
    /// The longest time an attempt may take until its answer's head is there, connecting included. Default: no limit but
    /// those of `timeouts`.
    pub per_try_timeout: Field<Time>,
    /// Whether requests that an endpoint may have acted on are sent again whatever their method. Default: `false`.
    pub non_idempotent: Field<bool>,
    /// How much of a body is kept, so that it can be sent again; 0 keeps none. Default: 0.
    pub replay: Field<Size>,
}

/// The wait before a request is sent again: at random, up to a bound that doubles with each attempt.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `base` and `max`")]
pub struct Backoff {
    /// The first bound. Default: `25ms`.
    pub base: Field<Time>,
    /// The highest bound. Default: `250ms`.
    pub max: Field<Time>,
}

/// Leaves an upstream alone for a while when too much of what it is sent fails.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map such as `{ error_rate: 50%, open: 5s }`")]
pub struct Breaker {
    /// It opens when this share of attempts fails. Default: `50%`.
    pub error_rate: Field<Portion>,
    /// The time attempts are counted in. Default: `10s`.
    pub window: Field<Time>,
    /// It does not open before there were so many. Default: 20.
    #[schemars(range(min = 1, max = 100_000))]
    pub min_requests: Field<u64>,
    /// How long nothing is sent. Default: `5s`.
    pub open: Field<Time>,
    /// So many requests are then sent as a trial, and close it if all go well. Default: 3.
    #[schemars(range(min = 1, max = 1000))]
    pub half_open: Field<u64>,
}

/// How many requests an upstream has under way at a time.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map such as `{ requests: 100, queue: 50, queue_timeout: 1s }`")]
pub struct Concurrency {
    /// The most requests under way, over all workers.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub requests: Field<u64>,
    /// The most requests that wait for their turn; 0 lets none wait. Default: 0.
    #[serde(default)]
    #[schemars(range(max = 100_000))]
    pub queue: Field<u64>,
    /// The longest wait. Default: `1s`.
    #[serde(default)]
    pub queue_timeout: Field<Time>,
}

/// What answers when the upstream can't: another upstream, or an answer that is written here.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "`{ upstream: NAME }`, or a map with `status` and `body`")]
pub struct Fallback {
    /// The other upstream.
    pub upstream: Field<String>,
    /// The status of the answer.
    #[schemars(range(min = 200, max = 599))]
    pub status: Field<u64>,
    /// The body of the answer. Default: empty.
    pub body: Field<String>,
    /// The body's media type. Default: `text/plain; charset=utf-8`.
    pub content_type: Field<String>,
}
