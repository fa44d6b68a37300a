//! Configurations that load, and what becomes of them.

#![expect(clippy::unwrap_used, reason = "what a test prepares has to work")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{
    Algorithm, Balance, ClientAuth, Config, Destination, EndpointAddress, Fallback, Filter, ForwardedForm,
    Hash, HashKey, HealthQuestion, HostPattern, HostRewrite, InitialHealth, Isolation, ListenAddress,
    LocationRewrite, OnFailure, PageOf, PathMatch, PathRewrite, Portion, RedirectQuery, Repeatable, Retries,
    RetryOn, SameSite, Share, State, Statuses, Sticky, TlsVersion, UnixSocket,
};
use document::{Colour, Report};
use http::StatusCode;
use model::{Ambiguous, Escape};
use serde_json::json;

const MINIMAL: &str = "version: 1\nlisteners: [{ name: web, address: '127.0.0.1:0' }]\n";

fn full() -> Config {
    loader::parse("full.yaml", include_str!("good/full.yaml"), Path::new("/etc/sandgate")).unwrap()
}

fn minimal_with(rest: &str) -> Result<Config, Report> {
    loader::parse("minimal.yaml", &format!("{MINIMAL}{rest}"), Path::new("/"))
}

#[test]
fn every_key_reaches_its_place() {
    let config = full();
    assert_eq!(config.server.workers.get(), 3);
    assert_eq!(config.server.shutdown_grace, Duration::from_secs(5));
    assert_eq!(config.server.limits.head, 16_384);
    assert_eq!(config.server.limits.uri, 4096);
    assert_eq!(config.server.limits.body, 0);
    assert_eq!(config.server.timeouts.idle, Duration::from_secs(4));
    assert_eq!(config.server.timeouts.half_close, Duration::ZERO);
    let refused = [Ambiguous::EscapedSlash, Ambiguous::Semicolon, Ambiguous::EscapedBackslash];
    assert_eq!(config.server.refuse_in_paths, refused);
    assert!(config.server.trusted_proxies.iter().any(|network| network.contains([127, 1, 2, 3].into())));
    assert_eq!(config.listeners[1].address, ListenAddress::Tcp("[::1]:0".parse().unwrap()));
    assert_eq!(config.server.timeouts.tls_handshake, Duration::from_secs(5));
    assert_eq!(config.admin.as_ref().unwrap().address.port(), 9901);
    assert_eq!(config.router.as_deref(), Some("greet"));
}

fn route<'a>(config: &'a Config, name: &str) -> &'a config::Route {
    config.routes.iter().find(|route| &*route.name == name).unwrap()
}

#[test]
fn rewrites_reach_their_place() {
    let config = full();
    let rewritten = route(&config, "rewritten");
    let Some(PathRewrite::Prefix { matched, to }) = &rewritten.rewrite.path else { panic!("a prefix") };
    assert_eq!((matched.as_str(), to.as_str()), ("/old/", "/new/"));
    let query = &rewritten.rewrite.query;
    assert_eq!((query.set.len(), query.add.len(), query.remove.as_slice()), (1, 1, &["c".to_owned()][..]));
    assert_eq!(rewritten.rewrite.method, Some(http::Method::POST));
    assert_eq!(rewritten.rewrite.host, HostRewrite::Upstream);
    assert_eq!(rewritten.location, [LocationRewrite::Auto], "where a prefix is rewritten");
    assert_eq!(rewritten.cookies.domain, [("inner.example".to_owned(), "example.com".to_owned())]);
    assert_eq!((rewritten.cookies.secure, rewritten.cookies.same_site), (Some(true), Some("Strict")));
    let located = route(&config, "located");
    assert!(matches!(located.rewrite.path, Some(PathRewrite::Regex { .. })));
    assert!(matches!(located.location[..], [LocationRewrite::Rule(_), LocationRewrite::Auto]));
    assert_eq!(located.https, Some(StatusCode::TEMPORARY_REDIRECT));
    let Some(PathRewrite::Strip(prefix)) = &route(&config, "stripped").rewrite.path else {
        panic!("a strip")
    };
    assert_eq!(prefix, "/api", "whole segments");
    let whole = route(&config, "whole");
    assert!(
        matches!(&whole.rewrite.path, Some(PathRewrite::Template(path)) if path.literal() == Some("/all"))
    );
    assert_eq!((whole.location.is_empty(), route(&config, "rest").rewrite.path.is_none()), (true, true));
}

