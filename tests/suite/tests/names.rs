//! Names of endpoints: looked up again by TTL, kept while no lookup succeeds, never in the way of a start.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sandgate_tests::{
    Connection, DnsServer, Failing, Origin, PATIENCE, RawClient, Sandgate, Setup, wait_for,
};

const FIRST: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 21));
const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 22));

fn hello(name: &'static str) -> impl Fn(Connection) + Send + Sync + 'static {
    move |connection| {
        connection.answer_all(|_| {
            format!("HTTP/1.1 200 OK\r\nx-backend: {name}\r\ncontent-length: 2\r\n\r\nok").into_bytes()
        });
    }
}

/// Two origins at different addresses, on one port.
fn two_at_one_port() -> (Origin, Origin, u16) {
    loop {
        let first = Origin::at(SocketAddr::new(FIRST, 0), hello("first")).expect("a free port");
        let port = first.address().port();
        if let Ok(second) = Origin::at(SocketAddr::new(SECOND, port), hello("second")) {
            return (first, second, port);
        }
    }
}

fn before_name(dns: &DnsServer, port: u16) -> Setup {
    let yaml = "
version: 1
server: { workers: 1, resolver: { servers: [\"@dns@\"], timeout: 500ms, min_ttl: 50ms } }
listeners: [{ name: web, address: \"127.0.0.1:0\" }]
admin: { address: \"127.0.0.1:0\" }
upstreams: { app: { endpoints: [\"http://app.test:@port@\"] } }
routes: [{ name: all, upstream: app }]
";
    Sandgate::with_config(yaml).value("dns", &dns.address().to_string()).value("port", &port.to_string())
}

fn backend(client: &mut RawClient) -> String {
    let response = client.get("/");
    response.field("x-backend").map_or_else(|| response.status().to_string(), str::to_owned)
}

fn wait_for_backend(sandgate: &Sandgate, wanted: &str) {
    let mut client = sandgate.client();
    wait_for(&format!("an answer of {wanted}"), PATIENCE, || backend(&mut client) == wanted);
}

#[test]
fn each_address_of_a_name_is_an_endpoint() {
    let dns = DnsServer::start();
    let (_first, _second, port) = two_at_one_port();
    dns.set_host("app.test", 60, &[FIRST, SECOND]);
    let sandgate = before_name(&dns, port).start();
    let mut client = sandgate.client();
    let mut answers: Vec<_> = (0..4).map(|_| backend(&mut client)).collect();
    answers.sort();
    assert_eq!(answers, ["first", "first", "second", "second"]);
    let label = format!("http://app.test:{port} ({FIRST}:{port})");
    let metrics = sandgate.metrics();
    assert_eq!(metrics.sum("sandgate_endpoint_usable", &[("endpoint", &label)]), 1.0);
    assert_eq!(metrics.sum("sandgate_name_places", &[("name", "app.test")]), 2.0);
}

#[test]
fn a_name_that_leads_elsewhere_is_followed_by_its_ttl_and_no_connection_is_closed() {
    let dns = DnsServer::start();
    let (_first, _second, port) = two_at_one_port();
    dns.set_host("app.test", 0, &[FIRST]);
    let sandgate = before_name(&dns, port).start();
    let mut client = sandgate.client();
    assert_eq!(backend(&mut client), "first");
    dns.set_host("app.test", 0, &[SECOND]);
    wait_for("an answer of the second", PATIENCE, || backend(&mut client) == "second");
    sandgate.log_line(|line| line.message() == "names of endpoints lead elsewhere");
}

#[test]
fn a_name_is_not_asked_again_before_its_ttl_is_over() {
    let dns = DnsServer::start();
    let (_first, _second, port) = two_at_one_port();
    dns.set_host("app.test", 3600, &[FIRST]);
    let sandgate = before_name(&dns, port).start();
    let asked = dns.queries();
    let mut client = sandgate.client();
    for _ in 0..20 {
        assert_eq!(backend(&mut client), "first");
    }
    assert_eq!(dns.queries(), asked);
}

#[test]
fn what_was_known_is_kept_while_no_lookup_succeeds() {
    let dns = DnsServer::start();
    let (_first, _second, port) = two_at_one_port();
    dns.set_host("app.test", 0, &[FIRST]);
    let sandgate = before_name(&dns, port).start();
    dns.fail(Failing::Yes);
    let failures = || sandgate.metrics().sum("sandgate_name_failures_total", &[("name", "app.test")]);
    wait_for("a lookup that failed", PATIENCE, || failures() >= 1.0);
    let mut client = sandgate.client();
    assert_eq!(backend(&mut client), "first");
    dns.fail(Failing::No);
    dns.set_host("app.test", 0, &[]);
    let before = failures();
    wait_for("a lookup that found nothing", PATIENCE, || failures() > before);
    assert_eq!(backend(&mut client), "first", "a name that has gone takes nothing away either");
}

#[test]
fn a_dead_name_is_in_nobodys_way() {
    let dns = DnsServer::start();
    let (_first, _second, port) = two_at_one_port();
    let sandgate = before_name(&dns, port).start();
    assert_eq!(backend(&mut sandgate.client()), "503");
    let warning = sandgate.log_line(|line| line.message() == "a name can't be looked up");
    assert_eq!(warning.text("name"), "app.test");
    dns.set_host("app.test", 60, &[FIRST]);
    wait_for_backend(&sandgate, "first");
}

#[test]
fn other_endpoints_of_the_upstream_serve_while_a_name_is_dead() {
    let dns = DnsServer::start();
    let origin = Origin::named("other");
    let yaml = "
version: 1
server: { workers: 1, resolver: { servers: [\"@dns@\"], timeout: 500ms } }
listeners: [{ name: web, address: \"127.0.0.1:0\" }]
upstreams: { app: { endpoints: [\"http://dead.test\", \"@other@\"] } }
routes: [{ name: all, upstream: app }]
";
    let setup = Sandgate::with_config(yaml);
    let sandgate = setup.value("dns", &dns.address().to_string()).value("other", &origin.url()).start();
    assert_eq!(backend(&mut sandgate.client()), "other");
}

#[test]
fn a_configuration_with_names_is_checked_without_asking_anybody() {
    let dns = DnsServer::start();
    let finished = before_name(&dns, 1).command("check", &[]);
    assert!(finished.status.success(), "{finished:?}");
    assert_eq!(dns.queries(), 0);
}

#[test]
fn localhost_is_one_endpoint_whichever_of_its_addresses_is_listened_on() {
    for loopback in [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)] {
        let Ok(origin) = Origin::at(SocketAddr::new(loopback, 0), hello("here")) else {
            assert!(loopback.is_ipv6(), "not every host has IPv6");
            continue;
        };
        let (dns, port) = (DnsServer::start(), origin.address().port());
        dns.set_host("localhost", 60, &[FIRST]);
        let yaml = "
version: 1
server: { workers: 1, resolver: { servers: [\"@dns@\"] } }
listeners: [{ name: web, address: \"127.0.0.1:0\" }]
admin: { address: \"127.0.0.1:0\" }
upstreams:
  app:
    endpoints: [{ address: \"http://localhost:@port@\", max_fails: 1, fail_timeout: 1h }]
    keep_alive: { idle: 0 }
routes: [{ name: all, upstream: app, retries: { attempts: 0 } }]
";
        let setup = Sandgate::with_config(yaml).value("dns", &dns.address().to_string());
        let sandgate = setup.value("port", &port.to_string()).start();
        let mut client = sandgate.client();
        for at in 1..=4 {
            assert_eq!(backend(&mut client), "here", "{loopback}");
            let line = sandgate.access_line(at);
            assert_eq!(line["endpoint"], format!("http://localhost:{port}"));
            assert_eq!((&line["attempts"], &line["fault"]), (&1.into(), &serde_json::Value::Null));
        }
        let metrics = sandgate.metrics();
        assert_eq!(metrics.sum("sandgate_endpoint_usable", &[]), 1.0, "one endpoint");
        assert_eq!(metrics.sum("sandgate_endpoint_failures_total", &[]), 0.0);
        assert_eq!(dns.queries(), 0, "RFC 6761 section 6.3");
    }
}

#[test]
fn many_names_are_all_found() {
    let dns = DnsServer::start();
    let hosts: Vec<String> = (0..200).map(|at| format!("host{at}.test")).collect();
    hosts.iter().for_each(|host| dns.set_host(host, 3600, &[FIRST]));
    let endpoints: Vec<String> = hosts.iter().map(|host| format!("\"http://{host}:1\"")).collect();
    let yaml = "
version: 1
server: { workers: 1, resolver: { servers: [\"@dns@\"] } }
listeners: [{ name: web, address: \"127.0.0.1:0\" }]
admin: { address: \"127.0.0.1:0\" }
upstreams: { app: { endpoints: [@all@] } }
routes: [{ name: all, upstream: app }]
";
    let setup = Sandgate::with_config(yaml).value("dns", &dns.address().to_string());
    let sandgate = setup.value("all", &endpoints.join(", ")).start();
    let found = || sandgate.metrics().sum("sandgate_name_places", &[]);
    wait_for("all names", PATIENCE, || found() == 200.0);
}

#[test]
fn a_service_tells_ports_weights_and_who_comes_first() {
    let dns = DnsServer::start();
    let (first, second, _) = two_at_one_port();
    let spare = Origin::named("spare");
    for (host, ip) in [("one.test", FIRST), ("two.test", SECOND), ("spare.test", Ipv4Addr::LOCALHOST.into())]
    {
        dns.set_host(host, 60, &[ip]);
    }
    let place = |priority, weight, origin: &Origin, host| (priority, weight, origin.address().port(), host);
    dns.set_service(
        "_web._tcp.test",
        60,
        &[
            place(10, 3, &first, "one.test"),
            place(10, 1, &second, "two.test"),
            place(20, 1, &spare, "spare.test"),
        ],
    );
    let yaml = "
version: 1
server: { workers: 1, resolver: { servers: [\"@dns@\"] } }
listeners: [{ name: web, address: \"127.0.0.1:0\" }]
upstreams: { app: { endpoints: [\"http+srv://_web._tcp.test\"] } }
routes: [{ name: all, upstream: app }]
";
    let sandgate = Sandgate::with_config(yaml).value("dns", &dns.address().to_string()).start();
    let mut client = sandgate.client();
    let mut answers: Vec<_> = (0..8).map(|_| backend(&mut client)).collect();
    answers.sort();
    assert_eq!(answers, ["first", "first", "first", "first", "first", "first", "second", "second"]);
    first.kill();
    second.kill();
    wait_for("an answer of the spare", PATIENCE, || backend(&mut client) == "spare");
}
