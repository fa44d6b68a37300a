//! Metrics of routes. What no route matched is counted under a name that no route can have.

use std::fmt;

use generation::Generation;
use prometheus_client::encoding::DescriptorEncoder;

use super::family::{Distribution, Family};

/// The label of what found no route. An empty one would be the same as none to Prometheus, and a word could be the
/// name of a route: those have no parentheses.
const NO_ROUTE: &str = "(none)";
/// What [`model::RouteLabel::by_class`] counts, in its order.
const CODES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

const REQUESTS: Family =
    Family::new("requests", "Requests that are over, by route and class of the answer's status.");
const DURATION: Family =
    Family::in_seconds("request_duration", "Time from a request's head to the end of its answer, by route.");

pub(super) fn encode(encoder: &mut DescriptorEncoder<'_>, generation: &Generation) -> fmt::Result {
    let routes =
        generation.routes.routes().iter().map(|route| (route.label.name.as_ref(), route.label.as_ref()));
    let labels: Vec<_> = routes.chain([(NO_ROUTE, generation.unrouted.as_ref())]).collect();
    let requests = labels.iter().flat_map(|(route, label)| {
        CODES
            .into_iter()
            .zip(label.by_class())
            .map(|(code, count)| ([("route", *route), ("code", code)], count))
    });
    REQUESTS.counters(encoder, requests)?;
    DURATION.histograms(
        encoder,
        labels.iter().map(|(route, label)| ([("route", *route)], Distribution::of(&label.durations()))),
    )
}
