//! A pick allocates nothing, whatever the policy and however many endpoints there are.

#![expect(unsafe_code, reason = "an allocator that counts is one")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use balance::{Algorithm, Bound, Hash, Indexes, Key, Policy, Tiers, Wanted, build};
use model::{
    Address, Candidates, Course, Endpoint, Exchange, ExchangeId, Health, Latency, PassiveCheck, RequestHead,
    Standing, Step, WarmUp, WorkerId,
};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// Counts what its thread allocates.
struct Counting;

// SAFETY: everything is the system allocator's; counting touches a thread-local that needs no allocation.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn a_pick_allocates_nothing() {
    for (count, tiers) in [(16, 1), (1_000, 3)] {
        let endpoints: Vec<_> = (0..count).map(|number| endpoint(number, number % tiers)).collect();
        for (place, policy) in policies(&endpoints).iter().enumerate() {
            assert_eq!(allocations(policy, &endpoints), 0, "{count} endpoints, policy {place} of the list");
        }
    }
}

fn policies(endpoints: &[Arc<Endpoint>]) -> Vec<Policy> {
    let hash = |key, algorithm, bound| Policy::Hash(Arc::new(Hash::new(key, algorithm, bound, endpoints)));
    vec![
        Policy::RoundRobin,
        Policy::Random,
        Policy::LeastRequests,
        Policy::P2c,
        Policy::Ewma,
        Policy::IpHash,
        hash(Key::ClientIp, Algorithm::Ketama, None),
        hash(Key::Host, Algorithm::Maglev, Some(Bound(125))),
        hash(Key::Cookie("sid".into()), Algorithm::Maglev, None),
    ]
}

fn allocations(policy: &Policy, endpoints: &[Arc<Endpoint>]) -> usize {
    let (balancer, tiers) = (build(policy, endpoints), Tiers::new(endpoints));
    let mut usable = Indexes::new();
    let mut exchange = exchange();
    let mut before = 0;
    // The first pick may make room in the list of candidates, and a thread's generator of random numbers.
    for pick in 0..50 {
        if pick == 1 {
            before = ALLOCATIONS.get();
        }
        let wanted = Wanted { tried: &[], now_ms: 5_000, percent: || policy.percent(&exchange) };
        tiers.usable(endpoints, wanted, &mut usable);
        let among = Candidates { endpoints, usable: &usable, tried: &[], now_ms: 5_000 };
        let Step::Done(back, choice) = balancer.pick(exchange, among) else {
            panic!("a native policy waits")
        };
        choice.unwrap();
        exchange = back;
    }
    ALLOCATIONS.get() - before
}

fn endpoint(number: u32, tier: u32) -> Arc<Endpoint> {
    let latency = Arc::new(Latency::new(Duration::from_secs(10)));
    latency.observe(Duration::from_millis(5), 4_000);
    Arc::new(Endpoint {
        address: Address::Tcp { host: "192.0.2.1".into(), port: 80, ip: None },
        scheme: model::EndpointScheme::Http,
        label: format!("http://192.0.2.1:{}", number + 1).into(),
        weight: number % 5 + 1,
        backup: false,
        health: Arc::new(Health::new(PassiveCheck::default())),
        standing: Standing {
            priority: u8::try_from(tier).unwrap(),
            warm_up: Some(WarmUp::new(Duration::from_secs(10), Arc::new(Course::joined(4_000)))),
            latency: Some(latency),
            ..Standing::default()
        },
    })
}

fn exchange() -> Box<Exchange> {
    let client = SocketAddr::from(([192, 0, 2, 7], 40_000));
    let mut request = RequestHead::default();
    request.fields.insert("host", "Www.Example.com".parse().unwrap());
    request.fields.insert("cookie", "a=b; sid=s1".parse().unwrap());
    Box::new(Exchange::new(ExchangeId(1), WorkerId(0), client, Instant::now(), request))
}
