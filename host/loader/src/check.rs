//! From what the file says to what it means: ranges, references, names, and what can't go together.
//!
//! A check that fails complains and goes on, so one reading reports all there is. Functions give `None` for what can't
//! be built; the caller drops it, and the complaint keeps the configuration from being used.

pub(crate) mod address;
mod balance;
mod buffering;
mod conditions;
mod destination;
mod endpoint_address;
mod grants;
mod headers;
mod health;
mod listeners;
mod log;
mod log_path;
mod matches;
mod paths;
mod plugins;
mod proxy_protocol;
mod replies;
mod resilience;
mod resolver;
mod rewrite;
mod routes;
mod scope;
mod server;
mod templates;
mod tenants;
mod ties;
mod tracing;
mod upgrades;
mod upstream_tls;
mod upstreams;

use std::collections::HashMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use config::{Buffering, Config, Limits};
use document::{Diagnostic, ERROR_LIMIT, Field, List, Map, Source, Span, Spanned, names, quoted};
use indexmap::IndexSet;
use raw::{File, LONGEST, Listener, PluginReference, Size, Time};

use crate::tenants::Tenancies;
use scope::Scope;

/// The longest name of a listener, plugin, upstream or route, in bytes: names are labels of metrics.
pub(crate) const NAME_LIMIT: usize = 128;

/// The version of the format that this release reads.
const VERSION: u64 = 1;

/// What checks share: where they are, and what they found.
pub(crate) struct Check<'a> {
    source: &'a Arc<Source>,
    /// The folder that paths are relative to.
    pub(crate) base: &'a Path,
    pub(crate) problems: Vec<Diagnostic>,
    /// What works, and is most likely not what was meant.
    warnings: Vec<Diagnostic>,
    /// The parts that the patterns of the route at hand capture; none where they are not known.
    captured: Option<Vec<Arc<str>>>,
    /// Files that were read for variables.
    pub(crate) files: Vec<PathBuf>,
    /// How many bytes variables have put in.
    pub(crate) expanded: usize,
    /// How many regular expressions there were.
    patterns: usize,
    inherited: Inherited,
    /// Whose file it is, if it is a tenant's.
    scope: Option<Scope>,
}

/// What the server says for routes that say nothing else.
struct Inherited {
    buffering: Buffering,
    body_limit: u64,
}

/// The names that other parts of the file may refer to. `None` when the section itself is wrong: then nobody knows.
struct Known {
    plugins: Option<IndexSet<Arc<str>>>,
    upstreams: Option<IndexSet<Arc<str>>>,
    listeners: Option<IndexSet<Arc<str>>>,
}

impl<'a> Check<'a> {
    pub(crate) fn new(source: &'a Arc<Source>, base: &'a Path) -> Self {
        Check {
            source,
            base,
            problems: Vec::new(),
            warnings: Vec::new(),
            files: Vec::new(),
            expanded: 0,
            patterns: 0,
            captured: None,
            inherited: Inherited { buffering: Buffering::default(), body_limit: Limits::default().body },
            scope: None,
        }
    }

    /// The configuration; to be used only if there are no problems.
    pub(crate) fn config(&mut self, file: File, tenancies: &Tenancies) -> Option<Config> {
        self.version(file.version);
        let known = Known {
            plugins: names_of(&file.plugins),
            upstreams: names_of(&file.upstreams),
            listeners: listener_names(&file.listeners),
        };
        let server = self.server(file.server);
        let listeners = self.listeners(file.listeners, &server.trusted_proxies);
        let admin = self.admin(file.admin, listeners.as_deref().unwrap_or_default());
        let log = self.log(file.log);
        let trace_start = self.tracing(file.tracing);
        let mut plugins = self.plugins(file.plugins, &known);
        let mut upstreams = self.upstreams(file.upstreams, &known);
        let (mut matched, mut routes) = self.routes(file.routes, &known);
        let router = self.router(file.router, &known);
        let (router, router_span) = router.map_or((None, Span::default()), |(name, span)| (Some(name), span));
        let owned = self.tenants(file.tenants, tenancies);
        plugins.extend(owned.plugins);
        upstreams.extend(owned.upstreams);
        routes.extend(owned.routes);
        matched.extend(owned.matched);
        self.ties(&matched);
        let source = Arc::clone(self.source);
        let listeners = listeners?;
        Some(Config {
            server,
            listeners,
            admin,
            log,
            trace_start,
            plugins,
            upstreams,
            routes,
            router,
            router_span,
            tenants: owned.tenants,
            warnings: std::mem::take(&mut self.warnings),
            source,
        })
    }

    fn version(&mut self, version: Field<u64>) {
        match version {
            Field::Given(Spanned { value: VERSION, .. }) | Field::Broken => {}
            Field::Absent => {
                let help = format!("begin the file with `version: {VERSION}`");
                self.complain(Span::default(), "missing key `version`", Some(help));
            }
            Field::Given(Spanned { value, span }) => {
                let help = format!("this release reads `version: {VERSION}`");
                self.complain(span, format!("version {value} is not supported"), Some(help));
            }
        }
    }

    fn router(&mut self, router: Field<PluginReference>, known: &Known) -> Option<(Arc<str>, Span)> {
        let Field::Given(router) = router else { return None };
        let plugin = self.required(router.value.plugin, "plugin", router.span)?;
        let span = plugin.span;
        self.plugin_reference(plugin, known).map(|name| (name, span))
    }

    pub(crate) fn complain(&mut self, span: Span, message: impl Into<String>, help: Option<String>) {
        // More are never shown, and each costs a pass over the text.
        if self.problems.len() < ERROR_LIMIT {
            self.problems.push(Diagnostic::at(self.source, span, message.into(), help));
        }
    }

