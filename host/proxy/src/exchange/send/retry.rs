//! Retry: whether a request is sent again, and what becomes of the attempt before.
//!
//! What the endpoint can't have seen may be sent again whatever it is. What it may have acted on may be sent again only
//! if doing it twice is doing it once (RFC 9110 section 9.2.2), or the configuration says that it does no harm; and
//! only while the body is still ours.

use std::time::{Duration, Instant, SystemTime};

use config::{Backoff, Repeatable, RetryOn};
use generation::{RetryPolicy, Route};
use http::HeaderMap;
use ledger::RetryReason;
use model::{Fault, FaultKind, RequestHead, ms_at};
use outbound::{Answer, SendFailure};
use relay::retry_after;

use crate::exchange::send::trials::Trials;
use crate::local::{Local, LocalUpstream};

/// What follows an attempt that failed.
pub(super) enum Next {
    /// Nothing more may be tried.
    End(Fault),
    /// Another attempt, for which all is prepared.
    Again(RetryReason),
}

/// An attempt that is over.
pub(super) struct Attempt<'a> {
    pub(super) local: &'a Local,
    pub(super) upstream: &'a LocalUpstream,
    pub(super) route: &'a Route,
    pub(super) head: &'a RequestHead,
    pub(super) at: u32,
}

impl Attempt<'_> {
    /// Why another attempt is to be made although there is an answer. An answer is as good as the next one might be,
    /// unless it has one of the statuses that are not.
    pub(super) fn better_than(&self, trials: &mut Trials, answer: &Answer) -> Option<RetryReason> {
        let on = &self.route.retries.on_answers;
        let reason = on.iter().find_map(|on| reason_of_answer(*on, answer))?;
        // Without another endpoint there would be nothing to say in its place.
        let another = trials.tried.len() + 1 < self.upstream.shared.endpoints.len();
        let body = trials.body_again().filter(|_| another && self.may_repeat() && trials.in_time())?;
        let asked = self.route.retries.retry_after.and_then(|limit| {
            let wait = retry_after::asked_for(answer.headers(), SystemTime::now())?;
            Some((wait, wait <= limit && trials.in_time_after(wait)))
        });
        // The client may know better than we what to do until then.
        if let Some((_, false)) = asked {
            return None;
        }
        if !self.spend(trials) {
            return None;
        }
        trials.body = Some(body);
        trials.tried.push(self.at);
        trials.asked_wait = asked.map(|(wait, _)| wait);
        Some(reason)
    }

    /// What follows a failure.
    pub(super) fn after(&self, trials: &mut Trials, failure: SendFailure) -> Next {
        if let Some(fault) = trials.client_fault() {
            return Next::End(fault);
        }
        let harmless = failure.unseen || self.may_repeat();
        let body = failure.body.or_else(|| trials.body_again()).filter(|_| harmless && trials.in_time());
        let Some(body) = body else { return Next::End(failure.fault) };
        trials.body = Some(body);
        if failure.stale {
            trials.again = Some(self.at);
            return Next::Again(RetryReason::Stale);
        }
        let on = &self.route.retries.on_faults;
        let reason = on.iter().find_map(|on| reason_of_failure(*on, failure.fault.kind, failure.unseen));
        let Some(reason) = reason.filter(|_| self.spend(trials)) else { return Next::End(failure.fault) };
        trials.tried.push(self.at);
        trials.last = Some(failure.fault);
        Next::Again(reason)
    }

    fn may_repeat(&self) -> bool {
        self.route.retries.repeatable == Repeatable::All || self.head.is_idempotent()
    }

    /// Takes one attempt out of what is left, and out of the budget.
    fn spend(&self, trials: &mut Trials) -> bool {
        let Some(left) = trials.left.checked_sub(1) else { return false };
        if let Some(share) = self.route.retries.budget
            && !self.upstream.budget.take(share, ms_at(Instant::now()))
        {
            self.local.stats.over_budget.add(1);
            return false;
        }
        trials.left = left;
        true
    }
}