#[test]
fn answers_of_our_own_reach_their_place() {
    let config = full();
    let Destination::Redirect(redirect) = &route(&config, "moved").destination else { panic!("a redirect") };
    assert_eq!(redirect.status, StatusCode::MOVED_PERMANENTLY);
    assert_eq!(redirect.query, RedirectQuery::Drop, "it names the query itself");
    let Destination::Respond(respond) = &route(&config, "fixed").destination else { panic!("a reply") };
    let body = respond.body.as_ref().unwrap();
    assert_eq!((body.text.literal(), body.escape), (Some("later ${x}"), Escape::Plain));
    assert_eq!(config.server.forwarded, ForwardedForm::Both);
    let page = &route(&config, "rewritten").error_pages[0];
    assert_eq!(
        (page.of, page.response_status, page.body.escape),
        (PageOf::All, Some(StatusCode::GONE), Escape::Html)
    );
    assert_eq!(config.server.error_pages[0].of, PageOf::Faults);
}

#[test]
fn listeners_have_tls_and_places_in_the_file_system() {
    let config = full();
    let tls = config.listeners[2].tls.as_ref().unwrap();
    let clients = tls.clients.as_ref().unwrap();
    assert_eq!((clients.demand, tls.min_version), (ClientAuth::Optional, TlsVersion::Tls13));
    let files: Vec<&Path> = tls.files().map(PathBuf::as_path).collect();
    let folder = Path::new("/etc/sandgate");
    let expected = ["certs/site.pem", "certs/site.key", "/etc/ca.pem", "revoked.pem"];
    assert_eq!(files, expected.map(|file| folder.join(file)));
    let socket = UnixSocket { path: folder.join("run/s.sock"), mode: Some(0o660) };
    assert_eq!(config.listeners[3].address, ListenAddress::Unix(socket));
    assert!(config.listeners[3].tls.is_none());
}

#[test]
fn a_client_ca_makes_certificates_of_clients_required() {
    let tls = "tls: { certificates: [{ certificate: a, key: b }], client_ca: c }";
    let text = MINIMAL.replace("address", &format!("{tls}, address"));
    let config = loader::parse("minimal.yaml", &text, Path::new("/")).unwrap();
    let tls = config.listeners[0].tls.as_ref().unwrap();
    assert_eq!(tls.clients.as_ref().unwrap().demand, ClientAuth::Required);
    assert_eq!(tls.min_version, TlsVersion::Tls12);
}

#[test]
fn plugins_have_paths_settings_and_limits() {
    let config = full();
    let greet = &config.plugins["greet"];
    assert_eq!(greet.wasm, Path::new("/etc/sandgate/plugins/greet.wasm"));
    let settings = json!({ "header": "x-served-by", "list": [1, -2, 1.5, true, null], "literal": "${x}" });
    assert_eq!(greet.settings, Some(settings));
    assert_eq!(greet.limits.memory, 1 << 20);
    assert_eq!(greet.limits.wall, Duration::from_millis(100));
    assert_eq!((greet.isolation, greet.on_failure), (Some(Isolation::Resident), OnFailure::Open));
    let cheapest = &config.plugins["cheapest"];
    assert_eq!(cheapest.wasm, Path::new("/opt/cheapest.wasm"));
    assert_eq!(cheapest.settings, None);
    assert_eq!(cheapest.limits, config::PluginLimits::default());
}

