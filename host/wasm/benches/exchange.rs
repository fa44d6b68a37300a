//! What a plugin costs an exchange, the host's own work around it included: `cargo bench -p sandgate-wasm`.
//!
//! Needs `cargo xtask guests`. Prints CPU time of the thread, in microseconds an exchange.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use std::path::Path;
use std::time::{Duration, Instant};

use model::{CircuitRule, Exchange, ExchangeId, RequestHead, WorkerId};
use sandgate_wasm::{Engine, Grants, Isolation, Keep, Limits, OnFailure, Plugin, PluginSpec, ProxyWasmSpec};

const ROUNDS: u32 = 20_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let engine = Engine::new(None);
    for isolation in [Isolation::Exchange, Isolation::Resident] {
        for filters in [1, 10] {
            let cost = runtime.block_on(measure(&engine, isolation, filters));
            println!("{isolation:?}, {filters} filters: {:.2} us", cost.as_secs_f64() * 1e6);
        }
    }
}

async fn measure(engine: &Engine, isolation: Isolation, filters: usize) -> Duration {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests");
    let spec = PluginSpec {
        name: "add-header".into(),
        tenant: None,
        path: folder.join("add-header.wasm"),
        settings: None,
        keep: Keep::OnDisk,
        limits: Limits::default(),
        grants: Grants::default(),
        isolation: Some(isolation),
        on_failure: OnFailure::Closed,
        circuit: CircuitRule::default(),
        proxy_wasm: ProxyWasmSpec::default(),
    };
    let filter = Plugin::load(engine, spec, 1, None).await.unwrap().filter().unwrap();
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        for _ in 0..ROUNDS {
            let mut exchange = exchange();
            let mut calls: Vec<_> = (0..filters).map(|_| filter.begin(WorkerId(0))).collect();
            for call in &mut calls {
                let (back, verdict) = call.on_request(exchange).finish().await;
                verdict.unwrap();
                exchange = back;
            }
            for call in calls.iter_mut().rev() {
                let (back, verdict) = call.on_response(exchange).finish().await;
                verdict.unwrap();
                exchange = back;
            }
        }
        best = best.min(began.elapsed() / ROUNDS);
    }
    best
}

fn exchange() -> Box<Exchange> {
    let client = "192.0.2.1:80".parse().unwrap();
    let mut request = RequestHead::default();
    request.fields.insert("user-agent", http::HeaderValue::from_static("bench"));
    Box::new(Exchange::new(ExchangeId(1), WorkerId(0), client, Instant::now(), request))
}
