//! Assembling a generation: plugins are loaded, references resolved, and what is counted of things that stay the same
//! is carried over.
//!
//! Nothing here is on a request's way. A configuration that can't be assembled is refused whole.

mod callouts;
mod connections;
mod endpoints;
mod listeners;
mod plugins;
mod policy;
mod services;
mod settings;
mod spec;
mod tenants;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use balance::Tiers;
use config::{Access, Config, LineFormat, LogField, Matching, Switch};
use document::{Diagnostic, Report};
use filters::{HeaderFilter, Rules};
use inbound::{HeadLimits, Http2Settings, ServerSettings, ServerTimeouts};
use ledger::AccessLog;
use model::{Endpoint, Filter, RouteLabel, Template, Tenant, UpstreamTimes, Variable};
use rewriting::Rewriting;
use routing::{Parts, RouteTable};
use upkeep::{Book, WeighRule};
use wasm::{Engine, OwnMetrics, Plugin};

use crate::buffering::Buffering;
use crate::destination::{Destination, Split};
use crate::generation::{Balance, Generation, Owner, Route, Upstream};
use crate::resilience::{Fallback, Resilience, RetryPolicy};
use crate::sticky::Sticky;
use endpoints::Weights;
use plugins::Wanted;

/// How often a weigher is asked, if the file does not say.
const WEIGH_INTERVAL: Duration = Duration::from_secs(5);

/// The name that exchanges without a route are counted under.
const UNROUTED: &str = "";

/// Builds a generation, or says all that is wrong. `places` is for how many workers there has to be room to count.
pub async fn assemble(
    engine: &Engine,
    config: Arc<Config>,
    before: Option<&Generation>,
    book: Arc<Book>,
    places: usize,
) -> Result<Generation, Report> {
    // What workers have counted that are gone is kept.
    let places = before.map_or(places, |before| before.places.max(places));
    let mut faults = Vec::new();
    let tenants = tenants::tenants(&config, before, &mut faults);
    let mut assembly = Assembly { config: &config, tenants: &tenants, before, book: &book, places, faults };
    assembly.check_log();
    assembly.check_spill_folders();
    let listeners = assembly.listeners();
    let engine = match before {
        Some(_) => engine.clone().in_background(),
        None => engine.clone(),
    };
    let plugins = assembly.plugins(&engine).await;
    assembly.check_metrics(&plugins);
    let upstreams = assembly.upstreams(&plugins);
    let routes = assembly.route_table(&plugins);
    let router = assembly.router(&plugins);
    let unrouted = assembly.label(&Arc::from(UNROUTED));
    if !assembly.faults.is_empty() {
        return Err(Report::new(assembly.faults));
    }
    Ok(Generation {
        number: before.map_or(1, |before| before.number + 1),
        listeners,
        routes,
        rerouter: router.clone().filter(|router| router.reroutes()),
        router,
        upstreams,
        tenants,
        callouts: callouts::routes(&config, places),
        plugins: plugins.into_values().collect(),
        unrouted,
        places,
        trusted_proxies: config.server.trusted_proxies.clone(),
        server: server_settings(&config),
        connections: config.server.limits.connections,
        log_reads_fields: log_reads_fields(&config),
        log_tells_costs: log_tells_costs(&config),
        engine,
        has_error_pages: has_error_pages(&config),
        names: book,
        config,
    })
}

type Plugins = HashMap<Arc<str>, Plugin>;

struct Assembly<'a> {
    config: &'a Config,
    /// In the configuration's order.
    tenants: &'a [Arc<Tenant>],
    before: Option<&'a Generation>,
    book: &'a Book,
    places: usize,
    faults: Vec<Diagnostic>,
}

