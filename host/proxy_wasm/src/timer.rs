//! What wakes a VM beside exchanges: timers, answers to callouts, and queues. Each is a task of the VM's worker, which does
//! nothing once the VM is gone.

use std::sync::{Arc, Weak};
use std::time::Duration;

use accounts::{CalloutResult, Hook};
use model::CalloutFuture;
use tokio::task::AbortHandle;

use super::booking::book;
use super::job::{Answer, Done, Event, Job, StreamPart};
use super::place::Place;
use super::talk::Hearing;

/// The shortest period of ticks: a module that asks for less would keep its worker busy.
const SHORTEST_TICK: Duration = Duration::from_millis(10);

/// Ticks for a VM in this period, until another is set.
pub(super) fn tick(place: &Weak<Place>, vm: u64, number: u64, period: Duration) {
    let Some(runtime) = place.upgrade().and_then(|place| place.runtime.clone()) else { return };
    let place = Weak::clone(place);
    let period = period.max(SHORTEST_TICK);
    runtime.spawn(async move {
        loop {
            tokio::time::sleep(period).await;
            let Some(place) = place.upgrade() else { return };
            if !tell(&place, vm, Event::Tick(number)).await {
                return;
            }
        }
    });
}

/// Waits for an answer on behalf of a VM.
pub(super) fn answer(place: &Arc<Place>, vm: u64, token: u32, answer: CalloutFuture) -> Option<AbortHandle> {
    let runtime = place.runtime.as_ref()?;
    let place = Arc::downgrade(place);
    let task = runtime.spawn(async move {
        let answer = answer.await;
        let Some(place) = place.upgrade() else { return };
        place.plugin.stats.of(place.worker).called_out(CalloutResult::of(&answer));
        // Not part of this task, which the VM gives up when it knows the answer.
        tokio::spawn(
            async move { tell(&place, vm, Event::Answer { token, answer: Box::new(answer) }).await },
        );
    });
    Some(task.abort_handle())
}

/// Hears a stream on behalf of a VM, part by part.
pub(super) fn hear(place: &Arc<Place>, vm: u64, token: u32, mut hearing: Hearing) -> Option<AbortHandle> {
    let runtime = place.runtime.as_ref()?;
    let place = Arc::downgrade(place);
    let task = runtime.spawn(async move {
        loop {
            let part = hearing.next().await;
            let Some(place) = place.upgrade() else { return };
            if let StreamPart::End(outcome) = &part {
                place.plugin.stats.of(place.worker).called_out(outcome.result());
                tokio::spawn(async move { tell(&place, vm, Event::Stream { token, part }).await });
                return;
            }
            if !tell(&place, vm, Event::Stream { token, part }).await {
                return;
            }
        }
    });
    Some(task.abort_handle())
}

/// Tells a VM that something is in a queue.
pub(super) fn queue(place: &Weak<Place>, vm: u64, queue: u32) {
    let Some(place) = place.upgrade() else { return };
    let Some(runtime) = place.runtime.clone() else { return };
    runtime.spawn(async move { tell(&place, vm, Event::Queue(queue)).await });
}

/// Tells a VM what has happened. Whether it is there, and as well as before.
async fn tell(place: &Arc<Place>, vm: u64, event: Event) -> bool {
    let Done { result, cost, .. } = place.run(Job::Event { vm, event }).await;
    if matches!(result, Ok(Answer::Nobody)) {
        return false;
    }
    book(place, Hook::OnEvent, None, &cost);
    match result {
        Ok(_) => true,
        Err(failure) => {
            place.plugin.report_event(place.worker, &failure);
            false
        }
    }
}
