//! A generation as one worker uses it: with pools, balancers and counters of its own, that no other thread touches.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use balance::RoundRobin;
use generation::{Balance, Generation, Upstream};
use ledger::WorkerStats;
use model::{Balancer, Exchange, WorkerId};
use outbound::Pool;
use transport::Timers;

use crate::exchange::Budget;

/// A generation as one worker uses it.
pub struct Local {
    /// The worker.
    pub worker: WorkerId,
    /// What it serves with.
    pub generation: Arc<Generation>,
    /// The generation's upstreams, in its order.
    pub upstreams: Vec<LocalUpstream>,
    /// What the worker counts.
    pub stats: Arc<WorkerStats>,
    /// What tells its time.
    pub timers: Timers,
    /// Where exchanges go that are over.
    pub recorder: Recorder,
}

/// Writes the record of an exchange that is over, on whatever thread it ends.
pub type Recorder = fn(&mut Exchange);

impl Local {
    /// Of a generation, for a worker that served with another before, or with none.
    pub fn new(
        worker: WorkerId,
        generation: Arc<Generation>,
        stats: &Arc<WorkerStats>,
        before: Option<&Local>,
        timers: &Timers,
        recorder: Recorder,
    ) -> Self {
        let same = |name: &str| before.and_then(|b| b.upstreams.get(b.generation.place_of(name)?));
        let upstreams =
            generation.upstreams.iter().map(|u| LocalUpstream::new(u, same(&u.name), timers)).collect();
        let (stats, timers) = (Arc::clone(stats), timers.clone());
        Local { worker, generation, upstreams, stats, timers, recorder }
    }
}

/// An upstream as one worker uses it.
pub struct LocalUpstream {
    /// The upstream.
    pub shared: Arc<Upstream>,
    /// What chooses among its endpoints.
    pub balancer: Box<dyn Balancer>,
    /// What chooses where a plugin does not, if the file says what.
    pub stand_in: Option<Box<dyn Balancer>>,
    /// What chooses where none of these does.
    pub fallback: RoundRobin,
    /// The candidates' list of the last attempt, to be used again.
    pub(crate) candidates: Cell<balance::Indexes>,
    /// Connections, by endpoint.
    pub pools: Vec<Rc<Pool>>,
    /// What may be spent on retries.
    pub budget: Budget,
}

impl LocalUpstream {
    /// Pools of the generation before are carried over, so that a reload closes no connection.
    fn new(shared: &Arc<Upstream>, before: Option<&LocalUpstream>, timers: &Timers) -> Self {
        let old = before.map(|before| before.pools.as_slice()).unwrap_or_default();
        let pool = |endpoint: &Arc<model::Endpoint>| {
            let same = old.iter().find(|pool| pool.fits(endpoint, &shared.pool));
            same.map_or_else(|| Pool::new(Arc::clone(endpoint), shared.pool.clone(), timers), Rc::clone)
        };
        let native = |policy: &balance::Policy| balance::build(policy, &shared.endpoints);
        let balancer = match &shared.balance {
            Balance::Native(policy) => native(policy),
            Balance::Plugin(plugin, _) => {
                plugin.balancer(&shared.endpoints).unwrap_or_else(|| native(&balance::Policy::RoundRobin))
            }
        };
        let stand_in = match &shared.balance {
            Balance::Plugin(_, Some(policy)) => Some(native(policy)),
            Balance::Plugin(_, None) | Balance::Native(_) => None,
        };
        LocalUpstream {
            shared: Arc::clone(shared),
            balancer,
            stand_in,
            fallback: RoundRobin::new(&shared.endpoints),
            candidates: Cell::default(),
            pools: shared.endpoints.iter().map(pool).collect(),
            budget: Budget::default(),
        }
    }
}
