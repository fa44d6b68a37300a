//! Services: what answers requests in an upstream's place, in this process.
//!
//! The host keeps the exchange: a service is given what it may know of the request, and gives a head and a body that comes part
//! by part. Neither of the two bodies is ever whole, and each may be read on another thread than it is written on.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use crate::{ExchangeId, Fault, FaultKind, RequestHead, ResponseHead, Scheme, WorkerId};

/// A part of a body.
#[derive(Debug)]
pub enum Part {
    /// Of its content.
    Data(Bytes),
    /// What comes behind that; nothing follows.
    Trailers(HeaderMap),
}

/// A body that comes part by part.
pub trait Parts: Send {
    /// The next part; or that there is none, or why not.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Part, FaultKind>>>;

    /// How long it is, if that is known.
    fn length(&self) -> Option<u64>;
}

/// A request, as a service gets it.
pub struct ServiceRequest {
    /// The exchange that it is part of.
    pub exchange: ExchangeId,
    /// The worker of that exchange.
    pub worker: WorkerId,
    /// The client of that exchange.
    pub client: SocketAddr,
    /// The scheme that the client asked for.
    pub scheme: Scheme,
    /// The head.
    pub head: RequestHead,
    /// The body, if there is one.
    pub body: Option<Box<dyn Parts>>,
}

/// What a service answers.
pub struct ServiceAnswer {
    /// The head.
    pub head: ResponseHead,
    /// The body. Dropped before its end, it is not wanted any more.
    pub body: Box<dyn Parts>,
    /// What the answer has cost up to now.
    pub cost: CpuMeter,
}

/// CPU time that is added up by one and looked at by another.
#[derive(Clone, Debug, Default)]
pub struct CpuMeter(Arc<AtomicU64>);

impl CpuMeter {
    /// Adds some.
    pub fn add(&self, cpu: Duration) {
        self.0.fetch_add(u64::try_from(cpu.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// All of it.
    pub fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Relaxed))
    }
}

/// An answer to come, or what is wrong with the service. When it is not waited for any more, it is given up.
pub type ServiceFuture = Pin<Box<dyn Future<Output = Result<ServiceAnswer, Fault>>>>;

/// What answers in an upstream's place.
pub trait Service: Send + Sync {
    /// Its name.
    fn name(&self) -> &Arc<str>;

    /// How long it may take to the head of its answer, while nobody else is waited for.
    fn wall(&self) -> Duration;

    /// Has it answer. To be called, and waited for, on the exchange's worker.
    fn serve(&self, request: ServiceRequest) -> ServiceFuture;

    /// It took longer than it may: the fault that is.
    fn late(&self, exchange: ExchangeId, worker: WorkerId) -> Fault;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_adds_another_sees() {
        let meter = CpuMeter::default();
        let other = meter.clone();
        meter.add(Duration::from_micros(3));
        meter.add(Duration::from_micros(4));
        assert_eq!(other.total(), Duration::from_micros(7));
    }
}
