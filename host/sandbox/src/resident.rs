//! Where a guest sits between calls: with its exchange, or, if it is resident, with its worker.

use std::sync::Arc;
use std::time::{Duration, Instant};

use accounts::{Cost, Hook};
use model::{Exchange, PluginFault, WorkerId};
use tokio::sync::{Mutex, MutexGuard};
use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Lift, Lower};

use crate::context::Phase;
use crate::failure::Failure;
use crate::guest::Guest;
use crate::shared::Shared;

/// A guest's place.
pub enum Seat {
    /// It belongs to one exchange; made when its first hook is called.
    Exchange(Option<Guest>),
    /// It belongs to a worker; exchanges take turns.
    Worker(Arc<Residents>),
}

/// One place for each worker.
pub struct Residents(Box<[Place]>);

/// A place that calls take turns at.
#[derive(Default)]
pub struct Place(Mutex<Option<Guest>>);

impl Residents {
    /// With nobody there yet.
    pub fn new(workers: usize) -> Self {
        Residents((0..workers.max(1)).map(|_| Place::default()).collect())
    }

    fn of(&self, worker: WorkerId) -> Option<&Place> {
        self.0.get(usize::from(worker.0))
    }
}

impl Place {
    /// Its turn, if nobody else has it.
    pub fn free(&self) -> Option<MutexGuard<'_, Option<Guest>>> {
        self.0.try_lock().ok()
    }

    /// Waits for its turn, no longer than a guest of the plugin may take.
    pub async fn turn(&self, plugin: &Shared) -> Result<MutexGuard<'_, Option<Guest>>, Failure> {
        if let Some(turn) = self.free() {
            return Ok(turn);
        }
        tokio::time::timeout(plugin.spec.limits.wall, self.0.lock()).await.map_err(|_| {
            Failure::new(PluginFault::Wall, "waited too long for the worker's resident instance")
        })
    }
}

/// Which hook of which plugin to call.
pub struct Call<'a> {
    /// The plugin.
    pub plugin: &'a Arc<Shared>,
    /// The export.
    pub hook: &'a ComponentExportIndex,
    /// Which heads it may touch.
    pub phase: Phase,
    /// What it is called in the books.
    pub kind: Hook,
}

/// An exchange that a hook was called for, and what it answered.
pub type Called<R> = (Box<Exchange>, Result<R, Failure>);

impl Seat {
    /// Calls a hook of the guest that sits here, which is made if there is none, and dropped if it fails.
    pub async fn call<P, R>(
        &mut self,
        call: Call<'_>,
        exchange: Box<Exchange>,
        params: impl FnOnce(u32) -> P + Send + 'static,
    ) -> Called<R>
    where
        P: ComponentNamedList + Lower + Send + Sync + 'static,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let residents = match self {
            Seat::Exchange(guest) => return call_in(guest, call, exchange, Duration::ZERO, params).await,
            Seat::Worker(residents) => residents,
        };
        let Some(place) = residents.of(exchange.worker) else { return (exchange, Err(no_place())) };
        let began = Instant::now();
        match place.turn(call.plugin).await {
            Ok(mut guest) => {
                guest.iter_mut().for_each(Guest::renew);
                call_in(&mut guest, call, exchange, began.elapsed(), params).await
            }
            Err(failure) => (exchange, Err(failure)),
        }
    }

    /// The same, straight; gives the exchange back where the call would have to wait, or the plugin is too slow.
    pub fn call_straight<P, R>(
        &mut self,
        call: Call<'_>,
        exchange: Box<Exchange>,
        params: impl FnOnce(u32) -> P,
    ) -> Result<Called<R>, Box<Exchange>>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift + 'static,
    {
        if !call.plugin.goes_straight() {
            return Err(exchange);
        }
        let residents = match self {
            Seat::Exchange(guest) => return Ok(call_straight_in(guest, call, exchange, params)),
            Seat::Worker(residents) => residents,
        };
        let Some(mut guest) = residents.of(exchange.worker).and_then(Place::free) else {
            return Err(exchange);
        };
        guest.iter_mut().for_each(Guest::renew);
        Ok(call_straight_in(&mut guest, call, exchange, params))
    }
}

