//! A generation: everything built from one reading of the configuration. Immutable, shared by all workers, and freed
//! by the last exchange that began with it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use balance::{Policy, Tiers};
use config::ErrorPage;
use http::StatusCode;
use inbound::{Manner, ServerSettings};
use model::{DetourNames, Endpoint, Exchange, Filter, RouteLabel, Router, Tenant, UpstreamTimes};
use outbound::PoolSettings;
use relay::forwarded::TrustedProxies;
use rewriting::Rewriting;
use routing::{Parts, RouteTable, Routed};
use transport::{Announcers, ServerTls};
use upkeep::{Beat, Book, WeighRule};
use wasm::Engine;

use crate::buffering::Buffering;
use crate::destination::Destination;
use crate::resilience::{Fallback, Resilience, RetryPolicy};
use crate::sticky::Sticky;

/// Everything built from one reading of the configuration.
pub struct Generation {
    /// Counts generations from 1.
    pub number: u64,
    /// What it was built from.
    pub config: Arc<config::Config>,
    /// Its listeners.
    pub listeners: Vec<Listener>,
    /// Its routes.
    pub routes: RouteTable<Route>,
    /// What is asked before the routes.
    pub router: Option<Arc<dyn Router>>,
    /// What is asked where an upstream could not answer: the same, if it has a say on that.
    pub rerouter: Option<Arc<dyn Router>>,
    /// Its upstreams; routes name them by index.
    pub upstreams: Vec<Arc<Upstream>>,
    /// Its tenants, in the order of the configuration's.
    pub tenants: Vec<Arc<Tenant>>,
    /// How requests of plugins go to the upstreams that they are granted, by the upstreams' names.
    pub callouts: HashMap<Arc<str>, Route>,
    /// Its plugins.
    pub plugins: Vec<wasm::Plugin>,
    /// Where the names of its endpoints lead.
    pub names: Arc<Book>,
    /// What is counted of exchanges that found no route.
    pub unrouted: Arc<RouteLabel>,
    /// How many workers may count in it: as many as there are, and were, at a time.
    pub places: usize,
    /// Whose word on clients is taken.
    pub trusted_proxies: TrustedProxies,
    /// How connections of clients are served.
    pub server: ServerSettings,
    /// Connections of clients that a worker may have at a time.
    pub connections: usize,
    /// Whether lines of the access log say something of fields of responses, which have to be kept for them.
    pub log_reads_fields: bool,
    /// Whether a line of the access log says what plugins cost.
    pub log_tells_costs: bool,
    /// What has compiled its plugins.
    pub engine: Engine,
    /// Whether any answer may get a page.
    pub has_error_pages: bool,
}

impl Generation {
    /// The place of an upstream in [`Generation::upstreams`], which are in the order of the configuration's. Without a search: a
    /// reload asks for each of what may be thousands.
    pub fn place_of(&self, upstream: &str) -> Option<usize> {
        self.config.upstreams.get_index_of(upstream)
    }

    /// What the patrol is to walk.
    pub fn beats(&self) -> Vec<Arc<Beat>> {
        self.upstreams.iter().map(|upstream| Arc::new(upstream.beat())).collect()
    }
}

impl DetourNames for Generation {
    fn has_route(&self, name: &str) -> bool {
        self.routes.named(name).is_some_and(|route| route.destination.is_upstream())
    }

    fn has_upstream(&self, name: &str) -> bool {
        self.place_of(name).is_some()
    }
}

impl std::fmt::Debug for Generation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generation").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Where requests are accepted, beside the address that the configuration has.
pub struct Listener {
    /// Its name.
    pub name: Arc<str>,
    /// Who announces its clients by the PROXY protocol, if somebody does.
    pub announcers: Option<Announcers>,
    /// TLS, if it is spoken.
    pub tls: Option<Arc<ServerTls>>,
    /// What it shows to clients.
    pub certificates: Vec<ServerCertificate>,
}

impl Listener {
    /// What its connections begin with.
    pub fn manner(&self) -> Manner {
        Manner { announcers: self.announcers.clone(), tls: self.tls.clone() }
    }
}