fn reason_of_answer(on: RetryOn, answer: &Answer) -> Option<RetryReason> {
    match on {
        RetryOn::Status(statuses) => {
            statuses.contains(answer.status().as_u16()).then_some(RetryReason::Status)
        }
        RetryOn::Grpc(code) => (grpc_status(answer.headers()) == Some(code)).then_some(RetryReason::Grpc),
        RetryOn::Connect | RetryOn::Reset | RetryOn::Timeout | RetryOn::BadResponse => None,
    }
}

/// The status of a gRPC answer that has no message: then it is in the head.
fn grpc_status(fields: &HeaderMap) -> Option<u8> {
    fields.get("grpc-status")?.to_str().ok()?.parse().ok()
}

fn reason_of_failure(on: RetryOn, kind: FaultKind, unseen: bool) -> Option<RetryReason> {
    match (on, kind) {
        (RetryOn::Connect, _) if unseen => Some(RetryReason::Connect),
        (RetryOn::Reset, FaultKind::UpstreamReset) => Some(RetryReason::Reset),
        (RetryOn::Timeout, FaultKind::UpstreamTimeout) => Some(RetryReason::Timeout),
        (RetryOn::BadResponse, FaultKind::BadResponse) => Some(RetryReason::BadResponse),
        _ => None,
    }
}

/// Waits before the next attempt: for what the last answer asked for, and at random, up to a bound that doubles with each
/// retry. What waits together would come together, and fail together.
pub(super) async fn wait(local: &Local, policy: &RetryPolicy, trials: &mut Trials) {
    let retries = u32::try_from(trials.tried.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let own = policy.backoff.map_or(Duration::ZERO, |backoff| wait_below(bound(backoff, retries)));
    let asked = trials.asked_wait.take().unwrap_or_default();
    let wait = asked.saturating_add(own).min(trials.deadline.saturating_duration_since(Instant::now()));
    if !wait.is_zero() {
        let _over = local.timers.timeout(wait, std::future::pending::<()>()).await;
    }
}

fn bound(backoff: Backoff, retries: u32) -> Duration {
    backoff.base.saturating_mul(1u32.checked_shl(retries).unwrap_or(u32::MAX)).min(backoff.max)
}

fn wait_below(bound: Duration) -> Duration {
    bound.mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_highest() {
        let backoff = Backoff { base: Duration::from_millis(25), max: Duration::from_millis(250) };
        let bounds = [0, 1, 2, 3, 4, 31, 32, 1000].map(|retries| bound(backoff, retries).as_millis());
        assert_eq!(bounds, [25, 50, 100, 200, 250, 250, 250, 250]);
    }

    #[test]
    fn waits_are_spread_over_all_that_is_allowed() {
        let waits: Vec<_> = (0..1000).map(|_| wait_below(Duration::from_millis(100)).as_millis()).collect();
        assert!(waits.iter().all(|wait| *wait <= 100));
        assert!(waits.iter().any(|wait| *wait < 20) && waits.iter().any(|wait| *wait > 80));
    }

    #[test]
    fn only_what_is_asked_for_is_a_reason() {
        use FaultKind::{BadResponse, ConnectFailed, UpstreamReset, UpstreamTimeout};
        let is = |on, kind, unseen| reason_of_failure(on, kind, unseen).is_some();
        assert!(is(RetryOn::Connect, ConnectFailed, true) && is(RetryOn::Connect, UpstreamReset, true));
        assert!(!is(RetryOn::Connect, UpstreamReset, false) && is(RetryOn::Reset, UpstreamReset, false));
        assert!(is(RetryOn::Timeout, UpstreamTimeout, false) && !is(RetryOn::Reset, UpstreamTimeout, false));
        assert!(is(RetryOn::BadResponse, BadResponse, false) && !is(RetryOn::Timeout, BadResponse, false));
    }

    #[test]
    fn a_grpc_status_is_a_number_in_the_head() {
        let status = |text: &'static str| {
            grpc_status(&HeaderMap::from_iter([("grpc-status".parse().unwrap(), text.parse().unwrap())]))
        };
        assert_eq!((status("14"), status("x"), grpc_status(&HeaderMap::new())), (Some(14), None, None));
    }
}