    /// Says what works, and is most likely not what was meant.
    fn warn(&mut self, span: Span, message: String, help: Option<String>) {
        if self.warnings.len() < ERROR_LIMIT {
            self.warnings.push(Diagnostic::warning(self.source, span, message, help));
        }
    }

    /// "expected ..., found ...".
    fn expected(&mut self, expected: impl Display, found: &Spanned<impl AsRef<str>>) {
        self.complain(
            found.span,
            format!("expected {expected}, found {}", quoted(found.value.as_ref())),
            None,
        );
    }

    /// A value that has to be there; `owner` is where to point when it isn't.
    fn required<T>(&mut self, field: Field<T>, key: &str, owner: Span) -> Option<Spanned<T>> {
        match field {
            Field::Given(value) => Some(value),
            Field::Broken => None,
            Field::Absent => {
                self.complain(owner, format!("missing key `{key}`"), None);
                None
            }
        }
    }

    fn number(&mut self, field: Field<u64>, default: u64, range: RangeInclusive<u64>) -> u64 {
        let Field::Given(Spanned { value, span }) = field else { return default };
        if !range.contains(&value) {
            let (least, most) = (range.start(), range.end());
            self.complain(span, format!("expected a number from {least} to {most}, found `{value}`"), None);
        }
        value
    }

    fn size(&mut self, field: Field<Size>, default: u64, range: RangeInclusive<u64>) -> u64 {
        let Field::Given(Spanned { value: Size(value), span }) = field else { return default };
        if !range.contains(&value) {
            let [least, most] = [*range.start(), *range.end()].map(Size);
            self.complain(
                span,
                format!("expected a size from {least} to {most}, found `{}`", Size(value)),
                None,
            );
        }
        value
    }

    /// A duration of which zero would mean "never".
    fn time(&mut self, field: Field<Time>, default: Duration) -> Duration {
        if let Field::Given(Spanned { value: Time(Duration::ZERO), span }) = field {
            self.complain(span, "expected a duration of more than zero", None);
        }
        self.time_or_zero(field, default)
    }

    fn time_or_zero(&mut self, field: Field<Time>, default: Duration) -> Duration {
        let Field::Given(Spanned { value: Time(value), span }) = field else { return default };
        if value > LONGEST {
            let hours = LONGEST.as_secs() / 3600;
            self.complain(span, format!("expected a duration of no more than `{hours}h`"), None);
        }
        value
    }

    fn name(&mut self, name: &Spanned<String>) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.value.is_empty() || name.value.len() > NAME_LIMIT || !name.value.bytes().all(plain) {
            let expected = format!("a name of letters, digits, `-`, `_` and `.`, at most {NAME_LIMIT} long");
            self.expected(expected, name);
        }
    }

    /// A name that nothing else of its kind has.
    fn unique_name(&mut self, name: &Spanned<String>, kind: &str, seen: &mut HashMap<String, Span>) {
        self.name(name);
        let Some(first) = seen.get(&name.value).copied() else {
            seen.insert(name.value.clone(), name.span);
            return;
        };
        let message = format!("two {kind}s have the name {}", quoted(&name.value));
        let place = self.source.place(first, name.span);
        self.complain(name.span, message, Some(format!("the first is in {place}")));
    }

    fn plugin_reference(&mut self, name: Spanned<String>, known: &Known) -> Option<Arc<str>> {
        let name = self.reference(name, "plugin", known.plugins.as_ref()?)?;
        Some(self.full_name(&name))
    }

    fn upstream_reference(&mut self, name: Spanned<String>, known: &Known) -> Option<Arc<str>> {
        let name = self.reference(name, "upstream", known.upstreams.as_ref()?)?;
        Some(self.full_name(&name))
    }

    fn listener_reference(&mut self, name: Spanned<String>, known: &Known) -> Option<Arc<str>> {
        if let Some(tenant) = self.tenant() {
            let message = format!("a listener is not for tenant `{tenant}` to name");
            self.complain(name.span, message, None);
            return None;
        }
        self.reference(name, "listener", known.listeners.as_ref()?)
    }

    fn reference(
        &mut self,
        name: Spanned<String>,
        kind: &str,
        known: &IndexSet<Arc<str>>,
    ) -> Option<Arc<str>> {
        if let Some(found) = known.get(name.value.as_str()) {
            return Some(Arc::clone(found));
        }
        if self.problems.len() >= ERROR_LIMIT {
            return None;
        }
        let words = || known.iter().map(AsRef::as_ref);
        let message = format!(
            "no {kind} has the name {}{}",
            quoted(&name.value),
            names::suggestion(&name.value, words())
        );
        let help = if known.is_empty() {
            format!("the file has no {kind}s")
        } else {
            format!("known {kind}s: {}", names::list(words()))
        };
        self.complain(name.span, message, Some(help));
        None
    }
}

/// Broken ones too: a reference to one leads somewhere.
fn names_of<T>(section: &Field<Map<T>>) -> Option<IndexSet<Arc<str>>> {
    match section {
        Field::Given(map) => Some(map.value.keys().map(|name| Arc::from(name.value.as_str())).collect()),
        Field::Absent => Some(IndexSet::new()),
        Field::Broken => None,
    }
}

/// `None` when one has none: that is complained of, and nobody knows which it would be.
fn listener_names(section: &Field<List<Listener>>) -> Option<IndexSet<Arc<str>>> {
    let Field::Given(list) = section else { return None };
    let name = |listener: &Field<Listener>| match listener {
        Field::Given(Spanned { value: Listener { name: Field::Given(name), .. }, .. }) => {
            Some(Arc::from(name.value.as_str()))
        }
        _ => None,
    };
    list.value.iter().map(name).collect()
}