impl Assembly<'_> {
    fn check_log(&mut self) {
        if let Err((path, error)) = AccessLog::check(&self.config.log.access) {
            let message = format!("the access log {} can't be opened: {error}", path.display());
            self.faults.push(self.config.complain(self.config.log.access_span, message, None));
        }
    }

    /// A folder that can't hold files is better known now than when the first long body comes.
    fn check_spill_folders(&mut self) {
        let mut seen = HashSet::new();
        for route in &self.config.routes {
            let buffering = &route.buffering;
            let spills = buffering.request == Switch::On && buffering.disk > 0;
            if !spills || !seen.insert(&buffering.path) {
                continue;
            }
            if let Err(error) = message::check_folder(&buffering.path) {
                let message =
                    format!("no file can be made in the folder {}: {error}", buffering.path.display());
                let help =
                    Some("bodies of requests are kept there; `disk: 0` keeps none in files".to_owned());
                self.faults.push(self.config.complain(buffering.span, message, help));
            }
        }
    }

    async fn plugins(&mut self, engine: &Engine) -> Plugins {
        let mut before: HashMap<&str, &Plugin> = HashMap::new();
        before.extend(self.before.iter().flat_map(|b| &b.plugins).map(|old| (old.name().as_ref(), old)));
        let wanted = self.config.plugins.values().map(|plugin| Wanted {
            spec: spec::of(self.config, plugin, self.tenant(plugin.tenant.as_deref())),
            places: self.places,
            before: before.get(plugin.name.as_ref()).copied().cloned(),
        });
        let mut loaded = plugins::load(engine, wanted.collect()).await;
        let mut plugins = Plugins::new();
        for (name, plugin) in &self.config.plugins {
            match loaded.remove(name) {
                Some(Ok(loaded)) => {
                    self.check_fallback(plugin, &loaded);
                    plugins.insert(Arc::clone(name), loaded);
                }
                Some(Err(error)) => self.faults.extend(settings::faults(self.config, plugin, &error)),
                None => {}
            }
        }
        plugins
    }

    /// Only a choice can be left to the host.
    fn check_fallback(&mut self, plugin: &config::Plugin, loaded: &Plugin) {
        if plugin.on_failure == config::OnFailure::Fallback && !loaded.is_picker() {
            let name = &plugin.name;
            let message =
                format!("plugin `{name}` does not export `picker`: there is no choice to leave to the host");
            let help = Some("expected `on_failure: closed` or `open`".to_owned());
            self.faults.push(self.config.complain(plugin.span, message, help));
        }
    }

    /// Metrics of one name are shown together, so they have to be of one kind. Those of tenants' plugins have theirs in the
    /// name: no tenant is to stand in another's way.
    fn check_metrics(&mut self, plugins: &Plugins) {
        let mut seen: HashMap<&str, (&Arc<str>, &'static str)> = HashMap::new();
        let operators = self.config.plugins.iter().filter(|(_, plugin)| plugin.tenant.is_none());
        for (name, plugin) in operators {
            let own = plugins.get(name).and_then(Plugin::metrics).into_iter().flat_map(OwnMetrics::iter);
            for metric in own.map(|metric| &metric.declaration) {
                let kind = metric.kind.name();
                let (first, other) = *seen.entry(&metric.name).or_insert((name, kind));
                if other == kind {
                    continue;
                }
                let metric = &metric.name;
                let message = format!(
                    "plugin `{name}` has the metric `{metric}` as a {kind}, plugin `{first}` as a {other}"
                );
                let help = "metrics of one name are shown as one, so they have to be of one kind".to_owned();
                self.faults.push(self.config.complain(plugin.span, message, Some(help)));
            }
        }
    }

    fn upstreams(&mut self, plugins: &Plugins) -> Vec<Arc<Upstream>> {
        let config = self.config;
        config.upstreams.values().map(|upstream| Arc::new(self.upstream(upstream, plugins))).collect()
    }

    fn upstream(&mut self, upstream: &config::Upstream, plugins: &Plugins) -> Upstream {
        let old = self.before.and_then(|before| before.upstreams.get(before.place_of(&upstream.name)?));
        let weighs = plugin_of(upstream, plugins).is_some_and(Plugin::is_weigher);
        let weighed = if weighs { Weights::Given } else { Weights::Written };
        let endpoints = endpoints::endpoints(upstream, self.book, old.map(AsRef::as_ref), weighed);
        let (balance, weighing) = match &upstream.balance {
            config::Balance::Plugin(plugin) => self.plugin_balance(plugin, upstream, plugins, &endpoints),
            native => (Balance::Native(policy::native(native, &endpoints)), None),
        };
        let sticky = upstream.sticky.as_ref().map(|sticky| Sticky::new(sticky, &upstream.name, &endpoints));
        let pool = self.pool(upstream, old.map(AsRef::as_ref));
        let resilience = Resilience::new(upstream, old.map(|old| &old.resilience));
        let times = old.map(|old| old.times.fitting(self.places));
        Upstream {
            name: Arc::clone(&upstream.name),
            tiers: Tiers::new(&endpoints),
            endpoints,
            balance,
            weighing,
            sticky,
            pool,
            times: times.unwrap_or_else(|| Arc::new(UpstreamTimes::new(self.places))),
            resilience,
        }
    }

    /// A plugin chooses by itself, or gives the weights by which the host does.
    fn plugin_balance(
        &mut self,
        balance: &config::PluginBalance,
        upstream: &config::Upstream,
        plugins: &Plugins,
        endpoints: &[Arc<Endpoint>],
    ) -> (Balance, Option<WeighRule>) {
        let native = Balance::Native(policy::weighted(balance.policy.unwrap_or_default()));
        // That it can't be loaded was said.
        let Some(plugin) = plugins.get(&balance.name) else { return (native, None) };
        let name = &balance.name;
        let problem = match (plugin.is_picker(), plugin.weigher(endpoints)) {
            (true, Some(_)) => {
                format!("plugin `{name}` exports both `picker` and `weigher`: one of them is to decide")
            }
            (true, None) if balance.interval.is_some() => format!(
                "plugin `{name}` chooses for each request: `interval` is for one that exports `weigher`"
            ),
            (true, None) => {
                return (Balance::Plugin(plugin.clone(), balance.policy.map(policy::weighted)), None);
            }
            (false, Some(weigher)) => {
                let interval = balance.interval.unwrap_or(WEIGH_INTERVAL);
                return (native, Some(WeighRule { weigher, interval }));
            }
            (false, None) => {
                format!("plugin `{name}` can't balance: it exports neither `picker` nor `weigher`")
            }
        };
        self.faults.push(self.config.complain(upstream.balance_span, problem, None));
        (native, None)
    }

    /// The same configuration has the same table: what may have changed is what it leads to.
    fn route_table(&mut self, plugins: &Plugins) -> RouteTable<Route> {
        let config = self.config;
        let routes: Vec<Route> = config.routes.iter().map(|route| self.route(route, plugins)).collect();
        match self.before.filter(|before| std::ptr::eq(before.config.as_ref(), config)) {
            Some(before) => before.routes.leading_to(routes),
            None => RouteTable::new(matchings(config).zip(routes).collect()),
        }
    }

    fn route(&mut self, route: &config::Route, plugins: &Plugins) -> Route {
        let mut filters = Vec::new();
        for (filter, span) in route.filters.iter().zip(&route.filter_spans) {
            match self.filter(filter, plugins) {
                Ok(filter) => {
                    self.check_around(filter.as_deref(), *span);
                    filters.extend(filter);
                }
                Err(message) => self.faults.push(self.config.complain(*span, message, None)),
            }
        }
        Route {
            label: self.label(&route.name),
            tenant: self.owner(route),
            parts: Parts::of(&route.matches),
            upgrades: services::upgrades(route, &filters),
            filters,
            destination: self.destination(route, plugins),
            https: route.https,
            rewriting: Rewriting::of(route),
            error_pages: route.error_pages.clone(),
            timeouts: connections::timeouts(&route.timeouts),
            body_limit: body_limit(route.body_limit),
            buffering: Buffering::of(&route.buffering, self.config.server.buffers),
            retries: RetryPolicy::new(&route.retries),
            fallback: route.fallback.as_ref().map(|f| Fallback::new(f, |name| self.upstream_index(name))),
        }
    }

    fn tenant(&self, name: Option<&str>) -> Option<Arc<Tenant>> {
        let at = self.config.tenants.get_index_of(name?)?;
        self.tenants.get(at).map(Arc::clone)
    }

    fn owner(&self, route: &config::Route) -> Option<Owner> {
        let tenant = self.tenant(route.tenant.as_deref())?;
        let is_plugins = |filter: &config::Filter| matches!(filter, config::Filter::Plugin(_));
        let chosen_by_one = || route.destination.upstreams().any(|name| self.is_chosen_by_plugin(name));
        let runs_guests = route.filters.iter().any(is_plugins)
            || matches!(route.destination, config::Destination::Service(_))
            || chosen_by_one();
        Some(Owner { tenant, runs_guests })
    }

    fn is_chosen_by_plugin(&self, upstream: &str) -> bool {
        let balance = self.config.upstreams.get(upstream).map(|upstream| &upstream.balance);
        matches!(balance, Some(config::Balance::Plugin(_)))
    }

    fn upstream_index(&self, name: &str) -> usize {
        // Names lead somewhere: that was checked.
        self.config.upstreams.get_index_of(name).unwrap_or(usize::MAX)
    }

    fn destination(&mut self, route: &config::Route, plugins: &Plugins) -> Destination {
        match &route.destination {
            config::Destination::Upstream(name) => Destination::Upstream(self.upstream_index(name)),
            config::Destination::Split(shares) => {
                let shares = shares.iter().map(|share| (share.weight, self.upstream_index(&share.upstream)));
                Destination::Split(Split::new(shares))
            }
            config::Destination::Redirect(redirect) => Destination::Redirect(Box::new(redirect.clone())),
            config::Destination::Respond(respond) => Destination::Respond(Box::new(respond.clone())),
            config::Destination::Service(name) => self.service(route, name, plugins),
        }
    }

    fn filter(&self, filter: &config::Filter, plugins: &Plugins) -> Result<Option<Arc<dyn Filter>>, String> {
        let headers = |request: Rules, response: Rules| match HeaderFilter::new(request, response) {
            Ok(filter) => Ok(Some(Arc::new(filter) as Arc<dyn Filter>)),
            Err(error) => Err(error.to_string()),
        };
        match filter {
            config::Filter::RequestHeaders(rules) => headers(rules_of(rules), Rules::default()),
            config::Filter::ResponseHeaders(rules) => headers(Rules::default(), rules_of(rules)),
            config::Filter::Plugin(name) => match plugins.get(name) {
                Some(plugin) => plugin.filter().map(Some).ok_or_else(|| {
                    format!(
                        "plugin `{name}` can't filter: it exports none of on-request, on-request-body, on-response, \
                         on-response-body and on-log"
                    )
                }),
                None => Ok(None),
            },
        }
    }

    fn router(&mut self, plugins: &Plugins) -> Option<Arc<dyn model::Router>> {
        let name = self.config.router.as_ref()?;
        let router = plugins.get(name)?.router();
        if router.is_none() {
            let message = format!("plugin `{name}` can't route: it does not export `router`");
            self.faults.push(self.config.complain(self.config.router_span, message, None));
        }
        router
    }

    /// A route's label, with what was counted under its name before.
    fn label(&self, name: &Arc<str>) -> Arc<RouteLabel> {
        let old = self.before.and_then(|before| match name.as_ref() {
            UNROUTED => Some(before.unrouted.fitting(self.places)),
            name => before.routes.named(name).map(|route| route.label.fitting(self.places)),
        });
        old.unwrap_or_else(|| Arc::new(RouteLabel::new(Arc::clone(name), self.places)))
    }
}

