//! What finding a route costs, and building the table: `cargo bench -p sandgate-routing --bench route_table`.
//!
//! Prints nanoseconds a request, the median of rounds, for tables of 10 and of 10,000 routes of each kind.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a benchmark"
)]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use config::{HostPattern, Letters, Matching, PathMatch, Pattern, Scheme, Template};
use http::{HeaderMap, Method};
use routing::{Match, Question, RouteTable, Routed};

const ROUNDS: usize = 51;
const REQUESTS: usize = 2_000;
const SIZES: [usize; 2] = [10, 10_000];

fn main() {
    for kind in ["prefix", "exact", "template", "regex", "host"] {
        let [few, many] = SIZES.map(|size| measure(kind, size));
        println!("{kind:9} {few:6.1} ns with 10 routes, {many:6.1} with 10,000: {:.2}", many / few);
    }
}

fn measure(kind: &str, size: usize) -> f64 {
    let routes: Vec<_> = (0..size).map(|at| (matching(kind, at), route(at))).collect();
    let began = Instant::now();
    let table = RouteTable::new(routes);
    let built = began.elapsed();
    if size == SIZES[1] {
        println!("{kind:9} {built:?} to build");
    }
    // As many different requests in each case: what differs is the table, not what the requests touch.
    let asked: Vec<_> = (0..SIZES[0]).map(|at| asked(kind, at * (size / SIZES[0]))).collect();
    let mut rounds: Vec<Duration> = (0..ROUNDS).map(|_| round(&table, &asked)).collect();
    rounds.sort();
    rounds[ROUNDS / 2].as_secs_f64() * 1e9 / REQUESTS as f64
}

fn round(table: &RouteTable<Route>, asked: &[(String, String)]) -> Duration {
    let fields = HeaderMap::new();
    let began = Instant::now();
    for (host, path) in asked.iter().cycle().take(REQUESTS) {
        let question = Question {
            host,
            path,
            query: "",
            method: &Method::GET,
            fields: &fields,
            source: IpAddr::V4(Ipv4Addr::LOCALHOST),
            scheme: Scheme::Http,
            listener: "web",
        };
        assert!(matches!(black_box(table.find(black_box(&question))), Match::Route(_)));
    }
    began.elapsed()
}

fn matching(kind: &str, at: usize) -> Matching {
    let regex = |text: String| PathMatch::Regex(Pattern::compile(&text, Letters::Exact).unwrap());
    let path = match kind {
        "prefix" => PathMatch::Prefix(format!("/service-{at}/")),
        "exact" => PathMatch::Exact(format!("/service-{at}/status")),
        "template" => PathMatch::Template(Template::parse(&format!("/users/{{id}}/part-{at}")).unwrap()),
        "regex" => regex(format!("^/service-{at}/v[0-9]+/")),
        _ => PathMatch::Prefix("/".to_owned()),
    };
    let hosts = if kind == "host" { vec![HostPattern::Exact(format!("site-{at}.example"))] } else { vec![] };
    Matching { hosts, path, methods: Vec::new(), conditions: Vec::new(), priority: 0 }
}

fn asked(kind: &str, at: usize) -> (String, String) {
    let path = match kind {
        "prefix" => format!("/service-{at}/some/page.html"),
        "exact" => format!("/service-{at}/status"),
        "template" => format!("/users/12345/part-{at}"),
        "regex" => format!("/service-{at}/v2/users"),
        _ => "/some/page.html".to_owned(),
    };
    (format!("site-{at}.example"), path)
}

/// What a route is to the table.
struct Route(Arc<str>);

impl Routed for Route {
    fn name(&self) -> &Arc<str> {
        &self.0
    }

    fn forwards(&self) -> bool {
        true
    }
}

fn route(at: usize) -> Route {
    Route(format!("route-{at}").into())
}
