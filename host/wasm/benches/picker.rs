//! What a picker costs an attempt: `cargo bench -p sandgate-wasm --bench picker`.
//!
//! Needs `cargo xtask guests least-active`. Prints time of one thread, in microseconds a pick.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{
    Address, Candidates, CircuitRule, Endpoint, Exchange, ExchangeId, Health, Latency, PassiveCheck,
    RequestHead, Standing, Step, WorkerId,
};
use sandgate_wasm::{Engine, Grants, Isolation, Keep, Limits, OnFailure, Plugin, PluginSpec, ProxyWasmSpec};

const ROUNDS: u32 = 100;
/// Of each round.
const PICKS: u32 = 100;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = Engine::new(None);
    let plugin = runtime.block_on(load(&engine));
    for count in [2, 16, 128] {
        let cost = runtime.block_on(measure(&plugin, count));
        println!("{count} endpoints: {:.2} us", cost.as_secs_f64() * 1e6);
    }
}

async fn load(engine: &Engine) -> Plugin {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests");
    let spec = PluginSpec {
        name: "least-active".into(),
        tenant: None,
        path: folder.join("least-active.wasm"),
        settings: None,
        keep: Keep::OnDisk,
        limits: Limits::default(),
        grants: Grants::default(),
        isolation: Some(Isolation::Exchange),
        on_failure: OnFailure::Closed,
        circuit: CircuitRule::default(),
        proxy_wasm: ProxyWasmSpec::default(),
    };
    Plugin::load(engine, spec, 1, None).await.unwrap()
}

/// Of so many picks a millisecond as a worker makes: every 30 of them see another time.
async fn measure(plugin: &Plugin, count: u32) -> Duration {
    let endpoints: Vec<Arc<Endpoint>> = (0..count).map(endpoint).collect();
    let usable: Vec<u32> = (0..count).collect();
    let balancer = plugin.balancer(&endpoints).unwrap();
    let mut exchange = exchange();
    let mut best = Duration::MAX;
    for round in 0..ROUNDS {
        let began = Instant::now();
        let mut straight = 0;
        for pick in 0..PICKS {
            let now_ms = 1 + u64::from((round * PICKS + pick) / 30);
            let among = Candidates { endpoints: &endpoints, usable: &usable, tried: &[], now_ms };
            let step = balancer.pick(exchange, among);
            straight += u32::from(matches!(step, Step::Done(..)));
            let (back, choice) = step.finish().await;
            choice.unwrap();
            exchange = back;
        }
        // On a busy machine the plugin may be found slow, and is called in the slow lane for a while.
        if straight == PICKS {
            best = best.min(began.elapsed() / PICKS);
        }
    }
    best
}

fn endpoint(number: u32) -> Arc<Endpoint> {
    let latency = Latency::new(Duration::from_secs(10));
    latency.observe(Duration::from_micros(u64::from(number) + 100), 1);
    let check = PassiveCheck::default();
    Arc::new(Endpoint {
        address: Address::Tcp { host: "192.0.2.1".into(), port: 80, ip: None },
        scheme: model::EndpointScheme::Http,
        label: format!("http://192.0.2.1:{number}").into(),
        weight: 1 + number % 3,
        backup: false,
        health: Arc::new(Health::new(check)),
        standing: Standing { latency: Some(Arc::new(latency)), ..Standing::default() },
    })
}

fn exchange() -> Box<Exchange> {
    let client = "192.0.2.1:80".parse().unwrap();
    Box::new(Exchange::new(ExchangeId(1), WorkerId(0), client, Instant::now(), RequestHead::default()))
}