fn matchings(config: &Config) -> impl Iterator<Item = Matching> {
    config.routes.iter().map(|route| route.matches.clone())
}

fn plugin_of<'a>(upstream: &config::Upstream, plugins: &'a Plugins) -> Option<&'a Plugin> {
    match &upstream.balance {
        config::Balance::Plugin(balance) => plugins.get(&balance.name),
        _ => None,
    }
}

fn rules_of(rules: &config::HeaderRules) -> Rules {
    Rules { set: rules.set.clone(), add: rules.add.clone(), remove: rules.remove.clone() }
}

/// Whether a line of the access log says something of a response's fields.
fn log_reads_fields(config: &Config) -> bool {
    let Access::On(log) = &config.log.access else { return false };
    let reads = |template: &Template| template.variables().any(|v| matches!(v, Variable::ResponseHeader(_)));
    match &log.format {
        LineFormat::Text(template) => reads(template),
        LineFormat::Json { extra, .. } => extra.iter().any(|(_, template)| reads(template)),
    }
}

/// Whether a line of the access log says what plugins cost.
fn log_tells_costs(config: &Config) -> bool {
    let Access::On(log) = &config.log.access else { return false };
    matches!(&log.format, LineFormat::Json { fields, .. } if fields.contains(&LogField::Plugins))
}

