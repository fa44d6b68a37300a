//! Health of endpoints: active checks, and ejection of outliers.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, uri::PathAndQuery};

use crate::scalar::{Portion, Statuses};

/// Checks that ask endpoints themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// How an endpoint is asked.
    pub question: HealthQuestion,
    /// The port to ask at; the endpoint's own when there is none.
    pub port: Option<u16>,
    /// The time between two checks.
    pub interval: Duration,
    /// At most this share of the interval is added to it at random.
    pub jitter: Portion,
    /// The longest time a check may take.
    pub timeout: Duration,
    /// So many good answers in a row make an endpoint healthy again; at least 1.
    pub healthy_after: u32,
    /// So many bad ones in a row make it unhealthy; at least 1.
    pub unhealthy_after: u32,
    /// What an endpoint counts as before its first check.
    pub initial: InitialHealth,
}

/// How an endpoint is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthQuestion {
    /// By opening a connection.
    Tcp,
    /// By an HTTP request.
    Http {
        /// The method.
        method: Method,
        /// What is asked for.
        path: PathAndQuery,
        /// The Host field's value; the endpoint's host and port when there is none.
        host: Option<HeaderValue>,
        /// Good statuses; at least one.
        statuses: Vec<Statuses>,
        /// What a good body has in it.
        body: Option<Arc<str>>,
    },
    /// By `grpc.health.v1.Health/Check`.
    Grpc {
        /// The service that is asked about; empty for the server as a whole.
        service: Arc<str>,
        /// The authority; the endpoint's host and port when there is none.
        host: Option<HeaderValue>,
    },
}

/// What an endpoint counts as before its first check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialHealth {
    /// It gets requests.
    Healthy,
    /// It gets none until it has passed one check.
    Unhealthy,
}

/// Taking out endpoints whose answers are worse than they should be. The semantics are Envoy's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outlier {
    /// So many answers of 5xx, or failures, in a row; 0 never ejects.
    pub consecutive_5xx: u32,
    /// So many answers of 502, 503 and 504, or failures, in a row; 0 never ejects.
    pub consecutive_gateway: u32,
    /// Compares the endpoints' shares of good answers.
    pub success_rate: Option<SuccessRate>,
    /// How often endpoints are compared.
    pub interval: Duration,
    /// The first ejection's time.
    pub base_ejection: Duration,
    /// The longest ejection; not shorter than `base_ejection`.
    pub max_ejection: Duration,
    /// At most this share of the endpoints is out; one always may be.
    pub max_ejected: Portion,
}

/// When an endpoint's share of good answers is too far below the others'.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SuccessRate {
    /// Nothing is done with fewer endpoints that had enough requests.
    pub min_hosts: u32,
    /// What counts as enough, in an interval.
    pub min_requests: u32,
    /// How many standard deviations below the mean.
    pub stdev_factor: f64,
}