#[test]
fn upstreams_have_a_balancer_and_endpoints() {
    let config = full();
    let app = &config.upstreams["app"];
    assert_eq!(app.balance, Balance::P2c);
    assert_eq!(app.connect_timeout, Duration::from_millis(250));
    let places: Vec<_> = app.endpoints.iter().map(|endpoint| (&endpoint.address, endpoint.weight)).collect();
    let tcp = |host: &str, port| EndpointAddress::Tcp { host: host.into(), port };
    let expected = [tcp("127.0.0.1", 9001), tcp("app.internal", 80), tcp("::1", 9003)];
    assert_eq!(places, [(&expected[0], 1), (&expected[1], 3), (&expected[2], 1)]);
    assert_eq!(&*app.endpoints[1].label, "http://app.internal");
    assert_eq!(app.endpoints[0].max_fails, 3);
    assert!(app.endpoints[2].backup);
    assert!(matches!(&config.upstreams["picked"].balance, Balance::Plugin(p) if &*p.name == "cheapest"));
}

#[test]
fn upstreams_have_health_and_limits() {
    let config = full();
    let app = &config.upstreams["app"];
    let health = app.health.as_ref().unwrap();
    let HealthQuestion::Http { method, path, host, statuses, body } = &health.question else {
        panic!("http")
    };
    assert_eq!(
        (method.as_str(), path.as_str(), host, body.as_deref()),
        ("GET", "/healthz?a=b", &None, Some("ok"))
    );
    assert_eq!(statuses, &[Statuses::of(200..=200), Statuses::of(300..=399)]);
    assert_eq!((health.interval, health.timeout), (Duration::from_secs(2), Duration::from_secs(1)));
    assert_eq!((health.port, health.healthy_after, health.unhealthy_after), (Some(81), 2, 3));
    assert_eq!(health.initial, InitialHealth::Unhealthy);
    let outlier = app.outlier.unwrap();
    assert_eq!((outlier.consecutive_5xx, outlier.consecutive_gateway), (7, 0));
    assert_eq!(outlier.max_ejection, Duration::from_secs(400), "never shorter than the first one");
    assert_eq!(outlier.success_rate.map(|rate| (rate.min_hosts, rate.min_requests)), Some((5, 100)));
    assert_eq!((app.max_ejected, app.panic), (Portion::percent(40), Portion::percent(30)));
    assert_eq!(
        app.breaker.map(|breaker| (breaker.error_rate, breaker.half_open)),
        Some((Portion::percent(60), 3))
    );
    assert_eq!(app.concurrency.map(|limit| (limit.requests, limit.queue)), Some((100, 50)));
    let picked = &config.upstreams["picked"];
    assert!(picked.health.is_none() && picked.outlier.is_none() && picked.breaker.is_none());
    assert_eq!((picked.max_ejected, picked.panic), (Portion::ALL, Portion::percent(0)));
}

#[test]
fn routes_say_what_becomes_of_failures() {
    let config = full();
    let [blog, exact, rest, ..] = config.routes.as_slice() else { panic!("three routes and more") };
    let status = |range| RetryOn::Status(Statuses::of(range));
    let on = [RetryOn::Connect, status(503..=503), status(500..=599), RetryOn::Grpc(14)];
    assert_eq!(blog.retries.on, on);
    assert_eq!(blog.retries.budget, Some(Portion::percent(20)));
    assert_eq!(
        blog.retries.backoff.map(|wait| wait.max),
        Some(Duration::from_secs(1)),
        "never below the base"
    );
    assert!(matches!(&blog.fallback, Some(Fallback::Answer { status, .. }) if status.as_u16() == 503));
    assert_eq!((&exact.retries, &exact.fallback), (&Retries::default(), &None));
    assert_eq!((rest.retries.repeatable, rest.retries.replay), (Repeatable::All, 65_536));
    assert_eq!(rest.retries.per_try_timeout, Some(Duration::from_secs(2)));
    assert_eq!(rest.fallback, Some(Fallback::Upstream("picked".into())));
}