fn no_place() -> Failure {
    Failure::invalid("no place for a resident instance on this worker")
}

/// Calls a hook of a guest, which is made if there is none: in the slow lane or, if it only waits for answers, here. So long it
/// has waited already, which is taken from the time that it has. One that failed, or whose call was abandoned half-way because the client left, is not put back: nobody can say what state it
/// is in.
pub async fn call_in<P, R>(
    place: &mut Option<Guest>,
    call: Call<'_>,
    exchange: Box<Exchange>,
    waited: Duration,
    params: impl FnOnce(u32) -> P + Send + 'static,
) -> Called<R>
where
    P: ComponentNamedList + Lower + Send + Sync + 'static,
    R: ComponentNamedList + Lift + Send + Sync + 'static,
{
    if let Err(failure) = call.plugin.admit(call.kind) {
        return (exchange, Err(failure));
    }
    let (plugin, hook, phase, guest) = (Arc::clone(call.plugin), *call.hook, call.phase, place.take());
    let wall = guest.as_ref().map_or(plugin.spec.limits.wall, Guest::wall_left).saturating_sub(waited);
    let calling = async move {
        let made = match guest {
            Some(guest) => Ok(guest),
            None => Guest::new(&plugin).await,
        };
        let mut guest = match made {
            Ok(guest) => guest,
            Err(failure) => return (None, exchange, Err(failure)),
        };
        let (exchange, answer) = guest.call_for(exchange, phase, &hook, params).await;
        (Some(guest), exchange, answer)
    };
    let (guest, mut exchange, answer) = match call.plugin.stays_on_worker() {
        true => Box::pin(calling).await,
        false => slowly(call.plugin, wall, calling).await,
    };
    match (guest, &answer) {
        (Some(guest), _) => put_back(place, guest, &call, &mut exchange, answer.is_ok()),
        (None, Err(failure)) => book_attempt(&call, &mut exchange, failure),
        (None, Ok(_)) => {}
    }
    (exchange, answer)
}

/// In the slow lane, where waiting for a turn counts.
async fn slowly<E: Send + 'static, R: Send + 'static>(
    plugin: &Shared,
    wall: Duration,
    calling: impl Future<Output = (Option<Guest>, E, R)> + Send + 'static,
) -> (Option<Guest>, E, R) {
    let began = Instant::now();
    let (mut guest, exchange, answer) = plugin.run_slowly(wall, calling).await;
    guest.iter_mut().for_each(|guest| guest.set_wall_left(wall.saturating_sub(began.elapsed())));
    (guest, exchange, answer)
}

/// The same, straight.
pub fn call_straight_in<P, R>(
    place: &mut Option<Guest>,
    call: Call<'_>,
    mut exchange: Box<Exchange>,
    params: impl FnOnce(u32) -> P,
) -> Called<R>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift + 'static,
{
    if let Err(failure) = call.plugin.admit(call.kind) {
        return (exchange, Err(failure));
    }
    let mut guest = match place.take().map_or_else(|| Guest::new_straight(call.plugin), Ok) {
        Ok(guest) => guest,
        Err(failure) => {
            book_attempt(&call, &mut exchange, &failure);
            return (exchange, Err(failure));
        }
    };
    let (mut exchange, answer) = guest.call_straight_for(exchange, call.phase, call.hook, params);
    put_back(place, guest, &call, &mut exchange, answer.is_ok());
    (exchange, answer)
}

fn put_back(
    place: &mut Option<Guest>,
    mut guest: Guest,
    call: &Call<'_>,
    exchange: &mut Exchange,
    is_sound: bool,
) {
    book(call, exchange, &guest.take_cost());
    *place = is_sound.then_some(guest);
}

/// Puts a call for which no instance could be made to the plugin's account.
fn book_attempt(call: &Call<'_>, exchange: &mut Exchange, failure: &Failure) {
    book(call, exchange, &Cost::of_making(failure.making));
}

fn book(call: &Call<'_>, exchange: &mut Exchange, cost: &Cost) {
    call.plugin.book(exchange, call.kind, cost);
}
