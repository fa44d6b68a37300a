//! What a pick costs, the search for usable endpoints included: `cargo bench -p sandgate-balance`.
//!
//! Prints nanoseconds of one thread for each policy, with 16 and with 1,000 endpoints that are all usable.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use balance::{Algorithm, Bound, Hash, Indexes, Key, Policy, Tiers, Wanted, build};
use http::HeaderName;
use model::{
    Address, Candidates, Endpoint, Exchange, ExchangeId, Health, Latency, PassiveCheck, RequestHead,
    Standing, Step, WorkerId,
};

/// Picks of one measurement; the best of five counts.
const PICKS: u32 = 20_000;

fn main() {
    for count in [16, 1_000] {
        let endpoints: Vec<_> = (0..count).map(endpoint).collect();
        for (name, policy) in policies(&endpoints) {
            let best = (0..5).map(|_| measure(&policy, &endpoints)).min().unwrap();
            println!("{name:>24}, {count:>4} endpoints: {:>8.1} ns", best.as_secs_f64() * 1e9);
        }
    }
}

fn policies(endpoints: &[Arc<Endpoint>]) -> [(&'static str, Policy); 9] {
    let hash = |algorithm, bound| {
        let key = Key::Header(HeaderName::from_static("x-user"));
        Policy::Hash(Arc::new(Hash::new(key, algorithm, bound, endpoints)))
    };
    [
        ("round_robin", Policy::RoundRobin),
        ("random", Policy::Random),
        ("least_requests", Policy::LeastRequests),
        ("p2c", Policy::P2c),
        ("ewma", Policy::Ewma),
        ("ip_hash", Policy::IpHash),
        ("ketama", hash(Algorithm::Ketama, None)),
        ("maglev", hash(Algorithm::Maglev, None)),
        ("maglev, bounded load", hash(Algorithm::Maglev, Some(Bound(125)))),
    ]
}

fn measure(policy: &Policy, endpoints: &[Arc<Endpoint>]) -> Duration {
    let balancer = build(policy, endpoints);
    let tiers = Tiers::new(endpoints);
    let mut exchange = exchange();
    let mut usable = Indexes::new();
    let began = Instant::now();
    for _ in 0..PICKS {
        let wanted = Wanted { tried: &[], now_ms: 1, percent: || policy.percent(&exchange) };
        tiers.usable(endpoints, wanted, &mut usable);
        let Step::Done(back, choice) =
            balancer.pick(exchange, Candidates { endpoints, usable: &usable, tried: &[], now_ms: 1 })
        else {
            return Duration::MAX;
        };
        choice.unwrap();
        exchange = back;
    }
    began.elapsed() / PICKS
}

fn endpoint(number: u32) -> Arc<Endpoint> {
    let latency = Latency::new(Duration::from_secs(10));
    latency.observe(Duration::from_micros(u64::from(number) + 100), 1);
    Arc::new(Endpoint {
        address: Address::Tcp { host: "192.0.2.1".into(), port: 80, ip: None },
        scheme: model::EndpointScheme::Http,
        label: format!("http://192.0.2.1:{}", number + 1).into(),
        weight: number % 5 + 1,
        backup: false,
        health: Arc::new(Health::new(PassiveCheck::default())),
        standing: Standing { latency: Some(Arc::new(latency)), ..Standing::default() },
    })
}

fn exchange() -> Box<Exchange> {
    let client = SocketAddr::from(([192, 0, 2, 7], 40_000));
    let mut request = RequestHead::default();
    request.fields.insert("x-user", "alice".parse().unwrap());
    Box::new(Exchange::new(ExchangeId(1), WorkerId(0), client, Instant::now(), request))
}
