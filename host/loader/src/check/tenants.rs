//! Checks of tenants: hosts that are nobody else's, quotas, and what their own files say.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use config::{HostPattern, Plugin, Quotas, Route, Tenant, Upstream};
use document::{Diagnostic, ERROR_LIMIT, Field, List, Map, Parsed, Span, Spanned, parse_part, quoted};
use indexmap::{IndexMap, IndexSet};
use raw::{DIALECT, PerSecond, Size, TenantFile, Time};

use super::scope::Scope;
use super::server::given;
use super::ties::Matched;
use super::{Check, Inherited, Known, names_of};
use crate::tenants::{TENANT_LIMIT, Tenancies, TenantFiles};

/// The most hosts of a tenant.
const HOST_LIMIT: usize = 1000;
/// CPU time a second: of 1000 processors at most.
const CPU: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(1000);
/// The same in words.
const CPU_RANGE: &str = "expected a time from `1ms/s` to `1000s/s`";
/// One page of WebAssembly's memory, and more than any machine has.
const MEMORY: RangeInclusive<u64> = (64 << 10)..=(1 << 50);
/// Requests under way.
const CONCURRENCY: RangeInclusive<u64> = 1..=1_000_000;
/// As many as the pool has.
const GUESTS: RangeInclusive<u64> = 1..=8192;
/// Callouts a second.
const CALLOUTS: RangeInclusive<u64> = 1..=1_000_000;
/// What is kept by key is in memory.
const KV: RangeInclusive<u64> = 0..=(1 << 40);
/// Bytes of lines a second.
const LOG: RangeInclusive<u64> = 1..=(1 << 30);
/// What shares are counted in.
const WEIGHT: RangeInclusive<u64> = 1..=1000;

/// What tenants' files say, under full names.
#[derive(Default)]
pub(super) struct Owned {
    pub(super) tenants: IndexMap<Arc<str>, Tenant>,
    pub(super) plugins: IndexMap<Arc<str>, Plugin>,
    pub(super) upstreams: IndexMap<Arc<str>, Upstream>,
    pub(super) routes: Vec<Route>,
    pub(super) matched: Vec<Matched>,
}

