//! What an attempt says of its endpoint and its upstream.

use std::time::{Duration, Instant};

use generation::Upstream;
use model::{Attempted, Blame, Endpoint, Impression, Pass, ms_at};
use outbound::{Answer, SendFailure};
use upkeep::has_room;

use crate::exchange::send::trials::Trials;
use crate::local::{Local, LocalUpstream};

/// What a failure counts as, at least, where latency decides: an endpoint that refuses quickly is no fast one.
const FAILURE_LATENCY: Duration = Duration::from_secs(1);

/// Takes note of how an attempt ended. What the client caused, and a connection that was only stale, says nothing.
pub(super) fn note(
    local: &Local,
    upstream: &LocalUpstream,
    at: u32,
    sent: &Result<Answer, Box<SendFailure>>,
    sent_at: Option<Instant>,
    trials: &Trials,
    pass: Option<Pass<'_>>,
) {
    let Some(endpoint) = upstream.shared.endpoints.get(at as usize) else { return };
    let impression = match sent {
        Ok(answer) => {
            endpoint.health.succeeded();
            note_latency(endpoint, sent_at, Duration::ZERO);
            Impression::of_status(answer.status().as_u16())
        }
        Err(failure) => {
            if !is_the_endpoints(failure, trials) {
                return;
            }
            note_latency(endpoint, sent_at, FAILURE_LATENCY);
            mark(&upstream.shared, endpoint, failure);
            Impression::Gateway
        }
    };
    if upstream.balancer.learns() {
        teach(local, upstream, at, sent, sent_at);
    }
    weigh(&upstream.shared, endpoint, impression);
    if let Some(pass) = pass {
        settle(&upstream.shared, pass, impression);
    }
}

/// Tells the balancer.
fn teach(
    local: &Local,
    upstream: &LocalUpstream,
    at: u32,
    sent: &Result<Answer, Box<SendFailure>>,
    sent_at: Option<Instant>,
) {
    let now = Instant::now();
    let took = sent_at.map_or(Duration::ZERO, |sent_at| now.duration_since(sent_at));
    let status = sent.as_ref().ok().map(Answer::status);
    upstream.balancer.learn(Attempted { worker: local.worker, at, status, took, now_ms: ms_at(now) });
}

/// Keeps how long an endpoint took, where its upstream's policy wants to know.
fn note_latency(endpoint: &Endpoint, sent_at: Option<Instant>, least: Duration) {
    if let (Some(latency), Some(sent_at)) = (&endpoint.standing.latency, sent_at) {
        let now = Instant::now();
        latency.observe(now.duration_since(sent_at).max(least), ms_at(now));
    }
}

fn is_the_endpoints(failure: &SendFailure, trials: &Trials) -> bool {
    failure.fault.kind.blame() == Blame::Upstream && trials.client_fault().is_none() && !failure.stale
}

fn mark(upstream: &Upstream, endpoint: &Endpoint, failure: &SendFailure) {
    let now = ms_at(Instant::now());
    let may_mark = || has_room(&upstream.endpoints, upstream.resilience.max_ejected, now);
    if endpoint.health.failed_if(now, may_mark) {
        tracing::warn!(endpoint = %endpoint.label, fault = %failure.fault, "endpoint marked as failed");
    }
}

fn weigh(upstream: &Upstream, endpoint: &Endpoint, impression: Impression) {
    let Some(outliers) = &upstream.resilience.outliers else { return };
    if let Some(why) = endpoint.health.see(&outliers.rule, impression) {
        outliers.eject(&upstream.endpoints, endpoint, why, ms_at(Instant::now()));
    }
}

fn settle(upstream: &Upstream, pass: Pass<'_>, impression: Impression) {
    let now = ms_at(Instant::now());
    match impression {
        Impression::Good => {
            if pass.succeeded(now) {
                tracing::info!(upstream = %upstream.name, "breaker closed");
            }
        }
        Impression::Error | Impression::Gateway => {
            if pass.failed(now) {
                tracing::warn!(upstream = %upstream.name, "breaker opened");
            }
        }
    }
}
