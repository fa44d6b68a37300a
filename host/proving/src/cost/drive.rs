//! An exchange without a proxy: every hook of a plugin, once, in the order of the Pipe.

use std::sync::Arc;
use std::time::Duration;

use model::{
    Address, Balancer, Candidates, Endpoint, EndpointScheme, Exchange, Fault, FaultKind, Filter, FilterCall,
    Health, Hooks, Latency, Loads, Outcome, PassiveCheck, PluginFault, RouteNames, Router, Standing, Step,
    Weigher, WholeBody, WorkerId,
};
use wasm::Plugin;

use crate::exchange::Asked;

/// How many endpoints a picker chooses from.
const ENDPOINTS: u16 = 16;

/// A plugin, as all that it can be of what requests reach.
pub(super) struct Driven {
    router: Option<Arc<dyn Router>>,
    filter: Option<Arc<dyn Filter>>,
    balancer: Option<Box<dyn Balancer>>,
    weigher: Option<Arc<dyn Weigher>>,
    endpoints: Vec<Arc<Endpoint>>,
}

/// Whatever a router names is there.
struct AnyRoute;

impl RouteNames for AnyRoute {
    fn has(&self, _name: &str) -> bool {
        true
    }
}

impl Driven {
    pub(super) fn of(plugin: &Plugin) -> Option<Driven> {
        let endpoints: Vec<_> = (0..ENDPOINTS).map(endpoint).collect();
        let (router, filter) = (plugin.router(), plugin.filter());
        let (balancer, weigher) = (plugin.balancer(&endpoints), plugin.weigher(&endpoints));
        let driven = Driven { router, filter, balancer, weigher, endpoints };
        (!driven.always_stays() || driven.balancer.is_some() || driven.weigher.is_some()).then_some(driven)
    }

    /// Whether it is nothing but a policy, whose instance stays whatever the configuration says.
    pub(super) fn always_stays(&self) -> bool {
        self.router.is_none() && self.filter.is_none()
    }

    /// One exchange from its first hook to its last; a weigher is asked once.
    pub(super) async fn exchange(&self, asked: &Asked) -> Result<(), Fault> {
        let mut exchange = asked.exchange();
        if let Some(router) = &self.router {
            exchange = done(router.route(exchange, &AnyRoute)).await?;
        }
        let mut call = self.filter.as_ref().map(|filter| (filter.hooks(), filter.begin(WorkerId(0))));
        if let Some((hooks, call)) = &mut call {
            exchange = way_in(call.as_mut(), *hooks, exchange, &asked.body).await?;
        }
        if let Some(balancer) = &self.balancer {
            exchange = self.pick(balancer.as_ref(), exchange).await?;
        }
        if let Some((hooks, call)) = &mut call {
            way_out(call.as_mut(), *hooks, exchange, &asked.body).await?;
        }
        self.weigh().await
    }

    async fn weigh(&self) -> Result<(), Fault> {
        let Some(weigher) = &self.weigher else { return Ok(()) };
        let weights = weigher.weigh(Loads::of(&self.endpoints, 1)).await;
        let failed =
            || Fault::new(FaultKind::Plugin(PluginFault::Invalid), "it gave no weights: see the log");
        weights.map(drop).ok_or_else(failed)
    }

    async fn pick(&self, balancer: &dyn Balancer, exchange: Box<Exchange>) -> Result<Box<Exchange>, Fault> {
        let usable: Vec<u32> = (0..u32::from(ENDPOINTS)).collect();
        let among = Candidates { endpoints: &self.endpoints, usable: &usable, tried: &[], now_ms: 1 };
        done(balancer.pick(exchange, among)).await
    }
}

async fn way_in(
    call: &mut dyn FilterCall,
    hooks: Hooks,
    exchange: Box<Exchange>,
    body: &WholeBody,
) -> Result<Box<Exchange>, Fault> {
    let exchange = done(call.on_request(exchange)).await?;
    match call.asks().is_some() || (hooks.request_body && !body.is_empty()) {
        true => done(call.on_request_body(exchange, body.clone())).await,
        false => Ok(exchange),
    }
}

async fn way_out(
    call: &mut dyn FilterCall,
    hooks: Hooks,
    exchange: Box<Exchange>,
    body: &WholeBody,
) -> Result<(), Fault> {
    let mut exchange = done(call.on_response(exchange)).await?;
    if call.asks().is_some() || (hooks.response_body && !body.is_empty()) {
        exchange = done(call.on_response_body(exchange, body.clone())).await?;
    }
    done(call.on_log(exchange, &outcome())).await.map(drop)
}

/// The exchange, once the hook has answered, whatever it was.
async fn done<T>(step: Step<'_, Result<T, Fault>>) -> Result<Box<Exchange>, Fault> {
    let (exchange, answer) = step.finish().await;
    answer.map(|_| exchange)
}

fn outcome() -> Outcome {
    Outcome { status: 200, fault: None, duration_us: 1000, body_bytes: 0, endpoint: None }
}

fn endpoint(number: u16) -> Arc<Endpoint> {
    let latency = Latency::new(Duration::from_secs(10));
    latency.observe(Duration::from_micros(u64::from(number) + 100), 1);
    Arc::new(Endpoint {
        address: Address::Tcp { host: "192.0.2.1".into(), port: 80, ip: None },
        scheme: EndpointScheme::Http,
        label: format!("http://192.0.2.1:{number}").into(),
        weight: 1,
        backup: false,
        health: Arc::new(Health::new(PassiveCheck::default())),
        standing: Standing { latency: Some(Arc::new(latency)), ..Standing::default() },
    })
}
