//! Checks of retries, circuit breakers, limits of concurrency and fallbacks.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use config::{Backoff, Breaker, Concurrency, Destination, Fallback, Portion, Repeatable, Retries, RetryOn};
use document::{Field, List, Spanned};
use http::{HeaderValue, StatusCode};

use super::health::narrow;
use super::server::{given, native};
use super::{Check, Known};

/// Attempts after the first: each may load an upstream that fails already.
const ATTEMPTS: RangeInclusive<u64> = 0..=10;
/// Conditions of retries.
const CONDITION_LIMIT: usize = 50;
/// What is kept of each body under way is memory.
const REPLAY: RangeInclusive<u64> = 0..=1 << 20;
const MIN_REQUESTS: RangeInclusive<u64> = 1..=100_000;
const HALF_OPEN: RangeInclusive<u64> = 1..=1000;
const UNDER_WAY: RangeInclusive<u64> = 1..=1_000_000;
const WAITING: RangeInclusive<u64> = 0..=100_000;
/// A window of a breaker, from which its ten slots have a length.
const WINDOW: Duration = Duration::from_millis(100);
const STATUS: RangeInclusive<u64> = 200..=599;
/// The longest body that is written in the file itself.
const BODY_LIMIT: usize = 64 << 10;

impl Check<'_> {
    pub(super) fn retries(&mut self, retries: Field<raw::Retries>) -> Retries {
        let default = Retries::default();
        let raw = retries.or_default();
        let attempts = self.number(raw.attempts, default.attempts.into(), ATTEMPTS);
        let per_try_timeout =
            raw.per_try_timeout.span().is_some().then(|| self.time(raw.per_try_timeout, Duration::ZERO));
        let retry_after =
            raw.retry_after.span().is_some().then(|| self.time(raw.retry_after, Duration::ZERO));
        let all = raw.non_idempotent.or_default();
        Retries {
            attempts: narrow(attempts),
            on: self.retry_conditions(raw.on, default.on),
            budget: given_value(raw.budget),
            backoff: self.backoff(raw.backoff),
            retry_after,
            per_try_timeout,
            replay: native(self.size(raw.replay, 0, REPLAY)),
            repeatable: if all { Repeatable::All } else { Repeatable::Idempotent },
        }
    }

    fn retry_conditions(&mut self, on: Field<List<RetryOn>>, default: Vec<RetryOn>) -> Vec<RetryOn> {
        let Field::Given(list) = on else { return default };
        if list.value.is_empty() || list.value.len() > CONDITION_LIMIT {
            let help = "`attempts: 0` sends nothing again".to_owned();
            self.complain(list.span, format!("expected 1 to {CONDITION_LIMIT} conditions"), Some(help));
        }
        given(list.value).map(|condition| condition.value).collect()
    }

    fn backoff(&mut self, backoff: Field<raw::Backoff>) -> Option<Backoff> {
        let Field::Given(Spanned { value: backoff, .. }) = backoff else { return None };
        let max_span = backoff.max.span();
        let base = self.time(backoff.base, Duration::from_millis(25));
        let max = self.time(backoff.max, Duration::from_millis(250).max(base));
        if let Some(span) = max_span.filter(|_| max < base) {
            self.complain(span, "`max` is shorter than `base`", None);
        }
        Some(Backoff { base, max })
    }

    pub(super) fn breaker(&mut self, breaker: Field<raw::Breaker>) -> Option<Breaker> {
        let Field::Given(Spanned { value: breaker, .. }) = breaker else { return None };
        let (rate_span, window_span) = (breaker.error_rate.span(), breaker.window.span());
        let error_rate = breaker.error_rate.or(Portion::percent(50))?.value;
        if let Some(span) = rate_span.filter(|_| error_rate.in_percent() == 0) {
            self.complain(span, "a breaker of `0%` would open without an error", None);
        }
        let window = self.time(breaker.window, Duration::from_secs(10));
        if let Some(span) = window_span.filter(|_| window > Duration::ZERO && window < WINDOW) {
            self.complain(span, format!("expected a duration of at least `{}ms`", WINDOW.as_millis()), None);
        }
        Some(Breaker {
            error_rate,
            window,
            min_requests: narrow(self.number(breaker.min_requests, 20, MIN_REQUESTS)),
            open: self.time(breaker.open, Duration::from_secs(5)),
            half_open: narrow(self.number(breaker.half_open, 3, HALF_OPEN)),
        })
    }

    pub(super) fn concurrency(&mut self, concurrency: Field<raw::Concurrency>) -> Option<Concurrency> {
        let Field::Given(Spanned { value: concurrency, span }) = concurrency else { return None };
        let requests = self.required(concurrency.requests, "requests", span);
        let queue = narrow(self.number(concurrency.queue, 0, WAITING));
        let queue_timeout = self.time(concurrency.queue_timeout, Duration::from_secs(1));
        let requests = narrow(self.number(Field::Given(requests?), 1, UNDER_WAY));
        Some(Concurrency { requests, queue, queue_timeout })
    }

    /// What answers in place of an upstream: exactly one of another upstream and an answer.
    pub(super) fn fallback(
        &mut self,
        fallback: Field<raw::Fallback>,
        in_place_of: Option<&Destination>,
        known: &Known,
    ) -> Option<Fallback> {
        let Field::Given(Spanned { value: fallback, span }) = fallback else { return None };
        let raw::Fallback { upstream, status, body, content_type } = fallback;
        let of_answer = [status.span(), body.span(), content_type.span()];
        match (upstream, status) {
            (Field::Given(upstream), _) => {
                for span in of_answer.into_iter().flatten() {
                    self.complain(span, "a fallback has either `upstream`, or `status` and `body`", None);
                }
                if matches!(in_place_of, Some(Destination::Upstream(own)) if **own == *upstream.value) {
                    let help = "`retries` say how often the route's own upstream is tried".to_owned();
                    self.complain(upstream.span, "this is the route's own upstream", Some(help));
                }
                self.upstream_reference(upstream, known).map(Fallback::Upstream)
            }
            (Field::Absent, Field::Given(status)) => self.fallback_answer(status, body, content_type),
            (Field::Absent, Field::Absent) => {
                self.complain(span, "missing key `upstream` or `status`", None);
                None
            }
            (Field::Broken, _) | (_, Field::Broken) => None,
        }
    }

    fn fallback_answer(
        &mut self,
        status: Spanned<u64>,
        body: Field<String>,
        content_type: Field<String>,
    ) -> Option<Fallback> {
        let status = self.number(Field::Given(status), 503, STATUS);
        if let Field::Given(body) = &body
            && body.value.len() > BODY_LIMIT
        {
            self.complain(body.span, format!("expected a body of at most {BODY_LIMIT} bytes"), None);
        }
        let content_type = content_type.or("text/plain; charset=utf-8".to_owned())?;
        let Ok(value) = HeaderValue::from_str(&content_type.value) else {
            self.expected("a media type such as `application/json`", &content_type);
            return None;
        };
        let status = u16::try_from(status).ok().and_then(|status| StatusCode::from_u16(status).ok())?;
        Some(Fallback::Answer { status, body: Arc::from(body.or_default()), content_type: value })
    }
}

fn given_value<T>(field: Field<T>) -> Option<T> {
    match field {
        Field::Given(value) => Some(value.value),
        Field::Absent | Field::Broken => None,
    }
}