/// A certificate that clients are shown.
pub struct ServerCertificate {
    /// Its file.
    pub path: PathBuf,
    /// The last moment at which it is valid, in seconds since 1970.
    pub not_after: i64,
}

/// Which requests, through which filters, to which upstream.
pub struct Route {
    /// Its name and counters.
    pub label: Arc<RouteLabel>,
    /// Whose it is, if it is a tenant's.
    pub tenant: Option<Owner>,
    /// What its patterns capture of a request.
    pub parts: Option<Box<Parts>>,
    /// Filters, in the order requests pass them.
    pub filters: Vec<Arc<dyn Filter>>,
    /// Where its requests go.
    pub destination: Destination,
    /// The status that sends clients without TLS to the same URI with it.
    pub https: Option<StatusCode>,
    /// What is rewritten, if anything.
    pub rewriting: Option<Box<Rewriting>>,
    /// What answers that report an error say.
    pub error_pages: Vec<ErrorPage>,
    /// How long the endpoint may take.
    pub timeouts: Timeouts,
    /// Bytes of a request's body.
    pub body_limit: u64,
    /// Which bodies are kept on their way, if any are.
    pub buffering: Option<Box<Buffering>>,
    /// Protocols that a client may change to, in lower case.
    pub upgrades: Vec<Arc<str>>,
    /// When the request is sent again.
    pub retries: RetryPolicy,
    /// What answers when the upstream can't.
    pub fallback: Option<Fallback>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Route").field("name", &self.label.name).finish_non_exhaustive()
    }
}

impl Routed for Route {
    fn name(&self) -> &Arc<str> {
        &self.label.name
    }

    fn forwards(&self) -> bool {
        self.destination.is_upstream()
    }
}

/// Whose a route is.
pub struct Owner {
    /// The tenant.
    pub tenant: Arc<Tenant>,
    /// Whether requests have its guests compute: a filter or the choice of an endpoint is a plugin's.
    pub runs_guests: bool,
}

/// How long an endpoint may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Each attempt, until the head of the answer is here.
    pub response: Duration,
    /// Between two parts of the request's body that the endpoint takes.
    pub send: Duration,
    /// Between two parts of the answer's body.
    pub read: Duration,
    /// All attempts together, until the head of the answer is here.
    pub total: Duration,
    /// After a change of protocol, how long nothing may come from either side.
    pub tunnel: Duration,
}

/// Endpoints that can stand in for one another.
pub struct Upstream {
    /// Its name.
    pub name: Arc<str>,
    /// Its endpoints.
    pub endpoints: Vec<Arc<Endpoint>>,
    /// Their priorities.
    pub tiers: Tiers,
    /// How to choose among them.
    pub balance: Balance,
    /// What gives the endpoints their weights, and how often, if anything does.
    pub weighing: Option<WeighRule>,
    /// What brings clients back to the endpoint that answered them.
    pub sticky: Option<Sticky>,
    /// How connections to them are made and kept.
    pub pool: PoolSettings,
    /// How long they took.
    pub times: Arc<UpstreamTimes>,
    /// What is done about failures.
    pub resilience: Resilience,
}

impl Upstream {
    /// What the patrol sees of it.
    fn beat(&self) -> Beat {
        Beat {
            name: Arc::clone(&self.name),
            endpoints: self.endpoints.clone(),
            pool: self.pool.clone(),
            checks: self.resilience.health.clone(),
            outliers: self.resilience.outliers,
            weighing: self.weighing.clone(),
        }
    }
}

/// How to choose among endpoints.
pub enum Balance {
    /// As the host can.
    Native(Policy),
    /// As a plugin says; where it says nothing, as the host can, if the file says how.
    Plugin(wasm::Plugin, Option<Policy>),
}

impl Balance {
    /// A number below 100 that says to which part of the load an exchange belongs.
    pub fn percent(&self, exchange: &Exchange) -> u32 {
        match self {
            Balance::Native(policy) => policy.percent(exchange),
            Balance::Plugin(..) => Policy::Random.percent(exchange),
        }
    }
}
