//! Where a guest sits between calls: with its exchange, or, if it is resident, with its worker.

use std::sync::Arc;

use model::{Exchange, PluginFault, WorkerId};
use tokio::sync::{Mutex, MutexGuard};
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Lift, Lower};

use crate::context::Phase;
use crate::failure::Failure;
use crate::guest::Guest;
use crate::plugin::Shared;

/// A guest's place.
pub(crate) enum Seat {
    /// It belongs to one exchange; made when its first hook is called.
    Exchange(Option<Guest>),
    /// It belongs to a worker; exchanges take turns.
    Worker(Arc<Residents>),
}

/// One place for each worker.
pub(crate) struct Residents(Box<[Place]>);

/// A place that calls take turns at.
#[derive(Default)]
pub(crate) struct Place(Mutex<Option<Guest>>);

impl Residents {
    pub(crate) fn new(workers: usize) -> Self {
        Residents((0..workers.max(1)).map(|_| Place::default()).collect())
    }

    fn of(&self, worker: WorkerId) -> Option<&Place> {
        self.0.get(usize::from(worker.0))
    }
}

impl Place {
    /// Waits for its turn, no longer than a guest of the plugin may take.
    pub(crate) async fn turn(&self, plugin: &Shared) -> Result<MutexGuard<'_, Option<Guest>>, Failure> {
        if let Ok(turn) = self.0.try_lock() {
            return Ok(turn);
        }
        tokio::time::timeout(plugin.limits.wall, self.0.lock()).await.map_err(|_| Failure {
            fault: PluginFault::Wall,
            detail: "waited too long for the worker's resident instance".to_owned(),
        })
    }
}

/// Which hook of which plugin to call.
pub(crate) struct Call<'a> {
    pub(crate) plugin: &'a Arc<Shared>,
    pub(crate) hook: &'a ComponentExportIndex,
    pub(crate) phase: Phase,
}

impl Seat {
    /// Calls a hook of the guest that sits here, which is made if there is none, and dropped if it fails.
    pub(crate) async fn call<P, R>(
        &mut self,
        call: Call<'_>,
        exchange: Box<Exchange>,
        params: impl FnOnce(u32, &mut Exchange) -> P,
    ) -> (Box<Exchange>, Result<R, Failure>)
    where
        P: ComponentNamedList + Lower + Send + Sync,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let residents = match self {
            Seat::Exchange(guest) => return call_in(guest, call, exchange, params).await,
            Seat::Worker(residents) => residents,
        };
        let Some(place) = residents.of(exchange.worker) else {
            return (exchange, Err(Failure::invalid("no such worker")));
        };
        match place.turn(call.plugin).await {
            Ok(mut guest) => {
                guest.iter_mut().for_each(Guest::renew);
                call_in(&mut guest, call, exchange, params).await
            }
            Err(failure) => (exchange, Err(failure)),
        }
    }
}

/// Calls a hook of a guest, which is made if there is none. One that failed, or whose call was abandoned half-way
/// because the client left, is not put back: nobody can say what state it is in.
pub(crate) async fn call_in<P, R>(
    place: &mut Option<Guest>,
    call: Call<'_>,
    exchange: Box<Exchange>,
    params: impl FnOnce(u32, &mut Exchange) -> P,
) -> (Box<Exchange>, Result<R, Failure>)
where
    P: ComponentNamedList + Lower + Send + Sync,
    R: ComponentNamedList + Lift + Send + Sync + 'static,
{
    let stats = call.plugin.stats.of(exchange.worker);
    let mut guest = match place.take() {
        Some(guest) => guest,
        None => match Guest::new(call.plugin).await {
            Ok(guest) => guest,
            Err(failure) => {
                stats.failed(failure.fault);
                return (exchange, Err(failure));
            }
        },
    };
    let (exchange, answer) = guest.call_for(exchange, call.phase, call.hook, params).await;
    stats.called(guest.take_cpu());
    match &answer {
        Ok(_) => *place = Some(guest),
        Err(failure) => stats.failed(failure.fault),
    }
    (exchange, answer)
}
