//! Looking up names: the addresses of a host, and the places of a service (SRV, RFC 2782).
//!
//! One lookup, asked once. When to ask again and what to believe meanwhile is not decided here.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::{Resolver as Hickory, TokioResolver};

/// The most places that one name is believed to have; further ones are left out.
pub const PLACES_LIMIT: usize = 256;

/// Whom to ask, and how long to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverSettings {
    /// DNS servers; the system's when there are none.
    pub servers: Vec<SocketAddr>,
    /// How long one server may take to answer.
    pub timeout: Duration,
}

/// A name, and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameQuestion {
    /// The addresses of a host (A and AAAA).
    Host(Arc<str>),
    /// The places of a service (SRV), and their addresses.
    Service(Arc<str>),
}

impl fmt::Display for NameQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameQuestion::Host(name) => f.write_str(name),
            NameQuestion::Service(name) => write!(f, "SRV {name}"),
        }
    }
}

/// A place that a name leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Lower ones are to be used first; 0 for hosts.
    pub priority: u16,
    /// Its address.
    pub ip: IpAddr,
    /// Its host, where the name tells it.
    pub host: Option<Arc<str>>,
    /// Its port, where the name tells it.
    pub port: Option<u16>,
    /// Its share, where the name tells it.
    pub weight: Option<u16>,
}

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The places, sorted, so that two answers in different order are the same.
    pub places: Vec<Place>,
    /// For how long that may be believed.
    pub ttl: Duration,
}

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// No answer, or one that says there is no such name.
    #[error("{0}")]
    Lookup(#[from] NetError),
    /// An answer without an address.
    #[error("no addresses")]
    Empty,
    /// The system's settings can't be read.
    #[error("the system's DNS settings can't be used: {0}")]
    System(String),
}

/// Looks up names.
#[derive(Clone)]
pub struct Resolver(TokioResolver);

impl Resolver {
    /// Reads the system's settings where no servers are given.
    pub fn new(settings: &ResolverSettings) -> Result<Resolver, NameError> {
        let system = |error: NetError| NameError::System(error.to_string());
        let mut builder = if settings.servers.is_empty() {
            Hickory::builder_tokio().map_err(system)?
        } else {
            let servers = settings.servers.iter().map(|server| name_server(*server)).collect();
            let config = ResolverConfig::from_parts(None, Vec::new(), servers);
            Hickory::builder_with_config(config, TokioRuntimeProvider::default())
        };
        set(builder.options_mut(), settings.timeout);
        builder.build().map(Resolver).map_err(system)
    }

    /// Asks.
    pub async fn look_up(&self, question: &NameQuestion) -> Result<Found, NameError> {
        let mut found = match question {
            NameQuestion::Host(name) => self.host(name).await?,
            NameQuestion::Service(name) => self.service(name).await?,
        };
        found.places.sort_unstable();
        found.places.dedup();
        found.places.truncate(PLACES_LIMIT);
        if found.places.is_empty() { Err(NameError::Empty) } else { Ok(found) }
    }

    async fn host(&self, name: &str) -> Result<Found, NameError> {
        let answer = self.0.lookup_ip(name).await?;
        let place = |ip| Place { priority: 0, ip, host: None, port: None, weight: None };
        Ok(Found { places: answer.iter().map(place).collect(), ttl: left(answer.valid_until()) })
    }

    /// A service whose only target is `.` is not offered (RFC 2782).
    async fn service(&self, name: &str) -> Result<Found, NameError> {
        let answer = self.0.srv_lookup(name).await?;
        let mut found = Found { places: Vec::new(), ttl: left(answer.valid_until()) };
        let targets = answer.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(target) if !target.target.is_root() => Some(target),
            _ => None,
        });
        for target in targets.take(PLACES_LIMIT) {
            let host = self.host(&target.target.to_ascii()).await?;
            found.ttl = found.ttl.min(host.ttl);
            found.places.extend(host.places.into_iter().map(|place| at_target(place, target)));
        }
        Ok(found)
    }
}

fn at_target(place: Place, target: &SRV) -> Place {
    let host = target.target.to_ascii();
    let host = Some(Arc::from(host.trim_end_matches('.')));
    Place { priority: target.priority, host, port: Some(target.port), weight: Some(target.weight), ..place }
}

fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

fn name_server(address: SocketAddr) -> NameServerConfig {
    let at_port = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let connections = vec![at_port(ConnectionConfig::udp()), at_port(ConnectionConfig::tcp())];
    NameServerConfig::new(address.ip(), true, connections)
}

/// Nothing is cached below: whoever asks knows when an answer is too old.
fn set(options: &mut ResolverOpts, timeout: Duration) {
    options.timeout = timeout;
    options.attempts = 2;
    options.cache_size = 0;
    options.case_randomization = false;
}
