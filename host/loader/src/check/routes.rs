//! Checks of routes: names, references, timeouts, filters. What they match is in `matches`, ties between them in `ties`.

use std::collections::HashMap;
use std::sync::Arc;

use config::{Destination, Filter, Route, RouteTimeouts};
use document::{Field, List, Span, Spanned};
use model::Stage;

use super::destination::Answers;
use super::server::given;
use super::ties::Matched;
use super::{Check, Known};

/// The most filters of a route.
const FILTER_LIMIT: usize = 100;

impl Check<'_> {
    pub(super) fn routes(
        &mut self,
        routes: Field<List<raw::Route>>,
        known: &Known,
    ) -> (Vec<Matched>, Vec<Route>) {
        let mut names = HashMap::new();
        let items = given(routes.or_default());
        let (matched, routes): (Vec<_>, Vec<_>) =
            items.map(|route| self.route(route, known, &mut names)).unzip();
        (matched.into_iter().flatten().collect(), routes.into_iter().flatten().collect())
    }

    /// What the route matches, for the ties, is known even when something else in it is wrong.
    fn route(
        &mut self,
        route: Spanned<raw::Route>,
        known: &Known,
        names: &mut HashMap<String, Span>,
    ) -> (Option<Matched>, Option<Route>) {
        let Spanned { value: route, span } = route;
        let name = self.route_name(route.name, span, names);
        let owner = name.as_ref().map_or(span, |name| name.span);
        let matches = self.matches(route.matches, route.priority, known, owner);
        let matched = matches.clone().zip(name.clone()).map(|(matches, name)| Matched { name, matches });
        self.captured = matches.as_ref().map(|matches| matches.capture_names().cloned().collect());
        let filters = self.filters(route.filters, known);
        let (destination, https) = self.destination(
            Answers {
                upstream: route.upstream,
                split: route.split,
                redirect: route.redirect,
                respond: route.respond,
                service: route.service,
            },
            known,
            owner,
        );
        let rewriting = [route.rewrite.span(), route.location.span(), route.cookies.span()];
        let sending = [route.fallback.span(), route.buffering.span()];
        let again = [route.retries.span(), route.upgrades.span()];
        self.keys_without_use(destination.as_ref(), rewriting, sending, again);
        let rewrite = self.rewrite(route.rewrite, matches.as_ref().map(|matches| &matches.path));
        let location = self.location(route.location, &rewrite);
        let cookies = self.cookies(route.cookies);
        let error_pages = self.error_pages(route.error_pages);
        self.captured = None;
        let timeouts = self.route_timeouts(route.timeouts.or_default());
        let limit = route.limits.or_default().body;
        let body_limit = self.size(limit, self.inherited.body_limit, 0..=u64::MAX);
        let buffering = self.buffering(route.buffering);
        let upgrades = match destination {
            Some(Destination::Service(_)) => Vec::new(),
            _ => self.upgrades(route.upgrades),
        };
        let retries = self.retries(route.retries);
        let fallback = self.fallback(route.fallback, destination.as_ref(), known);
        let (filters, filter_spans) = filters.into_iter().unzip();
        let (Some(name), Some(matches), Some(destination)) = (name, matches, destination) else {
            return (matched, None);
        };
        let (name, tenant, span) = (name.value, self.tenant(), name.span);
        let route = Route {
            name,
            tenant,
            matches,
            filters,
            destination,
            https,
            rewrite,
            location,
            cookies,
            error_pages,
            timeouts,
            body_limit,
            buffering,
            upgrades,
            retries,
            fallback,
            span,
            filter_spans,
        };
        (matched, Some(route))
    }

    /// Its name, as everybody knows it.
    fn route_name(
        &mut self,
        name: Field<String>,
        owner: Span,
        names: &mut HashMap<String, Span>,
    ) -> Option<Spanned<Arc<str>>> {
        let name = self.required(name, "name", owner)?;
        self.unique_name(&name, "route", names);
        Some(name.map(|name| self.full_name(&name)))
    }

    /// What is written though the destination has no use for it.
    fn keys_without_use(
        &mut self,
        destination: Option<&Destination>,
        rewriting: [Option<Span>; 3],
        sending: [Option<Span>; 2],
        again: [Option<Span>; 2],
    ) {
        let [fallback, _] = sending;
        match destination {
            Some(Destination::Redirect(_) | Destination::Respond(_)) => {
                self.nothing_is_sent(rewriting.into_iter().chain(sending).flatten());
            }
            Some(Destination::Service(_)) => {
                self.nothing_is_sent([fallback].into_iter().chain(again).flatten());
            }
            Some(Destination::Upstream(_) | Destination::Split(_)) | None => {}
        }
    }

    fn nothing_is_sent(&mut self, spans: impl Iterator<Item = Span>) {
        for span in spans {
            let message = "this is for routes with an `upstream`: nothing is sent here";
            self.complain(span, message, None);
        }
    }

    fn filters(&mut self, filters: Field<List<raw::Filter>>, known: &Known) -> Vec<(Filter, Span)> {
        let Field::Given(filters) = filters else { return Vec::new() };
        if filters.value.len() > FILTER_LIMIT {
            self.complain(filters.span, format!("more than {FILTER_LIMIT} filters"), None);
        }
        given(filters.value)
            .filter_map(|filter| Some((self.filter(filter.value, known)?, filter.span)))
            .collect()
    }

    fn filter(&mut self, filter: raw::Filter, known: &Known) -> Option<Filter> {
        match filter {
            raw::Filter::Plugin(Field::Given(name)) => self.plugin_reference(name, known).map(Filter::Plugin),
            raw::Filter::RequestHeaders(Field::Given(rules)) => {
                Some(Filter::RequestHeaders(self.header_rules(rules.value, Stage::Request)))
            }
            raw::Filter::ResponseHeaders(Field::Given(rules)) => {
                Some(Filter::ResponseHeaders(self.header_rules(rules.value, Stage::Response)))
            }
            raw::Filter::Plugin(_) | raw::Filter::RequestHeaders(_) | raw::Filter::ResponseHeaders(_) => None,
        }
    }

    /// A time that is absent never contradicts one that is there.
    fn route_timeouts(&mut self, timeouts: raw::RouteTimeouts) -> RouteTimeouts {
        let default = RouteTimeouts::default();
        let (response_span, total_span) = (timeouts.response.span(), timeouts.total.span());
        let mut response = self.time(timeouts.response, default.response);
        let mut total = self.time(timeouts.total, default.total);
        let send = timeouts.send.span().map(|_| self.time(timeouts.send, default.send));
        let read = timeouts.read.span().map(|_| self.time(timeouts.read, default.read));
        match (response_span, total_span) {
            (Some(span), Some(_)) if response > total => {
                self.complain(span, "`response` is longer than `total`", None);
            }
            (Some(_), None) => total = total.max(response),
            _ => response = response.min(total),
        }
        let (send, read) = (send.unwrap_or(response), read.unwrap_or(response));
        let tunnel = self.time(timeouts.tunnel, default.tunnel);
        RouteTimeouts { response, send, read, total, tunnel }
    }
}