impl Check<'_> {
    pub(super) fn tenants(&mut self, tenants: Field<Map<raw::Tenant>>, tenancies: &Tenancies) -> Owned {
        let mut owned = Owned::default();
        let Field::Given(Spanned { value: tenants, span }) = tenants else { return owned };
        if tenants.len() > TENANT_LIMIT {
            self.complain(span, format!("more than {TENANT_LIMIT} tenants"), None);
            return owned;
        }
        let mut hosts = Vec::new();
        for (name, tenant) in tenants {
            let files = tenancies.files.get(&name.value);
            self.one_tenant(&name, tenant, files, &mut owned, &mut hosts);
        }
        self.hosts_of_two(&hosts);
        owned
    }

    fn one_tenant(
        &mut self,
        name: &Spanned<String>,
        tenant: Field<raw::Tenant>,
        files: Option<&TenantFiles>,
        owned: &mut Owned,
        hosts: &mut Vec<Spanned<HostPattern>>,
    ) {
        self.name(name);
        let Field::Given(Spanned { value: tenant, .. }) = tenant else { return };
        let own_hosts = self.tenant_hosts(tenant.hosts, name.span);
        self.required(tenant.config, "config", name.span);
        let quotas = self.quotas(tenant.quotas.or_default());
        let weight = u32::try_from(self.number(tenant.weight, 1, WEIGHT)).ok().and_then(NonZeroU32::new);
        let tenant = Tenant {
            name: Arc::from(name.value.as_str()),
            hosts: own_hosts.iter().map(|host| host.value.clone()).collect(),
            quotas,
            weight: weight.unwrap_or(NonZeroU32::MIN),
            span: name.span,
        };
        hosts.extend(own_hosts);
        // Without files that could be read, or hosts that could: what is left would lead astray.
        if let Some(files) = files.filter(|_| !tenant.hosts.is_empty()) {
            self.own_files(&tenant, files, owned);
        }
        owned.tenants.insert(Arc::clone(&tenant.name), tenant);
    }

    fn tenant_hosts(&mut self, hosts: Field<List<raw::Host>>, owner: Span) -> Vec<Spanned<HostPattern>> {
        let Some(Spanned { value: hosts, span }) = self.required(hosts, "hosts", owner) else {
            return Vec::new();
        };
        if !(1..=HOST_LIMIT).contains(&hosts.len()) {
            self.complain(span, format!("expected 1 to {HOST_LIMIT} hosts"), None);
            return Vec::new();
        }
        let built: Vec<_> = given(hosts).filter_map(|host| self.host(host)).collect();
        for host in &built {
            if !matches!(host.value, HostPattern::Exact(_) | HostPattern::Wildcard(_)) {
                let help = "whose they are could not be told".to_owned();
                self.complain(
                    host.span,
                    "a tenant's hosts are names, and wildcards such as `*.example.org`",
                    Some(help),
                );
            }
        }
        built
    }

    /// Each host is looked for itself, and below the wildcards of all: that finds each pair.
    fn hosts_of_two(&mut self, hosts: &[Spanned<HostPattern>]) {
        let named = hosts.iter().map(|host| (host.value.to_string(), host.span));
        let mut first: HashMap<String, Span> = HashMap::new();
        let mut twice = Vec::new();
        for (host, span) in named.clone() {
            match first.get(&host) {
                Some(other) => twice.push((host, span, *other)),
                None => drop(first.insert(host, span)),
            }
        }
        for (host, span) in named {
            let name = host.strip_prefix("*.").unwrap_or(&host);
            let above = name.match_indices('.').filter_map(|(at, _)| name.get(at + 1..));
            let other = above.filter_map(|end| first.get(&format!("*.{end}"))).next();
            twice.extend(other.map(|other| (host.clone(), span, *other)));
        }
        let mut told = HashSet::new();
        for (host, span, other) in twice.into_iter().filter(|(_, span, _)| told.insert(*span)) {
            let place = self.source.exact_place(other, span);
            let message = format!("{} is a tenant's already", quoted(&host));
            self.complain(span, message, Some(format!("the other is in {place}")));
        }
    }

    fn quotas(&mut self, quotas: raw::Quotas) -> Quotas {
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let cpu = self.cpu_rate(quotas.cpu);
        let callouts =
            quotas.callouts.span().map(|_| self.number(rate(quotas.callouts, |times| times.0), 1, CALLOUTS));
        let log = quotas.log.span().map(|_| self.size(rate(quotas.log, |size| size), 1, LOG));
        let memory = quotas.memory.span().map(|_| self.size(quotas.memory, *MEMORY.start(), MEMORY));
        let kv = quotas.kv.span().map(|_| self.size(quotas.kv, *KV.start(), KV));
        let concurrency = quotas.concurrency.span().map(|_| self.number(quotas.concurrency, 1, CONCURRENCY));
        let guests = quotas.guests.span().map(|_| self.number(quotas.guests, 1, GUESTS));
        Quotas {
            cpu,
            memory,
            concurrency: concurrency.map(narrow),
            guests: guests.map(narrow),
            callouts: callouts.map(narrow),
            kv,
            log,
        }
    }

    fn cpu_rate(&mut self, cpu: Field<PerSecond<Time>>) -> Option<Duration> {
        let Field::Given(Spanned { value: PerSecond(Time(cpu)), span }) = cpu else { return None };
        if !CPU.contains(&cpu) {
            self.complain(span, CPU_RANGE, None);
        }
        Some(cpu)
    }

    /// What a tenant's own files say, by a check of their own that knows nothing but them.
    fn own_files(&mut self, tenant: &Tenant, files: &TenantFiles, owned: &mut Owned) {
        self.files.push(files.path.clone());
        let parsed = match parse_part::<TenantFile>(self.source, &files.part, &DIALECT) {
            Ok(parsed) => parsed,
            Err(report) => return self.adopt(report.diagnostics),
        };
        let Parsed { value, root, problems } = parsed;
        self.adopt(problems);
        let Some(file) = value else {
            return self.complain(
                root,
                format!("this is no configuration of tenant `{}`", tenant.name),
                None,
            );
        };
        let scope = Scope {
            tenant: Arc::clone(&tenant.name),
            hosts: tenant.hosts.clone(),
            folder: files.folder.clone(),
        };
        let Inherited { buffering, body_limit } = &self.inherited;
        let inherited = Inherited { buffering: buffering.clone(), body_limit: *body_limit };
        let mut check =
            Check { scope: Some(scope), inherited, ..Check::new(self.source, &files.folder.named) };
        check.tenant_file(file, tenant, owned);
        let Check { problems, warnings, files, .. } = check;
        self.adopt(problems);
        self.warnings.extend(warnings);
        self.files.extend(files);
    }

    fn tenant_file(&mut self, file: TenantFile, tenant: &Tenant, owned: &mut Owned) {
        self.version(file.version);
        let known = Known {
            plugins: names_of(&file.plugins),
            upstreams: names_of(&file.upstreams),
            listeners: Some(IndexSet::new()),
        };
        let plugins = self.plugins(file.plugins, &known);
        self.kept_together(tenant, plugins.values());
        owned.plugins.extend(plugins);
        owned.upstreams.extend(self.upstreams(file.upstreams, &known));
        let (matched, routes) = self.routes(file.routes, &known);
        owned.matched.extend(matched);
        owned.routes.extend(routes);
    }

    /// What plugins may keep is within the tenant's quota from the start, so that no request has to look.
    fn kept_together<'p>(&mut self, tenant: &Tenant, plugins: impl Iterator<Item = &'p Plugin>) {
        let Some(quota) = tenant.quotas.kv else { return };
        let mut together: u64 = 0;
        for (plugin, kv) in plugins.filter_map(|plugin| Some((plugin, plugin.grants.kv?))) {
            together = together.saturating_add(kv.quota);
            if together > quota {
                let message = format!(
                    "the plugins of tenant `{}` may keep {} by key, more than its quota of {}",
                    tenant.name,
                    Size(together),
                    Size(quota)
                );
                return self.complain(plugin.grants_span, message, None);
            }
        }
    }

    /// Takes over what others found.
    fn adopt(&mut self, problems: Vec<Diagnostic>) {
        let room = ERROR_LIMIT.saturating_sub(self.problems.len());
        self.problems.extend(problems.into_iter().take(room));
    }
}

/// The amount of a rate.
fn rate<T, U>(rate: Field<PerSecond<T>>, of: impl FnOnce(T) -> U) -> Field<U> {
    match rate {
        Field::Given(Spanned { value: PerSecond(amount), span }) => {
            Field::Given(Spanned { value: of(amount), span })
        }
        Field::Absent => Field::Absent,
        Field::Broken => Field::Broken,
    }
}
