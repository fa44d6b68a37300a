//! Checks of upstreams and endpoints.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use config::{Endpoint, KeepAlive, Portion, State, Upstream};
use document::{Either, Field, List, Map, Span, Spanned};
use indexmap::IndexMap;

use super::server::{given, native};
use super::{Check, Known};

/// Weights are added up, and a share of less than one in 65535 is none.
const WEIGHT: RangeInclusive<u64> = 1..=65_535;
/// As many failures as an endpoint remembers.
const MAX_FAILS: RangeInclusive<u64> = 0..=1000;
/// Idle connections for one endpoint, of one worker.
const IDLE: RangeInclusive<u64> = 0..=10_000;

/// As many tiers as a balancer tells apart.
const PRIORITY: RangeInclusive<u64> = 0..=15;
/// Requests on one connection.
const REQUESTS: RangeInclusive<u64> = 1..=4_294_967_295;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const FAIL_TIMEOUT: Duration = Duration::from_secs(10);

impl Check<'_> {
    pub(super) fn upstreams(
        &mut self,
        upstreams: Field<Map<raw::Upstream>>,
        known: &Known,
    ) -> IndexMap<Arc<str>, Upstream> {
        let entries = upstreams.or_default().into_iter();
        let built = entries.filter_map(|(name, upstream)| self.upstream(&name, upstream, known));
        built.map(|upstream| (Arc::clone(&upstream.name), upstream)).collect()
    }

    fn upstream(
        &mut self,
        name: &Spanned<String>,
        upstream: Field<raw::Upstream>,
        known: &Known,
    ) -> Option<Upstream> {
        self.name(name);
        let Field::Given(Spanned { value: upstream, .. }) = upstream else { return None };
        let balance_span = upstream.balance.span().unwrap_or(name.span);
        let balance = self.balance(upstream.balance, known);
        let endpoints = self.endpoints(upstream.endpoints, name.span);
        let connect_timeout = self.time(upstream.connect_timeout, CONNECT_TIMEOUT);
        let keep_alive = self.keep_alive(upstream.keep_alive.or_default());
        let health = self.health(upstream.health);
        let outlier = self.outlier(upstream.outlier);
        let breaker = self.breaker(upstream.breaker);
        let concurrency = self.concurrency(upstream.concurrency);
        let slow_start = upstream.slow_start.span().map(|_| self.time(upstream.slow_start, Duration::ZERO));
        let sticky = self.sticky(upstream.sticky);
        let protocol = self.protocol(upstream.protocol, &endpoints);
        let tls = self.upstream_tls(upstream.tls, &endpoints, name.span);
        let http2 = self.upstream_http2(upstream.http2.or_default());
        let protocol = protocol?;
        let proxy_protocol = self.announced(upstream.proxy_protocol, protocol, &endpoints);
        Some(Upstream {
            name: self.full_name(&name.value),
            balance: balance?,
            endpoints,
            connect_timeout,
            keep_alive,
            health,
            outlier,
            max_ejected: upstream.max_ejected.or(Portion::ALL)?.value,
            panic: upstream.panic.or(Portion::percent(0))?.value,
            breaker,
            concurrency,
            slow_start,
            sticky,
            protocol,
            tls,
            http2,
            proxy_protocol,
            span: name.span,
            balance_span,
        })
    }

    fn endpoints(&mut self, endpoints: Field<List<raw::Endpoint>>, owner: Span) -> Vec<Endpoint> {
        let Some(endpoints) = self.required(endpoints, "endpoints", owner) else { return Vec::new() };
        let written = endpoints.value.len();
        if written == 0 {
            self.complain(endpoints.span, "no endpoints", None);
        }
        let built: Vec<Endpoint> =
            given(endpoints.value).filter_map(|endpoint| self.endpoint(endpoint)).collect();
        // Of one that couldn't be read nobody knows whether it is a backup.
        if written != 0 && built.len() == written && built.iter().all(|endpoint| endpoint.backup) {
            let help = "a backup is used when the others fail, so one has to be none".to_owned();
            self.complain(endpoints.span, "all endpoints are backups", Some(help));
        }
        built
    }

    fn endpoint(&mut self, endpoint: Spanned<raw::Endpoint>) -> Option<Endpoint> {
        let Spanned { value, span } = endpoint;
        let form = match value {
            Either::Scalar(address) => raw::EndpointForm {
                address: Field::Given(Spanned { value: address, span }),
                ..Default::default()
            },
            Either::Map(form) => form,
        };
        let backup = form.backup.or(false);
        let weight = self.number(form.weight, 1, WEIGHT);
        let max_fails = self.number(form.max_fails, 3, MAX_FAILS);
        let fail_timeout = self.time(form.fail_timeout, FAIL_TIMEOUT);
        let priority = self.number(form.priority, 0, PRIORITY);
        let state = form.state.value().map(|state| match state {
            raw::State::Up => State::Up,
            raw::State::Drain => State::Drain,
            raw::State::Maintenance => State::Maintenance,
        });
        let address = self.required(form.address, "address", span)?;
        let (scheme, place) = self.endpoint_address(&address)?;
        Some(Endpoint {
            label: Arc::from(address.value.as_str()),
            address: place,
            scheme,
            weight: u32::try_from(weight).unwrap_or(u32::MAX),
            max_fails: u32::try_from(max_fails).unwrap_or(u32::MAX),
            fail_timeout,
            backup: backup?.value,
            priority: u8::try_from(priority).unwrap_or(u8::MAX),
            state,
            span: address.span,
        })
    }

    fn keep_alive(&mut self, keep_alive: raw::KeepAlive) -> KeepAlive {
        let default = KeepAlive::default();
        KeepAlive {
            idle: native(self.number(keep_alive.idle, default.idle as u64, IDLE)),
            idle_timeout: self.time(keep_alive.idle_timeout, default.idle_timeout),
            requests: u32::try_from(self.number(keep_alive.requests, default.requests.into(), REQUESTS))
                .unwrap_or(u32::MAX),
            max_age: self.time(keep_alive.max_age, default.max_age),
        }
    }
}