#[test]
fn upstreams_have_hashes_cookies_tiers_and_states() {
    let config = full();
    assert!(config.admin.as_ref().unwrap().allow_changes);
    let hashed = &config.upstreams["hashed"];
    let key = HashKey::Header("x-user".parse().unwrap());
    let hash = Hash { key, algorithm: Algorithm::Maglev, bounded_load: Some(125) };
    assert_eq!(hashed.balance, Balance::Hash(hash));
    assert_eq!(hashed.slow_start, Some(Duration::from_secs(30)));
    let standing = hashed.endpoints.iter().map(|endpoint| (endpoint.priority, endpoint.state));
    assert_eq!(standing.collect::<Vec<_>>(), [(1, Some(State::Drain)), (0, None)]);
    let sticky = Sticky {
        cookie: "sg".into(),
        ttl: Some(Duration::from_secs(3600)),
        path: "/app".to_owned(),
        secure: Some(true),
        http_only: false,
        same_site: SameSite::None,
        secret: "s3cret".to_owned(),
    };
    assert_eq!(hashed.sticky.as_ref(), Some(&sticky));
    let quick = &config.upstreams["quick"];
    assert_eq!(quick.balance, Balance::Ewma { decay: Duration::from_secs(5) });
    let sticky = quick.sticky.as_ref().unwrap();
    let defaults = (sticky.ttl, sticky.path.as_str(), sticky.secure, sticky.http_only, sticky.same_site);
    assert_eq!(defaults, (None, "/", None, true, SameSite::Lax));
}

#[test]
fn every_hash_key_is_known_and_ketama_is_the_default() {
    let keys = [
        ("cookie:sid", HashKey::Cookie("sid".into())),
        ("query:user", HashKey::Query("user".into())),
        ("path", HashKey::Path),
        ("uri", HashKey::Uri),
        ("host", HashKey::Host),
        ("client.ip", HashKey::ClientIp),
    ];
    for (text, key) in keys {
        let upstream =
            format!("upstreams: {{ a: {{ balance: {{ hash: '{text}' }}, endpoints: ['http://a'] }} }}");
        let hash = Hash { key, algorithm: Algorithm::Ketama, bounded_load: None };
        assert_eq!(minimal_with(&upstream).unwrap().upstreams["a"].balance, Balance::Hash(hash));
    }
    let ewma = "upstreams: { a: { balance: ewma, endpoints: ['http://a'] } }";
    let decay = Duration::from_secs(10);
    assert_eq!(minimal_with(ewma).unwrap().upstreams["a"].balance, Balance::Ewma { decay });
}

#[test]
fn routes_have_patterns_filters_and_times() {
    let config = full();
    let [blog, exact, rest, ..] = config.routes.as_slice() else { panic!("three routes") };
    let hosts = [HostPattern::Exact("www.example.com".into()), HostPattern::Wildcard("example.org".into())];
    assert_eq!(blog.matches.hosts, hosts);
    assert_eq!(blog.matches.path, PathMatch::Prefix("/blog/".into()));
    assert_eq!(blog.matches.methods, ["GET", "PURGE"]);
    assert_eq!(blog.filters.len(), blog.filter_spans.len());
    let Filter::RequestHeaders(rules) = &blog.filters[1] else { panic!("header rules") };
    assert_eq!(rules.set[0], ("x-one".parse().unwrap(), model::FieldText::Fixed("1".parse().unwrap())));
    assert_eq!(rules.set[1], ("x-two".parse().unwrap(), model::FieldText::Fixed("2".parse().unwrap())));
    assert_eq!(rules.remove, ["x-debug"]);
    assert_eq!(blog.retries.attempts, 1);
    assert_eq!(blog.timeouts.response, Duration::from_secs(10), "never more than the total");
    assert_eq!(blog.timeouts.tunnel, Duration::from_secs(300));
    assert_eq!(blog.upgrades, ["websocket".into(), "chat/2.0".into()]);
    assert_eq!(exact.upgrades, ["websocket".into()]);
    assert_eq!(exact.matches.path, PathMatch::Exact("/blog/".into()));
    assert_eq!(rest.matches.path, PathMatch::Prefix("/".into()));
    assert!(rest.matches.hosts.is_empty() && rest.matches.methods.is_empty());
}

