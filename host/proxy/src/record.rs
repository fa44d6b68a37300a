//! Record: the one place that says what became of an exchange, in the counters and in the access log.
//!
//! It is called by the exchange's own drop, so that there is one record of each, whatever happened.

use std::time::{Instant, SystemTime};

use model::{Exchange, Fault, FaultKind, RouteLabel, TlsFacts};
use serde::Serialize;

use crate::access_log::LogBuffer;
use crate::server;
use crate::stats::WorkerStats;
use crate::worker;

/// Writes the record of an exchange that is over.
pub(crate) fn record(exchange: &Exchange) {
    let now = Instant::now();
    let gone = missing_fault(exchange);
    let fault = exchange.fault.as_ref().or(gone.as_ref());
    let on_worker = worker::with_current(|worker| {
        count(&worker.stats, &worker.local().generation.unrouted, exchange, fault, now);
        if worker.log.is_on() {
            worker.log.write(&Line::new(exchange, fault, now));
        }
    });
    if !on_worker {
        elsewhere(exchange, fault, now);
    }
}

/// An exchange that was dropped by a guest's thread: the client left while the guest ran.
fn elsewhere(exchange: &Exchange, fault: Option<&Fault>, now: Instant) {
    let Some((monitor, log)) = server::running() else { return };
    let Some(stats) = monitor.workers.get(usize::from(exchange.worker.0)) else { return };
    count(stats, &monitor.generation().unrouted, exchange, fault, now);
    let log = LogBuffer::new(&log, stats);
    if log.is_on() {
        log.write_at_once(&Line::new(exchange, fault, now));
    }
}

/// An exchange that ends without an answer ended because nobody waited for it any more, or because we failed.
fn missing_fault(exchange: &Exchange) -> Option<Fault> {
    if exchange.answered || exchange.fault.is_some() {
        return None;
    }
    let kind = if std::thread::panicking() { FaultKind::Internal } else { FaultKind::ClientGone };
    Some(kind.into())
}

fn count(
    stats: &WorkerStats,
    unrouted: &RouteLabel,
    exchange: &Exchange,
    fault: Option<&Fault>,
    now: Instant,
) {
    if let Some(fault) = fault {
        stats.fault(fault.kind);
        if fault.kind == FaultKind::Internal {
            stats.panics.add(1);
        }
    }
    let status = status(exchange);
    let duration = now.duration_since(exchange.began);
    match &exchange.route {
        Some(route) => route.count(exchange.worker, status, duration),
        None => unrouted.count(exchange.worker, status, duration),
    }
}

fn status(exchange: &Exchange) -> u16 {
    if exchange.answered { exchange.response.status.as_u16() } else { 0 }
}

/// A line of the access log. The names are part of the product: they are documented in `host/docs/logging.md`.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    id: String,
    client: String,
    method: &'a str,
    host: &'a str,
    path: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    endpoint: Option<&'a str>,
    attempts: u32,
    duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_ms: Option<f64>,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_up: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<Notes<'a>>,
}

/// Of the client's connection, where it is TLS.
#[derive(Serialize)]
struct Tls<'a> {
    version: &'a str,
    cipher: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_fingerprint: Option<&'a str>,
}

impl<'a> From<&'a TlsFacts> for Tls<'a> {
    fn from(facts: &'a TlsFacts) -> Self {
        let client = facts.client.as_ref();
        Tls {
            version: facts.version,
            cipher: facts.cipher,
            server_name: facts.server_name.as_deref(),
            client_subject: client.map(|client| client.subject.as_ref()),
            client_fingerprint: client.map(|client| client.fingerprint.as_ref()),
        }
    }
}

impl<'a> Line<'a> {
    fn new(exchange: &'a Exchange, fault: Option<&'a Fault>, now: Instant) -> Self {
        let began = SystemTime::now()
            .checked_sub(now.duration_since(exchange.began))
            .unwrap_or(SystemTime::UNIX_EPOCH);
        let answered_in =
            exchange.timing.sent.zip(exchange.timing.answered).map(|(s, a)| a.duration_since(s));
        Line {
            time: humantime::format_rfc3339_millis(began).to_string(),
            id: exchange.id.to_string(),
            client: exchange.client.ip().to_canonical().to_string(),
            method: exchange.asked_method().as_str(),
            host: exchange.asked_authority(),
            path: exchange.asked_path_and_query(),
            status: status(exchange),
            route: exchange.route.as_ref().map(|route| route.name.as_ref()),
            upstream: exchange.upstream.as_deref(),
            endpoint: exchange.endpoint.as_ref().map(|endpoint| endpoint.label.as_ref()),
            attempts: exchange.attempts,
            duration_ms: milliseconds(now.duration_since(exchange.began)),
            upstream_ms: answered_in.map(milliseconds),
            bytes: exchange.body_bytes,
            protocol: exchange.protocol.as_deref(),
            bytes_up: exchange.protocol.is_some().then_some(exchange.sent_bytes),
            fault: fault.map(|fault| fault.kind.name()),
            detail: fault.map(|fault| fault.detail.as_ref()).filter(|detail| !detail.is_empty()),
            tls: exchange.tls.as_deref().map(Tls::from),
            notes: (!exchange.notes.is_empty()).then_some(Notes(&exchange.notes)),
        }
    }
}

fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Notes, as an object.
struct Notes<'a>(&'a model::Notes);

impl Serialize for Notes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}
