//! Endpoints: the places a request can go, and what is known of their health and load.
//!
//! An endpoint is immutable but for the atomics in [`Health`] and its count of requests under way, which all workers
//! share. A reload that leaves an endpoint as it was carries both over.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::Standing;
use crate::checked::{CheckResult, Checked, CheckedState};
use crate::outlier::{EjectedFor, Impression, OutlierRule, Tally};

/// Where an endpoint listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// Host (a name or an IP address) and port.
    Tcp {
        /// A name, or an IPv4 or IPv6 address without brackets.
        host: Arc<str>,
        /// The port.
        port: u16,
        /// Where the name leads; none where the host is an address, or `localhost`.
        ip: Option<IpAddr>,
    },
    /// A unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp { host, port, .. } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Address::Tcp { host, port, .. } => write!(f, "{host}:{port}"),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Whether a host is this one, whatever a resolver would say of it (RFC 6761 section 6.3).
pub fn is_localhost(host: &str) -> bool {
    host.strip_suffix('.').unwrap_or(host).eq_ignore_ascii_case("localhost")
}

/// How an endpoint is spoken to, as its address says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EndpointScheme {
    /// In the clear, HTTP/1.1 unless its upstream says otherwise.
    #[default]
    Http,
    /// Over TLS.
    Https,
    /// In the clear, HTTP/2 (RFC 9113 section 3.3).
    H2c,
}

/// When an endpoint counts as failed without being asked (the names are nginx's, the window is a true one).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassiveCheck {
    /// So many failures within `fail_timeout` mark the endpoint; 0 never does.
    pub max_fails: u32,
    /// The window failures are counted in, and for how long the mark stays.
    pub fail_timeout: Duration,
}

impl Default for PassiveCheck {
    fn default() -> Self {
        PassiveCheck { max_fails: 3, fail_timeout: Duration::from_secs(10) }
    }
}

/// One place a request can go.
#[derive(Debug)]
pub struct Endpoint {
    /// Where it listens.
    pub address: Address,
    /// How it is spoken to.
    pub scheme: EndpointScheme,
    /// Its address as the configuration wrote it, `http://192.0.2.1:8080`: its label in logs and metrics.
    pub label: Arc<str>,
    /// Its share of requests against the others'.
    pub weight: u32,
    /// Whether it is used only when no other endpoint is.
    pub backup: bool,
    /// What is known of its health.
    pub health: Arc<Health>,
    /// How it stands among the others.
    pub standing: Standing,
}

impl Endpoint {
    /// Its authority, without the port that its scheme has by default (RFC 9110 section 4.2). A socket has none.
    pub fn authority(&self) -> String {
        let default = match self.scheme {
            EndpointScheme::Https => 443,
            EndpointScheme::Http | EndpointScheme::H2c => 80,
        };
        match &self.address {
            Address::Tcp { host, port, .. } if *port == default && host.contains(':') => format!("[{host}]"),
            Address::Tcp { host, port, .. } if *port == default => host.to_string(),
            address @ Address::Tcp { .. } => address.to_string(),
            Address::Unix(_) => "localhost".to_owned(),
        }
    }
}

/// Failures seen, requests under way: what changes about an endpoint.
///
/// Times are milliseconds since an epoch of the caller's choice, the same for all calls.
#[derive(Debug)]
pub struct Health {
    check: PassiveCheck,
    /// When the last failures were, the oldest overwritten first; 0 is never.
    failures: Box<[AtomicU64]>,
    next: AtomicU32,
    marked_until: AtomicU64,
    active: AtomicU32,
    failures_total: AtomicU64,
    checked: Checked,
    tally: Tally,
}

impl Health {
    /// No failure seen.
    pub fn new(check: PassiveCheck) -> Self {
        let failures = (0..check.max_fails.min(Self::WINDOW_LIMIT)).map(|_| AtomicU64::new(0)).collect();
        Health {
            check,
            failures,
            next: AtomicU32::new(0),
            marked_until: AtomicU64::new(0),
            active: AtomicU32::new(0),
            failures_total: AtomicU64::new(0),
            checked: Checked::default(),
            tally: Tally::default(),
        }
    }