fn has_error_pages(config: &Config) -> bool {
    !config.server.error_pages.is_empty() || config.routes.iter().any(|route| !route.error_pages.is_empty())
}

/// 0 is no limit.
fn body_limit(bytes: u64) -> u64 {
    if bytes == 0 { u64::MAX } else { bytes }
}

fn server_settings(config: &Config) -> ServerSettings {
    let (limits, timeouts, http2) = (&config.server.limits, &config.server.timeouts, &config.server.http2);
    ServerSettings {
        head: HeadLimits { head: limits.head, uri: limits.uri, fields: limits.headers },
        body: body_limit(limits.body),
        timeouts: ServerTimeouts {
            header: timeouts.header,
            body: timeouts.body,
            send: timeouts.send,
            idle: timeouts.idle,
            half_close: timeouts.half_close,
            tls_handshake: timeouts.tls_handshake,
        },
        http2: Http2Settings {
            streams: http2.streams,
            abandoned: http2.abandoned,
            max_age: http2.max_age,
            websocket: config.routes.iter().any(|route| allows_websocket(&route.upgrades)),
        },
    }
}

/// Whether a route's upgrades let clients begin WebSockets.
fn allows_websocket(upgrades: &[Arc<str>]) -> bool {
    upgrades.iter().any(|name| name.eq_ignore_ascii_case("websocket"))
}
