//! Checks of health checks: what goes with which way of asking, and ranges.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use config::{HealthCheck, HealthQuestion, InitialHealth, Outlier, Portion, Statuses, SuccessRate};
use document::{Field, List, Span, Spanned};
use http::{HeaderValue, Method, uri::PathAndQuery};
use raw::HealthKind;

use super::Check;
use super::server::given;

/// Answers in a row that change an endpoint's state.
const ROW: RangeInclusive<u64> = 1..=100;
/// Bad answers in a row that eject an endpoint.
const CONSECUTIVE: RangeInclusive<u64> = 0..=10_000;
/// Endpoints that can be compared: of one nobody knows what it differs from.
const HOSTS: RangeInclusive<u64> = 2..=10_000;
const REQUESTS: RangeInclusive<u64> = 1..=1_000_000;
const PORT: RangeInclusive<u64> = 1..=65_535;
/// The shortest interval: below it, checks are load.
const INTERVAL: Duration = Duration::from_millis(10);
/// Good statuses, or ranges of them.
const STATUS_LIMIT: usize = 100;
/// The longest text that a body is looked through for, the longest path, and the longest name of a gRPC service.
const TEXT_LIMIT: usize = 4 << 10;

impl Check<'_> {
    pub(super) fn health(&mut self, health: Field<raw::HealthCheck>) -> Option<HealthCheck> {
        let Field::Given(Spanned { value: health, .. }) = health else { return None };
        let (row, timeout) = (3, Duration::from_secs(1));
        let port = health.port.span().is_some().then(|| self.number(health.port, 1, PORT));
        let interval = self.interval(health.interval, Duration::from_secs(5));
        let timeout = self.time(health.timeout, timeout);
        let jitter = health.jitter.or(Portion::percent(10));
        let healthy_after = self.number(health.healthy_after, 2, ROW);
        let unhealthy_after = self.number(health.unhealthy_after, row, ROW);
        let initial = match health.initial.or(raw::InitialHealth::Healthy)?.value {
            raw::InitialHealth::Healthy => InitialHealth::Healthy,
            raw::InitialHealth::Unhealthy => InitialHealth::Unhealthy,
        };
        let asked =
            Asked { path: health.path, method: health.method, host: health.host, expect: health.expect };
        let question = match health.kind.or(HealthKind::Http)?.value {
            HealthKind::Http => self.ask_http(asked, health.service.span()),
            HealthKind::Tcp => {
                let spans = [asked.host.span(), health.service.span()];
                self.only_with("http", asked.spans().into_iter().chain(spans));
                Some(HealthQuestion::Tcp)
            }
            HealthKind::Grpc => self.ask_grpc(asked, health.service),
        };
        Some(HealthCheck {
            question: question?,
            port: port.and_then(|port| u16::try_from(port).ok()),
            interval,
            jitter: jitter?.value,
            timeout,
            healthy_after: narrow(healthy_after),
            unhealthy_after: narrow(unhealthy_after),
            initial,
        })
    }

    fn ask_http(&mut self, asked: Asked, service: Option<Span>) -> Option<HealthQuestion> {
        self.only_with("grpc", [service]);
        let path = self.check_path(asked.path);
        let method = self.check_method(asked.method);
        let host = self.check_host(asked.host);
        let raw::Expect { status, body } = asked.expect.or_default();
        let statuses = self.good_statuses(status);
        let body = self.short_text(body, "a text");
        Some(HealthQuestion::Http { method: method?, path: path?, host: host?, statuses, body: body? })
    }

    fn ask_grpc(&mut self, asked: Asked, service: Field<String>) -> Option<HealthQuestion> {
        self.only_with("http", asked.spans());
        let host = self.check_host(asked.host);
        let service = self.short_text(service, "a service");
        Some(HealthQuestion::Grpc { service: service?.unwrap_or_default(), host: host? })
    }

    /// Says of keys that are there that they go with another way of asking.
    fn only_with(&mut self, kind: &str, spans: impl IntoIterator<Item = Option<Span>>) {
        for span in spans.into_iter().flatten() {
            self.complain(span, format!("this has a meaning only with `type: {kind}`"), None);
        }
    }

    /// `None` when it is wrong.
    fn check_path(&mut self, path: Field<String>) -> Option<PathAndQuery> {
        let path = path.or("/".to_owned())?;
        let plain =
            path.value.starts_with('/') && path.value.len() <= TEXT_LIMIT && !path.value.contains('#');
        let parsed = path.value.parse().ok().filter(|_| plain);
        if parsed.is_none() {
            self.expected("a path such as `/healthz`", &path);
        }
        parsed
    }

    fn check_method(&mut self, method: Field<String>) -> Option<Method> {
        let method = method.or("GET".to_owned())?;
        let known =
            [Method::GET, Method::HEAD, Method::OPTIONS].into_iter().find(|m| m.as_str() == method.value);
        if known.is_none() {
            self.expected("`GET`, `HEAD` or `OPTIONS`", &method);
        }
        known
    }

    fn check_host(&mut self, host: Field<String>) -> Option<Option<HeaderValue>> {
        let Some(span) = host.span() else { return host.or(String::new()).map(|_| None) };
        let text = host.or_default();
        let is_authority = text.parse::<http::uri::Authority>().is_ok_and(|a| !a.as_str().contains('@'));
        let value = HeaderValue::from_str(&text).ok().filter(|_| is_authority);
        if value.is_none() {
            self.expected(
                "a host such as `app.internal` or `app.internal:8080`",
                &Spanned { value: text, span },
            );
        }
        value.map(Some)
    }

    fn good_statuses(&mut self, statuses: Field<List<Statuses>>) -> Vec<Statuses> {
        let Field::Given(list) = statuses else { return vec![Statuses::of(200..=399)] };
        if list.value.is_empty() || list.value.len() > STATUS_LIMIT {
            self.complain(list.span, format!("expected 1 to {STATUS_LIMIT} statuses"), None);
        }
        given(list.value).map(|status| status.value).collect()
    }

    /// `None` when it is wrong, `Some(None)` when it is absent.
    fn short_text(&mut self, text: Field<String>, what: &str) -> Option<Option<Arc<str>>> {
        let text = match text {
            Field::Given(text) => text,
            Field::Absent => return Some(None),
            Field::Broken => return None,
        };
        if text.value.is_empty() || text.value.len() > TEXT_LIMIT {
            self.complain(text.span, format!("expected {what} of 1 to {TEXT_LIMIT} bytes"), None);
        }
        Some(Some(Arc::from(text.value)))
    }

    pub(super) fn outlier(&mut self, outlier: Field<raw::Outlier>) -> Option<Outlier> {
        let Field::Given(Spanned { value: outlier, .. }) = outlier else { return None };
        let max_span = outlier.max_ejection.span();
        let base_ejection = self.time(outlier.base_ejection, Duration::from_secs(30));
        let max_ejection = self.time(outlier.max_ejection, Duration::from_secs(300).max(base_ejection));
        if let Some(span) = max_span.filter(|_| max_ejection < base_ejection) {
            self.complain(span, "`max_ejection` is shorter than `base_ejection`", None);
        }
        Some(Outlier {
            consecutive_5xx: narrow(self.number(outlier.consecutive_5xx, 5, CONSECUTIVE)),
            consecutive_gateway: narrow(self.number(outlier.consecutive_gateway, 0, CONSECUTIVE)),
            success_rate: self.success_rate(outlier.success_rate),
            interval: self.interval(outlier.interval, Duration::from_secs(10)),
            base_ejection,
            max_ejection,
            max_ejected: outlier.max_ejected.or(Portion::percent(10))?.value,
        })
    }

    fn success_rate(&mut self, rate: Field<raw::SuccessRate>) -> Option<SuccessRate> {
        let Field::Given(Spanned { value: rate, .. }) = rate else { return None };
        let factor = rate.stdev_factor.or(1.9)?;
        if !(0.1..=100.0).contains(&factor.value) {
            self.complain(
                factor.span,
                format!("expected a number from 0.1 to 100, found `{}`", factor.value),
                None,
            );
        }
        Some(SuccessRate {
            min_hosts: narrow(self.number(rate.min_hosts, 5, HOSTS)),
            min_requests: narrow(self.number(rate.min_requests, 100, REQUESTS)),
            stdev_factor: factor.value,
        })
    }

    fn interval(&mut self, interval: Field<raw::Time>, default: Duration) -> Duration {
        let span = interval.span();
        let interval = self.time(interval, default);
        if let Some(span) = span.filter(|_| interval > Duration::ZERO && interval < INTERVAL) {
            self.complain(
                span,
                format!("expected a duration of at least `{}ms`", INTERVAL.as_millis()),
                None,
            );
        }
        interval
    }
}

/// What only some ways of asking know.
struct Asked {
    path: Field<String>,
    method: Field<String>,
    host: Field<String>,
    expect: Field<raw::Expect>,
}

impl Asked {
    /// Where those are that only `http` knows.
    fn spans(&self) -> [Option<Span>; 3] {
        [self.path.span(), self.method.span(), self.expect.span()]
    }
}

/// Numbers in range fit; others have been complained of.
pub(super) fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
