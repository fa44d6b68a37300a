//! Failures: retries, the circuit breaker, limits of concurrency, fallbacks.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, StatusCode};

use crate::scalar::{Portion, RetryOn};

/// When a request is sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retries {
    /// The most attempts after the first.
    pub attempts: u32,
    /// After what.
    pub on: Vec<RetryOn>,
    /// At most this share of an upstream's requests are sent again.
    pub budget: Option<Portion>,
    /// The wait before a request is sent again.
    pub backoff: Option<Backoff>,
    /// The longest wait that an answer may ask for; none if what it asks for doesn't matter.
    pub retry_after: Option<Duration>,
    /// The longest time an attempt may take until its answer's head is there.
    pub per_try_timeout: Option<Duration>,
    /// Which requests may be sent again though the endpoint may have acted on them.
    pub repeatable: Repeatable,
    /// Bytes of a body that are kept, so that it can be sent again.
    pub replay: usize,
}

/// Which requests may be sent again though the endpoint may have acted on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeatable {
    /// Those of which two have the effect of one (RFC 9110 section 9.2.2).
    Idempotent,
    /// All: the user knows that the endpoints can bear it.
    All,
}

impl Default for Retries {
    fn default() -> Self {
        Retries {
            attempts: 2,
            on: vec![RetryOn::Connect, RetryOn::Reset],
            budget: None,
            backoff: None,
            retry_after: None,
            per_try_timeout: None,
            repeatable: Repeatable::Idempotent,
            replay: 0,
        }
    }
}

/// The wait before a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first bound of the wait; it doubles with each attempt.
    pub base: Duration,
    /// The highest bound; not below `base`.
    pub max: Duration,
}

/// Leaves an upstream alone for a while when too much of what it is sent fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// It opens when this share of attempts fails.
    pub error_rate: Portion,
    /// The time attempts are counted in.
    pub window: Duration,
    /// It does not open before there were so many.
    pub min_requests: u32,
    /// How long nothing is sent.
    pub open: Duration,
    /// So many requests are then sent as a trial; at least 1.
    pub half_open: u32,
}

/// How many requests an upstream has under way at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// The most requests under way, over all workers.
    pub requests: u32,
    /// The most requests that wait.
    pub queue: u32,
    /// The longest wait.
    pub queue_timeout: Duration,
}

/// What answers when the upstream can't.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// This upstream; it exists.
    Upstream(Arc<str>),
    /// This answer.
    Answer {
        /// Its status.
        status: StatusCode,
        /// Its body.
        body: Arc<str>,
        /// The body's media type.
        content_type: HeaderValue,
    },
}
