//! The exchange of a test's thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use super::Counted;
use super::fields::Fields;
use super::host::kv::Kept;
use super::tls::Tls;
use crate::callout::{Answer, CalloutError, Question};
use crate::log::Level;

/// What answers callouts.
pub(super) type Answers = Box<dyn FnMut(&Question) -> Result<Answer, CalloutError>>;

/// All that hooks can ask for or leave behind.
pub(super) struct State {
    pub(super) client_address: String,
    pub(super) tls: Option<Tls>,
    pub(super) route: Option<String>,
    pub(super) tenant: Option<String>,
    pub(super) deadline_left: Option<Duration>,
    pub(super) request_fields: Fields,
    pub(super) request_path: String,
    pub(super) now: Duration,
    pub(super) notes: Vec<(String, String)>,
    pub(super) logged: Vec<(Level, String)>,
    pub(super) trace_id: Option<String>,
    /// Where the row of random numbers is.
    pub(super) seed: u64,
    pub(super) kv_quota: u64,
    pub(super) values: BTreeMap<String, Kept>,
    /// The version of the value that was set last.
    pub(super) version: u64,
    pub(super) counters: BTreeMap<String, i64>,
    /// When each bucket is full.
    pub(super) buckets: BTreeMap<String, Duration>,
    pub(super) counted: Vec<Counted>,
    pub(super) callouts: Option<Answers>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State {
        client_address: "192.0.2.1:50000".to_owned(),
        tls: None,
        route: None,
        tenant: None,
        deadline_left: None,
        request_fields: Fields::default(),
        request_path: "/".to_owned(),
        now: Duration::ZERO,
        notes: Vec::new(),
        logged: Vec::new(),
        trace_id: None,
        seed: 0,
        kv_quota: 1 << 20,
        values: BTreeMap::new(),
        version: 0,
        counters: BTreeMap::new(),
        buckets: BTreeMap::new(),
        counted: Vec::new(),
        callouts: None,
    });
}

/// Reads or changes the thread's exchange.
pub(super) fn with<R>(look: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(look)
}
