//! What a guest that answers a request has used, told while it runs: its call may last as long as its answer's body.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Poll;
use std::time::Duration;

use lane::{begin_slice, end_slice};
use model::{CpuMeter, Tenant};

use crate::failure::CpuLimit;

/// What such a guest has used.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    /// CPU time.
    pub cpu: CpuMeter,
    /// Whether it has waited for something since this was last asked.
    has_waited: Arc<AtomicBool>,
}

impl Meter {
    /// Whether it has waited for something since this was last asked.
    pub fn take_waited(&self) -> bool {
        self.has_waited.swap(false, Relaxed)
    }
}

/// On whose account a guest computes, and how much it may.
pub struct Metering {
    /// Where it is counted.
    pub meter: Meter,
    /// The CPU time that it may use.
    pub limit: Duration,
    /// Whose time it is as well.
    pub tenant: Option<Arc<Tenant>>,
}

/// Runs a guest's future, books the time it holds its thread, beyond what ticks have booked, and ends it at its limit.
pub async fn metered_by_poll<T>(
    metering: Metering,
    future: impl Future<Output = wasmtime::Result<T>>,
) -> wasmtime::Result<T> {
    let Metering { meter, limit, tenant } = metering;
    let mut future = pin!(future);
    std::future::poll_fn(|cx| {
        lane::note_resumed();
        begin_slice();
        let polled = future.as_mut().poll(cx);
        let slice = end_slice();
        meter.cpu.add(slice);
        if let Some(tenant) = &tenant {
            tenant.computed(slice);
        }
        if polled.is_pending() && !lane::was_interrupted() {
            meter.has_waited.store(true, Relaxed);
        }
        if polled.is_pending() && meter.cpu.total() > limit {
            return Poll::Ready(Err(wasmtime::Error::new(CpuLimit)));
        }
        polled
    })
    .await
}
