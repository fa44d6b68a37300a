//! What the tests share: endpoints, and a pick without the ceremony.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{
    Address, Balancer, Candidates, Choice, Endpoint, Exchange, ExchangeId, Health, InFlight, PassiveCheck,
    RequestHead, Standing, Step, WorkerId,
};

/// When the tests pick.
pub(crate) const NOW: u64 = 1_000;

/// An upstream to pick from.
pub(crate) struct Bench {
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
}

impl Bench {
    /// Primaries of these weights.
    pub(crate) fn new(weights: &[u32]) -> Self {
        let numbered = (1u16..).zip(weights).map(|(number, weight)| Endpoint {
            label: format!("http://192.0.2.1:{number}").into(),
            ..endpoint(*weight)
        });
        Bench { endpoints: numbered.map(Arc::new).collect() }
    }

    /// What the balancer picks for a client that doesn't matter.
    pub(crate) fn pick(&self, balancer: &dyn Balancer, usable: &[u32]) -> u32 {
        self.pick_for(IpAddr::V4(Ipv4Addr::LOCALHOST), balancer, usable)
    }

    /// What the balancer picks for that client.
    pub(crate) fn pick_for(&self, client: IpAddr, balancer: &dyn Balancer, usable: &[u32]) -> u32 {
        self.pick_by(exchange(client), balancer, usable)
    }

    /// What the balancer picks for that exchange.
    pub(crate) fn pick_by(&self, exchange: Box<Exchange>, balancer: &dyn Balancer, usable: &[u32]) -> u32 {
        let among = Candidates { endpoints: &self.endpoints, usable, tried: &[], now_ms: NOW };
        match balancer.pick(exchange, among) {
            Step::Done(_, Ok(Choice::Endpoint(index))) => index,
            _ => panic!("no endpoint of {usable:?} was picked at once"),
        }
    }
}

/// An endpoint that `max_fails` of 3 marks.
pub(crate) fn endpoint(weight: u32) -> Endpoint {
    let check = PassiveCheck { max_fails: 3, fail_timeout: Duration::from_secs(10) };
    Endpoint {
        address: Address::Tcp { host: "192.0.2.1".into(), port: 80, ip: None },
        scheme: model::EndpointScheme::Http,
        label: "http://192.0.2.1".into(),
        weight,
        backup: false,
        health: Arc::new(Health::new(check)),
        standing: Standing::default(),
    }
}

/// So many requests under way at an endpoint.
pub(crate) fn busy(bench: &Bench, index: usize, requests: usize) -> Vec<InFlight> {
    (0..requests).map(|_| bench.endpoints[index].health.begin()).collect()
}

pub(crate) fn exchange(client: IpAddr) -> Box<Exchange> {
    let client = SocketAddr::new(client, 40_000);
    Box::new(Exchange::new(ExchangeId(1), WorkerId(0), client, Instant::now(), RequestHead::default()))
}