    /// How many failures a window can tell apart, the most that `max_fails` may be.
    pub const WINDOW_LIMIT: u32 = 1000;

    /// The rule it was made with.
    pub fn check(&self) -> PassiveCheck {
        self.check
    }

    /// Whether the endpoint may be chosen at `now`.
    pub fn is_usable(&self, now: u64) -> bool {
        !self.is_out(now) && self.checked.state() != CheckedState::Unhealthy
    }

    /// Whether its own answers have put it out: it is marked as failed, or ejected as an outlier.
    pub fn is_out(&self, now: u64) -> bool {
        self.marked_until.load(Relaxed) > now || self.tally.is_ejected(now)
    }

    /// Counts a failure; true when it marks the endpoint as failed.
    pub fn failed(&self, now: u64) -> bool {
        self.failed_if(now, || true)
    }

    /// Counts a failure, and marks the endpoint only if `may_mark` says so, which is asked only then.
    pub fn failed_if(&self, now: u64, may_mark: impl FnOnce() -> bool) -> bool {
        self.failures_total.fetch_add(1, Relaxed);
        let Some(count) = u32::try_from(self.failures.len()).ok().filter(|n| *n > 0) else { return false };
        let slot = self.next.fetch_add(1, Relaxed) % count;
        let Some(oldest) = self.failures.get(slot as usize) else { return false };
        // The slot after the newest holds the oldest of the last `max_fails` failures: if that one is still within
        // the window, so are all.
        oldest.store(now.max(1), Relaxed);
        let after = (slot + 1) % count;
        let first = self.failures.get(after as usize).map_or(0, |t| t.load(Relaxed));
        let window = u64::try_from(self.check.fail_timeout.as_millis()).unwrap_or(u64::MAX);
        if first == 0 || now.saturating_sub(first) > window || !may_mark() {
            return false;
        }
        // What was under way when it was marked fails too, and makes the mark last longer: that is no news.
        self.marked_until.swap(now.saturating_add(window), Relaxed) <= now
    }

    /// Counts a success: the endpoint is as good as new.
    pub fn succeeded(&self) {
        // A load first: on the way of every request, and nearly always nothing to do.
        if self.next.load(Relaxed) == 0 {
            return;
        }
        self.next.store(0, Relaxed);
        self.marked_until.store(0, Relaxed);
        for failure in &self.failures {
            failure.store(0, Relaxed);
        }
    }

    /// Counts what an attempt says of the endpoint; says why it is to be ejected, if it is.
    pub fn see(&self, rule: &OutlierRule, impression: Impression) -> Option<EjectedFor> {
        self.tally.see(rule, impression)
    }

    /// Ejects the endpoint; says for how long, unless it is out already.
    pub fn eject(&self, rule: &OutlierRule, why: EjectedFor, now: u64) -> Option<Duration> {
        self.tally.eject(rule, why, now)
    }

    /// What an interval of outlier detection brings; true when the time of an ejection is up.
    pub fn age(&self, now: u64) -> bool {
        self.tally.age(now)
    }

    /// Answers since this was last asked, and those of them that were good.
    pub fn take_answers(&self) -> (u32, u32) {
        self.tally.take_answers()
    }

    /// Whether it is ejected as an outlier.
    pub fn is_ejected(&self, now: u64) -> bool {
        self.tally.is_ejected(now)
    }

    /// Ejections since the start, by reason.
    pub fn ejections(&self) -> impl Iterator<Item = (EjectedFor, u64)> {
        self.tally.ejections()
    }

    /// What active checks say.
    pub fn checked(&self) -> CheckedState {
        self.checked.state()
    }

    /// Takes over what active checks say.
    pub fn set_checked(&self, state: CheckedState) {
        self.checked.set(state);
    }

    /// Counts an active check. One that was passed ends an ejection, which is true: the endpoint was asked, and
    /// answered well.
    pub fn count_check(&self, result: CheckResult) -> bool {
        self.checked.count(result);
        result == CheckResult::Passed && self.tally.readmit()
    }

