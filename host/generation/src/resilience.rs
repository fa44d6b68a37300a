//! What an upstream and a route do about failures: the settings, and what all workers share of the state.
//!
//! What the configuration does not ask for is absent here, and costs a look at an `Option`.

use std::sync::Arc;
use std::time::Duration;

use config::{Backoff, HealthCheck, Portion, Repeatable, RetryOn};
use http::header::{self, HeaderMap};
use model::{Blame, Breaker, BreakerRule, Fault, Gate, GateRule, Reply};
use upkeep::Outliers;

/// What an upstream does about failures.
pub struct Resilience {
    /// How many of its endpoints failures may put out.
    pub max_ejected: Portion,
    /// With fewer healthy endpoints than this, health is not asked.
    pub panic: Portion,
    /// Its active checks.
    pub health: Option<HealthCheck>,
    /// Its ejection of outliers.
    pub outliers: Option<Outliers>,
    /// Its breaker.
    pub breaker: Option<Arc<Breaker>>,
    /// Its limit of requests under way.
    pub queue: Option<Queue>,
}

/// A limit of requests under way, and of those that wait.
#[derive(Clone)]
pub struct Queue {
    /// Where they wait.
    pub gate: Arc<Gate>,
    /// How long they wait at most.
    pub timeout: Duration,
}

impl Resilience {
    /// As the configuration says, with the state that the upstream had if its settings are the same.
    pub fn new(upstream: &config::Upstream, before: Option<&Resilience>) -> Self {
        let breaker = upstream.breaker.map(|breaker| breaker_of(&breaker, before));
        let queue = upstream.concurrency.map(|concurrency| queue_of(&concurrency, before));
        Resilience {
            max_ejected: upstream.max_ejected,
            panic: upstream.panic,
            health: upstream.health.clone(),
            outliers: upstream.outlier.map(|outlier| Outliers::new(&outlier)),
            breaker,
            queue,
        }
    }
}

fn breaker_of(breaker: &config::Breaker, before: Option<&Resilience>) -> Arc<Breaker> {
    let rule = BreakerRule {
        error_percent: breaker.error_rate.in_percent(),
        window: breaker.window,
        min_requests: breaker.min_requests,
        open: breaker.open,
        half_open: breaker.half_open,
    };
    let old = before.and_then(|before| before.breaker.as_ref()).filter(|old| old.rule() == rule);
    old.map_or_else(|| Arc::new(Breaker::new(rule)), Arc::clone)
}

fn queue_of(concurrency: &config::Concurrency, before: Option<&Resilience>) -> Queue {
    let rule = GateRule { inside: concurrency.requests, waiting: concurrency.queue };
    let old = before.and_then(|before| before.queue.as_ref()).filter(|old| old.gate.rule() == rule);
    let gate = old.map_or_else(|| Arc::new(Gate::new(rule)), |old| Arc::clone(&old.gate));
    Queue { gate, timeout: concurrency.queue_timeout }
}

/// When a route's requests are sent again.
pub struct RetryPolicy {
    /// How often at most.
    pub attempts: u32,
    /// After which faults.
    pub on_faults: Vec<RetryOn>,
    /// After which answers.
    pub on_answers: Vec<RetryOn>,
    /// How many there may be for each request that is no retry.
    pub budget: Option<Portion>,
    /// How long to wait before.
    pub backoff: Option<Backoff>,
    /// The longest wait that an answer may ask for, if what it asks for matters.
    pub retry_after: Option<Duration>,
    /// How long an attempt may take.
    pub per_try_timeout: Option<Duration>,
    /// Which requests may be sent twice.
    pub repeatable: Repeatable,
    /// Bytes of a body that are kept to send it again.
    pub replay: usize,
}

impl RetryPolicy {
    /// As the configuration says.
    pub fn new(retries: &config::Retries) -> Self {
        let of_answers = |on: &RetryOn| matches!(on, RetryOn::Status(_) | RetryOn::Grpc(_));
        let (on_answers, on_faults) = retries.on.iter().copied().partition(of_answers);
        RetryPolicy {
            attempts: retries.attempts,
            on_faults,
            on_answers,
            budget: retries.budget,
            backoff: retries.backoff,
            retry_after: retries.retry_after,
            per_try_timeout: retries.per_try_timeout,
            repeatable: retries.repeatable,
            replay: retries.replay,
        }
    }

    /// Whether there is a wait before a request is sent again.
    pub fn may_wait(&self) -> bool {
        self.backoff.is_some() || self.retry_after.is_some()
    }
}

/// What answers when a route's upstream can't.
pub enum Fallback {
    /// The upstream with this index.
    Upstream(usize),
    /// This answer.
    Answer(Reply),
}

impl Fallback {
    /// As the configuration says; `upstream` is where a name leads.
    pub fn new(fallback: &config::Fallback, upstream: impl FnOnce(&str) -> usize) -> Self {
        match fallback {
            config::Fallback::Upstream(name) => Fallback::Upstream(upstream(name)),
            config::Fallback::Answer { status, body, content_type } => {
                let mut fields = HeaderMap::new();
                fields.insert(header::CONTENT_TYPE, content_type.clone());
                let body = bytes::Bytes::copy_from_slice(body.as_bytes());
                Fallback::Answer(Reply { status: *status, fields, body })
            }
        }
    }

    /// Whether such a fault is answered with words of the configuration.
    pub fn is_written_for(&self, fault: &Fault) -> bool {
        matches!(self, Fallback::Answer(_)) && is_answered(fault)
    }
}

/// Whether a fallback answers such a fault at all: the upstream is to blame for it.
pub fn is_answered(fault: &Fault) -> bool {
    fault.kind.blame() == Blame::Upstream
}
