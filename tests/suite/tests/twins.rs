//! Nobody can tell a plugin from what is built in: each case holds for a native filter or balancer and for its twin, a
//! component.

use sandgate_tests::{Origin, Sandgate, get, guest, make_busy, yaml};

/// What sets the same fields: the native filter, and the guest `add-header`.
const HEADERS: [&str; 2] = [
    "{ request_headers: { set: { x-seen-agent: \"${request.header.user-agent}\" } } }, \
     { response_headers: { set: { x-served-by: sandgate } } }",
    "{ plugin: add-header }",
];
/// What sends each request to the endpoint with the least to do: the native balancer, and the guest `least-active`.
const LEAST: [&str; 2] = ["least_requests", "{ plugin: least-active }"];
/// What brings a session back to its endpoint: the native balancer, and the guest `sticky-picker`.
const STICKY: [&str; 2] = ["{ hash: \"cookie:session\" }", "{ plugin: sticky-picker }"];

#[test]
fn a_header_of_the_request_is_set_whatever_the_client_sent() {
    for filters in HEADERS {
        let origin = Origin::replying(200, "hello");
        let sandgate = filtering(filters, &origin);
        let mut client = sandgate.client();
        let head = "GET / HTTP/1.1\r\nhost: test.example\r\nuser-agent: probe/1\r\nx-seen-agent: a\r\nx-seen-agent: b\r\n\r\n";
        assert_eq!(client.send(head).response().status(), 200, "{filters}");
        assert_eq!(origin.only_request().all("x-seen-agent"), ["probe/1"], "{filters}");
    }
}

#[test]
fn a_header_of_the_response_is_set_whatever_the_upstream_sent() {
    for filters in HEADERS {
        let origin = Origin::answering(|_| {
            b"HTTP/1.1 200 OK\r\nx-served-by: a\r\nx-served-by: b\r\ncontent-length: 5\r\n\r\nhello".to_vec()
        });
        let response = filtering(filters, &origin).client().get_with("/", "user-agent", "probe/1");
        assert_eq!(response.all("x-served-by"), ["sandgate"], "{filters}");
        assert_eq!(response.text(), "hello", "{filters}");
    }
}

#[test]
fn the_hosts_own_answers_pass_the_filter_too() {
    for filters in HEADERS {
        let refusing = Origin::refusing();
        let response = filtering(filters, &refusing).client().get_with("/", "user-agent", "probe/1");
        assert_eq!((response.status(), response.field("x-served-by")), (502, Some("sandgate")), "{filters}");
    }
}

#[test]
fn a_request_goes_where_the_least_is_under_way() {
    for balance in LEAST {
        let (busy, free) = (Origin::hanging(), Origin::named("free"));
        let sandgate = balancing(balance, "@app@", &[&busy, &free]);
        let waiting = make_busy(&sandgate, &busy, &free);
        for _ in 0..10 {
            assert_eq!(get(sandgate.web(), "/").field("x-backend"), Some("free"), "{balance}");
        }
        drop(waiting);
    }
}

#[test]
fn of_two_that_are_idle_the_heavier_comes_first() {
    for balance in LEAST {
        let (light, heavy) = (Origin::named("light"), Origin::named("heavy"));
        let endpoints = format!("[\"{}\", {{ address: \"{}\", weight: 3 }}]", light.url(), heavy.url());
        let sandgate = balancing(balance, &endpoints, &[]);
        assert_eq!(get(sandgate.web(), "/").field("x-backend"), Some("heavy"), "{balance}");
    }
}

#[test]
fn an_endpoint_that_was_tried_is_not_tried_again() {
    for balance in LEAST {
        let (dead, living) = (Origin::refusing(), Origin::named("living"));
        let sandgate = balancing(balance, "@app@", &[&dead, &living]);
        for _ in 0..5 {
            assert_eq!(get(sandgate.web(), "/").field("x-backend"), Some("living"), "{balance}");
        }
    }
}

#[test]
fn a_backup_is_left_alone_while_a_primary_lives() {
    for balance in LEAST {
        let (primary, backup) = (Origin::named("primary"), Origin::named("backup"));
        let endpoints = format!("[{{ address: \"{}\", backup: true }}, \"{}\"]", backup.url(), primary.url());
        let sandgate = balancing(balance, &endpoints, &[]);
        for _ in 0..5 {
            assert_eq!(get(sandgate.web(), "/").field("x-backend"), Some("primary"), "{balance}");
        }
    }
}

#[test]
fn a_session_stays_at_its_endpoint_and_only_its_own_move_when_one_is_gone() {
    for balance in STICKY {
        let origins = [Origin::named("a"), Origin::named("b"), Origin::named("c")];
        let sandgate = balancing(balance, "@app@", &origins.each_ref());
        let backends = || -> Vec<String> {
            let backend = |session: u32| {
                let response = sandgate.client().get_with("/", "cookie", &format!("session={session}"));
                response.field("x-backend").expect("an answer of an origin").to_owned()
            };
            (0..20).map(backend).collect()
        };
        let before = backends();
        assert_eq!(backends(), before, "{balance}");
        origins[0].kill();
        for (before, after) in before.iter().zip(backends()) {
            assert!(
                if before == "a" { after != "a" } else { after == *before },
                "{balance}: {before}, {after}"
            );
        }
    }
}

fn filtering(filters: &str, origin: &Origin) -> Sandgate {
    let yaml = plugins() + &yaml::forwarding_by(&format!("filters: [{filters}]"));
    start(yaml, &[origin])
}

fn balancing(balance: &str, endpoints: &str, origins: &[&Origin]) -> Sandgate {
    let yaml = yaml::forwarding_to(&format!("balance: {balance}")).replace("@app@", endpoints);
    start(plugins() + &yaml, origins)
}

/// Both are there in each case, so that nothing differs but what is named.
fn plugins() -> String {
    let plugin = |name: &str| {
        format!("  {name}: {{ wasm: \"{}\", limits: {{ wall: 30s }} }}\n", guest(name).display())
    };
    let sticky = plugin("sticky-picker").replace(" } }\n", " }, settings: { cookie: session } }\n");
    format!("plugins:\n{}{}{sticky}", plugin("add-header"), plugin("least-active"))
}

fn start(yaml: String, origins: &[&Origin]) -> Sandgate {
    Sandgate::with_config(yaml).origins("app", origins).start()
}
