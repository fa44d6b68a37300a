//! Which endpoint of an upstream gets a request.

use std::collections::BTreeMap;

use sandgate_tests::{Origin, Sandgate, get, make_busy, yaml};

const NAMES: [&str; 3] = ["a", "b", "c"];

#[test]
fn round_robin_gives_each_endpoint_the_same_share() {
    let (_origins, sandgate) = three("balance: round_robin");
    assert_eq!(shares(&sandgate, 30), shares_of([10, 10, 10]));
}

#[test]
fn weights_give_smooth_shares() {
    let (one, two) = (Origin::named("one"), Origin::named("two"));
    let endpoints = format!("[{{ address: \"{}\", weight: 3 }}, \"{}\"]", one.url(), two.url());
    let sandgate = Sandgate::with_config(yaml::forwarding()).value("app", &endpoints).start();
    let order: Vec<_> = (0..8).map(|_| backend(&sandgate)).collect();
    assert_eq!(order.iter().filter(|name| *name == "one").count(), 6, "{order:?}");
    let longest = order.chunk_by(|a, b| a == b).map(<[String]>::len).max();
    assert!(longest <= Some(4), "the lighter endpoint isn't kept for the end: {order:?}");
}

#[test]
fn every_native_policy_serves_and_uses_all_endpoints() {
    for policy in ["random", "least_requests", "p2c"] {
        let (_origins, sandgate) = three(&format!("balance: {policy}"));
        let shares = shares(&sandgate, 60);
        assert_eq!(shares.len(), 3, "{policy}: {shares:?}");
    }
}

#[test]
fn ip_hash_sends_a_client_to_the_same_endpoint() {
    let (_origins, sandgate) = three("balance: ip_hash");
    assert_eq!(shares(&sandgate, 12).len(), 1);
}

#[test]
fn least_requests_avoids_an_endpoint_that_is_busy() {
    let (busy, free) = (Origin::hanging(), Origin::named("free"));
    let yaml = yaml::forwarding_to("balance: least_requests");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&busy, &free]).start();
    let waiting = make_busy(&sandgate, &busy, &free);
    for _ in 0..10 {
        assert_eq!(backend(&sandgate), "free");
    }
    assert_eq!(busy.requests().len(), 1);
    drop(waiting);
}

#[test]
fn an_endpoint_that_refuses_shows_nothing_to_gets_with_default_settings() {
    let (good, refusing) = (Origin::named("a"), Origin::refusing());
    let sandgate = Sandgate::before(&[&good, &refusing]);
    for _ in 0..30 {
        assert_eq!(get(sandgate.web(), "/").status(), 200);
    }
}

#[test]
fn killing_one_of_three_shows_nothing_to_gets_with_default_settings() {
    let (origins, sandgate) = three("balance: round_robin");
    let mut client = sandgate.client();
    for asked in 0..60 {
        if asked == 20 {
            origins[1].kill();
        }
        assert_eq!(client.get("/").status(), 200, "request {asked}");
    }
    assert!(origins[0].requests().len() + origins[2].requests().len() >= 50);
}

#[test]
fn a_backup_serves_only_when_no_other_can() {
    let (main, backup) = (Origin::named("main"), Origin::named("backup"));
    let endpoints = format!("[\"{}\", {{ address: \"{}\", backup: true }}]", main.url(), backup.url());
    let sandgate = Sandgate::with_config(yaml::forwarding()).value("app", &endpoints).start();
    for _ in 0..5 {
        assert_eq!(backend(&sandgate), "main");
    }
    main.kill();
    for _ in 0..5 {
        assert_eq!(backend(&sandgate), "backup");
    }
}

#[test]
fn an_endpoint_that_failed_often_is_left_alone_for_a_while() {
    let (good, bad) = (
        Origin::named("good"),
        Origin::scripted(|mut connection| {
            connection.request();
            connection.reset();
        }),
    );
    let failing = format!("{{ address: \"{}\", max_fails: 2, fail_timeout: 30s }}", bad.url());
    let endpoints = format!("[\"{}\", {failing}]", good.url());
    let sandgate = Sandgate::with_config(yaml::forwarding()).value("app", &endpoints).start();
    for _ in 0..20 {
        assert_eq!(backend(&sandgate), "good");
    }
    assert_eq!(bad.requests().len(), 2);
}

#[test]
fn with_every_endpoint_failed_they_are_tried_all_the_same() {
    let origin = Origin::answering(|request| match request.target() {
        "/bad" => b"nonsense\r\n\r\n".to_vec(),
        _ => b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(),
    });
    let sandgate = Sandgate::before(&[&origin]);
    for _ in 0..10 {
        assert_eq!(get(sandgate.web(), "/bad").status(), 502);
    }
    assert_eq!(get(sandgate.web(), "/good").status(), 200, "no outage of our own making");
}

fn three(upstream: &str) -> ([Origin; 3], Sandgate) {
    let origins = NAMES.map(Origin::named);
    let yaml = yaml::forwarding_to(upstream);
    let sandgate = Sandgate::with_config(yaml).origins("app", &origins.each_ref()).start();
    (origins, sandgate)
}

fn backend(sandgate: &Sandgate) -> String {
    let response = get(sandgate.web(), "/");
    assert_eq!(response.status(), 200);
    response.field("x-backend").expect("an origin with a name").to_owned()
}

fn shares(sandgate: &Sandgate, requests: usize) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for _ in 0..requests {
        *shares.entry(backend(sandgate)).or_default() += 1;
    }
    shares
}

fn shares_of(counts: [usize; 3]) -> BTreeMap<String, usize> {
    NAMES.iter().map(|name| (*name).to_owned()).zip(counts).collect()
}
