//! The exchange of a test's thread.

use std::cell::RefCell;
use std::time::Duration;

use super::fields::Fields;
use super::tls::Tls;
use crate::log::Level;

/// All that hooks can ask for or leave behind.
pub(super) struct State {
    pub(super) client_address: String,
    pub(super) tls: Option<Tls>,
    pub(super) route: Option<String>,
    pub(super) request_fields: Fields,
    pub(super) request_path: String,
    pub(super) now: Duration,
    pub(super) notes: Vec<(String, String)>,
    pub(super) logged: Vec<(Level, String)>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State {
        client_address: "192.0.2.1:50000".to_owned(),
        tls: None,
        route: None,
        request_fields: Fields::default(),
        request_path: "/".to_owned(),
        now: Duration::ZERO,
        notes: Vec::new(),
        logged: Vec::new(),
    });
}

/// Reads or changes the thread's exchange.
pub(super) fn with<R>(look: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(look)
}