fn routes_of(text: &str) -> Vec<config::Route> {
    let upstreams = "upstreams: { app: { endpoints: ['http://a'] }, other: { endpoints: ['http://b'] } }";
    minimal_with(&format!("{upstreams}\nroutes:\n{text}")).unwrap().routes
}

#[test]
fn a_route_has_every_kind_of_pattern_and_condition() {
    let routes = routes_of(
        r#"
  - name: all
    match:
      hosts: [www.*, { regex: '^(?<tenant>[a-z]+)\.Example\.org$' }]
      path: { template: '/users/{id}/{*rest}' }
      headers: { X-Tenant: acme, x-number: 7, x-version: { prefix: v2 }, x-any: { present: true } }
      query: { page: { regex: '^[0-9]+$' }, Debug: { present: false } }
      cookies: { group: { exact: beta } }
      source: [10.0.0.0/8, '::1']
      scheme: http
      listeners: [web]
    priority: -3
    upstream: app
  - { name: regex, match: { path: { regex: '^/v(?<version>[0-9]+)/' } }, upstream: app }
"#,
    );
    let matches = &routes[0].matches;
    let shown: Vec<String> = matches.conditions.iter().map(ToString::to_string).collect();
    let expected = [
        "header x-tenant = \"acme\"",
        "header x-number = \"7\"",
        "header x-version begins with \"v2\"",
        "header x-any present",
        "query page ~ ^[0-9]+$",
        "query Debug absent",
        "cookie group = \"beta\"",
        "source 10.0.0.0/8 or ::1/128",
        "scheme http",
        "listener web",
    ];
    assert_eq!(shown, expected);
    assert_eq!(matches.hosts[0], HostPattern::Trailing("www".into()));
    assert!(matches.hosts[1].is_match("acme.example.org") && !matches.hosts[1].is_match("example.org"));
    assert_eq!(matches.capture_names().map(AsRef::as_ref).collect::<Vec<_>>(), ["tenant", "id", "rest"]);
    assert_eq!((matches.priority, routes[1].matches.priority), (-3, 0));
    assert!(routes[1].matches.path.is_match("/v12/x") && !routes[1].matches.path.is_match("/vx/"));
}

#[test]
fn routes_that_no_request_can_match_both_do_not_tie() {
    let routes = routes_of(
        r"
  - { name: a, match: { path: { regex: '\.php$' } }, upstream: app }
  - { name: b, match: { path: { regex: '\.(png|jpe?g)$' } }, upstream: app }
  - { name: c, match: { path: { regex: '^/v[0-9]' } }, upstream: app }
  - { name: d, match: { path: { regex: '^/w[0-9]' } }, upstream: app }
  - { name: e, match: { headers: { x: a } }, upstream: app }
  - { name: f, match: { headers: { x: b } }, upstream: app }
  - { name: g, match: { headers: { x: { present: false } } }, upstream: app }
  - { name: h, match: { headers: { y: a }, methods: [GET], source: [10.0.0.0/8] }, upstream: app }
  - { name: i, match: { headers: { z: a }, methods: [GET], source: [192.168.0.0/16] }, upstream: app }
  - { name: j, match: { path: { template: '/{a}/x' } }, upstream: app }
  - { name: k, match: { path: { template: '/{a}/y' } }, upstream: app }
  - { name: l, match: { query: { y: a } }, priority: 1, upstream: app }
  - { name: m, match: { query: { z: a } }, priority: 2, upstream: app }
",
    );
    assert_eq!(routes.len(), 13);
}

