//! What the file says of endpoints' health: active checks, and ejection of outliers.

use config::{Portion, Statuses};
use document::{Field, List};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::scalar::Time;

/// Checks that ask endpoints themselves.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map such as `{ path: /healthz, interval: 5s }`")]
pub struct HealthCheck {
    /// How the endpoint is asked. Default: `http`.
    #[serde(rename = "type")]
    pub kind: Field<HealthKind>,
    /// What is asked for, with `http`. Default: `/`.
    pub path: Field<String>,
    /// The method, `GET`, `HEAD` or `OPTIONS`, with `http`. Default: `GET`.
    pub method: Field<String>,
    /// The Host field's value, with `http`; the authority, with `grpc`. Default: the endpoint's own host and port.
    pub host: Field<String>,
    /// The service that is asked about, with `grpc`. Default: the server as a whole.
    pub service: Field<String>,
    /// The port to ask at. Default: the endpoint's own.
    #[schemars(range(min = 1, max = 65_535))]
    pub port: Field<u64>,
    /// What is a good answer, with `http`.
    pub expect: Field<Expect>,
    /// The time between two checks. Default: `5s`.
    pub interval: Field<Time>,
    /// At most this share of the interval is added to it at random, so that checks don't fall together. Default: `10%`.
    pub jitter: Field<Portion>,
    /// The longest time a check may take. Default: `1s`.
    pub timeout: Field<Time>,
    /// So many good answers in a row make an endpoint healthy again. Default: 2.
    #[schemars(range(min = 1, max = 100))]
    pub healthy_after: Field<u64>,
    /// So many bad ones in a row make it unhealthy. Default: 3.
    #[schemars(range(min = 1, max = 100))]
    pub unhealthy_after: Field<u64>,
    /// What an endpoint counts as before its first check. Default: `healthy`.
    pub initial: Field<InitialHealth>,
}

/// How an endpoint is asked.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `http`, `tcp` and `grpc`")]
pub enum HealthKind {
    /// By an HTTP request.
    Http,
    /// By opening a connection.
    Tcp,
    /// By `grpc.health.v1.Health/Check`.
    Grpc,
}

/// What an endpoint counts as before its first check.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "`healthy` or `unhealthy`")]
pub enum InitialHealth {
    /// It gets requests.
    Healthy,
    /// It gets none until it has passed one check.
    Unhealthy,
}

/// A good answer.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map with `status` and `body`")]
pub struct Expect {
    /// It has one of these statuses. Default: `[200-399]`.
    pub status: Field<List<Statuses>>,
    /// Its body has this text among its first 64 KiB.
    pub body: Field<String>,
}

/// Taking out endpoints whose answers are worse than they should be.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map such as `{ consecutive_5xx: 5 }`")]
pub struct Outlier {
    /// So many answers of 5xx, or failures, in a row; 0 never ejects. Default: 5.
    #[schemars(range(max = 10_000))]
    pub consecutive_5xx: Field<u64>,
    /// So many answers of 502, 503 and 504, or failures, in a row; 0 never ejects. Default: 0.
    #[schemars(range(max = 10_000))]
    pub consecutive_gateway: Field<u64>,
    /// Compares the endpoints' shares of good answers. Default: not done.
    pub success_rate: Field<SuccessRate>,
    /// How often endpoints are compared, and ejected ones are looked at. Default: `10s`.
    pub interval: Field<Time>,
    /// The first ejection's time; the next in a row lasts twice as long, and so on. Default: `30s`.
    pub base_ejection: Field<Time>,
    /// The longest ejection. Default: `300s`.
    pub max_ejection: Field<Time>,
    /// At most this share of the endpoints is out; one always may be. Default: `10%`.
    pub max_ejected: Field<Portion>,
}

/// When an endpoint's share of good answers is too far below the others'.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a map with `min_hosts`, `min_requests` and `stdev_factor`"
)]
pub struct SuccessRate {
    /// Nothing is done with fewer endpoints that had enough requests. Default: 5.
    #[schemars(range(min = 2, max = 10_000))]
    pub min_hosts: Field<u64>,
    /// What counts as enough, in an interval. Default: 100.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub min_requests: Field<u64>,
    /// How many standard deviations below the mean. Default: 1.9.
    #[schemars(range(min = 0.1, max = 100.0))]
    pub stdev_factor: Field<f64>,
}