    /// Active checks since the start, by result.
    pub fn checks(&self) -> impl Iterator<Item = (CheckResult, u64)> {
        self.checked.results()
    }

    /// Requests under way, over all workers.
    pub fn active(&self) -> u32 {
        self.active.load(Relaxed)
    }

    /// Failures since the start.
    pub fn failures_total(&self) -> u64 {
        self.failures_total.load(Relaxed)
    }

    /// Counts a request as under way until the guard is dropped.
    pub fn begin(self: &Arc<Self>) -> InFlight {
        self.active.fetch_add(1, Relaxed);
        InFlight(Arc::clone(self))
    }
}

/// A request under way at an endpoint.
#[derive(Debug)]
pub struct InFlight(Arc<Health>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(max_fails: u32) -> Health {
        Health::new(PassiveCheck { max_fails, fail_timeout: Duration::from_secs(10) })
    }

    #[test]
    fn failures_far_apart_never_add_up() {
        let health = health(3);
        for i in 0..20 {
            assert!(!health.failed(1 + i * 6_000), "two in ten seconds are not three");
        }
        assert!(health.is_usable(200_000));
    }

    #[test]
    fn as_many_as_max_fails_within_the_window_mark_it_for_as_long() {
        let health = health(3);
        assert!(!health.failed(1_000) && !health.failed(2_000) && health.failed(3_000));
        assert!(!health.is_usable(12_999));
        assert!(health.is_usable(13_000));
    }

    #[test]
    fn a_mark_is_said_once_while_it_lasts() {
        let health = health(1);
        assert!(health.failed(1_000) && !health.failed(2_000), "it is marked already");
        assert!(!health.is_usable(11_500), "the second failure makes the mark last longer");
        assert!(health.failed(12_000), "the mark was over");
    }

    #[test]
    fn a_success_forgives() {
        let health = health(2);
        health.failed(1_000);
        health.succeeded();
        assert!(!health.failed(1_001), "the count starts again");
    }

    #[test]
    fn max_fails_of_one_marks_at_once_and_of_zero_never() {
        assert!(health(1).failed(5));
        let never = health(0);
        assert!(!never.failed(5) && !never.failed(6) && never.is_usable(7));
        assert_eq!(never.failures_total(), 2);
    }

    #[test]
    fn requests_under_way_are_counted_until_they_end() {
        let health = Arc::new(health(1));
        let one = health.begin();
        let two = health.begin();
        assert_eq!(health.active(), 2);
        drop((one, two));
        assert_eq!(health.active(), 0);
    }

    #[test]
    fn it_is_not_marked_when_it_may_not_be() {
        let health = health(2);
        health.failed_if(1_000, || panic!("not asked before there are enough"));
        assert!(!health.failed_if(1_001, || false) && health.is_usable(1_001));
        assert!(health.failed(1_002), "what was counted stays counted");
    }

    #[test]
    fn one_that_checks_find_unhealthy_is_not_usable_whatever_it_answers() {
        let health = health(1);
        health.set_checked(CheckedState::Unhealthy);
        health.succeeded();
        assert!(!health.is_usable(1_000) && !health.is_out(1_000));
        health.set_checked(CheckedState::Healthy);
        assert!(health.is_usable(1_000));
    }

    #[test]
    fn a_passed_check_ends_an_ejection_and_a_failed_one_does_not() {
        let rule = OutlierRule {
            consecutive_5xx: 1,
            consecutive_gateway: 0,
            base_ejection: Duration::from_secs(30),
            max_ejection: Duration::from_secs(300),
        };
        let health = health(0);
        let why = health.see(&rule, Impression::Error).expect("one is enough");
        health.eject(&rule, why, 1_000);
        assert!(!health.is_usable(1_001));
        assert!(!health.count_check(CheckResult::Failed) && !health.is_usable(1_001));
        assert!(health.count_check(CheckResult::Passed) && health.is_usable(1_001));
        assert!(!health.count_check(CheckResult::Passed), "there is none to end");
        assert_eq!(health.checks().map(|(_, count)| count).collect::<Vec<_>>(), [2, 1, 0]);
    }
}