#[test]
fn a_split_has_weights() {
    let routes = routes_of("  - { name: a, split: [{ upstream: app, weight: 0 }, { upstream: other }] }\n");
    let share = |upstream: &str, weight| Share { upstream: upstream.into(), weight };
    assert_eq!(routes[0].destination, Destination::Split(vec![share("app", 0), share("other", 1)]));
}

#[test]
fn the_examples_of_the_documents_load() {
    let documents = [include_str!("../../docs/health.md"), include_str!("../../docs/resilience.md")];
    for document in documents {
        let example = document.split("```").find_map(|block| block.strip_prefix("yaml\n")).unwrap();
        let config = minimal_with(example).unwrap_or_else(|report| panic!("{report}"));
        assert!(!config.upstreams.is_empty());
    }
}

#[test]
fn what_is_absent_has_its_default() {
    let config = minimal_with("").unwrap();
    assert!(config.server.workers.get() >= 1);
    assert_eq!(config.server.limits, config::Limits::default());
    assert_eq!(config.server.timeouts, config::ClientTimeouts::default());
    assert!(config.admin.is_none() && config.router.is_none());
}

#[test]
fn the_example_of_the_balancing_page_loads() {
    let page = include_str!("../../docs/balancing.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config = loader::parse("balancing.md", example, Path::new("/")).unwrap();
    assert_eq!(config.upstreams.len(), 2);
}

#[test]
fn json_loads_too() {
    let text = include_str!("good/minimal.json");
    let config = loader::parse("minimal.json", text, Path::new("/")).unwrap();
    assert_eq!(config.routes[0].destination, Destination::Upstream("app".into()));
}

#[test]
fn an_alias_stands_for_what_it_names() {
    let config = minimal_with("upstreams: { a: &a { endpoints: ['http://a'] }, b: *a }").unwrap();
    assert_eq!(config.upstreams["b"].endpoints.len(), 1);
}

#[test]
fn a_variable_takes_a_secret_from_a_file_and_the_file_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("token"), "s3cret\n").unwrap();
    let plugin = "plugins: { p: { wasm: p.wasm, settings: { auth: 'Bearer ${file:token}!' } } }\n";
    let path = folder.path().join("sandgate.yaml");
    fs::write(&path, format!("{MINIMAL}{plugin}")).unwrap();
    let loaded = loader::load(&path).unwrap();
    assert_eq!(loaded.config.plugins["p"].settings, Some(json!({ "auth": "Bearer s3cret!" })));
    assert_eq!(loaded.files, [path, folder.path().join("token")]);
}

#[test]
fn a_variable_takes_a_value_from_the_environment() {
    let config = minimal_with("plugins: { p: { wasm: p.wasm, settings: '${env:CARGO_PKG_NAME}' } }").unwrap();
    assert_eq!(config.plugins["p"].settings, Some(json!(std::env::var("CARGO_PKG_NAME").unwrap())));
}

#[test]
fn a_later_stage_complains_with_an_excerpt() {
    let config = full();
    let span = config.plugins["greet"].wasm_span;
    let diagnostic = config.complain(span, "no such file", Some("build it".to_owned()));
    assert_eq!((diagnostic.line, diagnostic.column), (36, 11));
    let report = Report::from(diagnostic);
    let shown = report.render(Colour::Plain);
    assert!(shown.contains("plugins/greet.wasm") && shown.contains("help: build it"), "{shown}");
    assert!(report.render(Colour::Ansi).contains("\u{1b}["));
}

#[test]
fn a_missing_file_is_a_report_without_an_excerpt() {
    let folder = tempfile::tempdir().unwrap();
    let report = loader::load(&folder.path().join("none.yaml")).unwrap_err();
    assert_eq!(report.diagnostics[0].line, 0);
}

#[test]
fn a_file_that_is_not_utf8_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin1.yaml");
    fs::write(&path, b"version: 1\n# \xe9\n").unwrap();
    assert!(loader::load(&path).unwrap_err().to_string().contains("not UTF-8 in line 2"));
}

#[test]
fn the_schema_names_every_section_and_its_descriptions() {
    let schema = raw::schema();
    let sections =
        ["version", "server", "listeners", "admin", "log", "plugins", "upstreams", "routes", "router"];
    for section in sections {
        assert!(schema["properties"][section]["description"].is_string(), "{section}");
    }
    assert_eq!(schema["required"], json!(["version", "listeners"]));
    assert_eq!(schema["additionalProperties"], json!(false));
    assert_eq!(schema["$defs"]["Upstream"]["required"], json!(["endpoints"]));
    assert!(schema["$defs"]["Duration"]["pattern"].is_string());
}

#[test]
fn the_example_of_the_routing_page_loads() {
    let page = include_str!("../../docs/routing.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let before = "version: 1\nlisteners: [{ name: secure, address: '127.0.0.1:0' }]\n\
        upstreams: { old: { endpoints: ['http://a'] }, new: { endpoints: ['http://b'] } }\n";
    let config = loader::parse("routing.yaml", &format!("{before}{example}"), Path::new("/")).unwrap();
    assert_eq!(config.routes.len(), 4);
}

#[test]
fn the_example_of_the_rewriting_page_loads_without_a_warning() {
    let page = include_str!("../../docs/rewriting.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let before = "version: 1\nlisteners: [{ name: web, address: '127.0.0.1:0' }]\n\
        upstreams: { wordpress: { endpoints: ['http://a'] }, users: { endpoints: ['http://b'] } }\n";
    let config = loader::parse("rewriting.yaml", &format!("{before}{example}"), Path::new("/")).unwrap();
    assert_eq!((config.routes.len(), config.warnings.len()), (4, 0));
}

#[test]
fn an_endpoint_says_how_it_is_spoken_to_and_where_it_listens() {
    use config::{EndpointScheme, Protocol, Verification};
    let config = minimal_with(
        "upstreams:\n  \
         a:\n    \
           endpoints: [\"https://app.internal\", \"h2c://10.0.0.1\", \"unix:run/app.sock\"]\n    \
           protocol: http2\n    \
           tls: { ca: ca.pem, certificate: our.pem, key: our.key, server_name: x.internal }\n    \
           http2: { connections: 2, streams: 10, ping_interval: 1m }\n    \
           keep_alive: { requests: 5, max_age: 2h }\n",
    )
    .unwrap();
    let upstream = &config.upstreams["a"];
    let schemes: Vec<_> = upstream.endpoints.iter().map(|endpoint| endpoint.scheme).collect();
    assert_eq!(schemes, [EndpointScheme::Https, EndpointScheme::H2c, EndpointScheme::Http]);
    let places: Vec<_> = upstream.endpoints.iter().map(|endpoint| endpoint.address.clone()).collect();
    let tcp = |host: &str, port| EndpointAddress::Tcp { host: host.into(), port };
    let unix = EndpointAddress::Unix("/run/app.sock".into());
    assert_eq!(places, [tcp("app.internal", 443), tcp("10.0.0.1", 80), unix]);
    let tls = upstream.tls.as_ref().unwrap();
    let files: Vec<_> = tls.files().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(files, ["/ca.pem", "/our.pem", "/our.key"]);
    assert_eq!((upstream.protocol, tls.verification), (Protocol::Http2, Verification::Full));
    assert_eq!((upstream.http2.connections, upstream.http2.streams), (2, 10));
    assert_eq!((upstream.keep_alive.requests, upstream.keep_alive.max_age.as_secs()), (5, 7200));
}
