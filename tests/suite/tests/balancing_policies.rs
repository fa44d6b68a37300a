//! Policies that look at latency or at a key: ewma and consistent hashing.

use std::collections::{BTreeMap, BTreeSet};

use sandgate_tests::{Gate, Origin, PATIENCE, RawClient, Response, Sandgate, get, make_busy, wait_for, yaml};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

#[test]
fn ewma_leaves_an_endpoint_that_became_slow() {
    let gate = Gate::default();
    let (slow, fast) = (answering_after(&gate), Origin::named("fast"));
    let yaml = yaml::forwarding_to("balance: { ewma: { decay: 5m } }");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&slow, &fast]).start();
    let waiting = make_busy(&sandgate, &slow, &fast);
    // As long as its first answer is awaited it gets no other; so it takes longer than all of these together.
    for _ in 0..50 {
        assert_eq!(backend(&get(sandgate.web(), "/")), "fast");
    }
    gate.open();
    for mut client in waiting {
        assert_eq!(client.response().status(), 200);
    }
    let latency = |origin: &Origin| {
        sandgate.metrics().sum("sandgate_endpoint_latency_seconds", &[("endpoint", &origin.url())])
    };
    assert!(latency(&slow) > latency(&fast) && latency(&fast) > 0.0);
    for _ in 0..20 {
        assert_eq!(backend(&get(sandgate.web(), "/")), "fast");
    }
}

#[test]
fn latency_is_measured_from_the_reload_on_that_asks_for_it() {
    let origin = Origin::named("a");
    let sandgate = Sandgate::before(&[&origin]);
    let mut client = sandgate.client();
    assert_eq!(client.get("/").status(), 200);
    assert!(!sandgate.metrics().has("sandgate_endpoint_latency_seconds"));
    sandgate.reload(&yaml::forwarding_to("balance: ewma"));
    assert_eq!(client.get("/").status(), 200);
    assert!(sandgate.metrics().sum("sandgate_endpoint_latency_seconds", &[]) > 0.0);
}

#[test]
fn a_hash_sends_a_key_to_one_endpoint_and_keys_to_all() {
    for balance in ["{ hash: \"header:x-user\" }", "{ hash: \"header:x-user\", algorithm: maglev }"] {
        let (_origins, sandgate) = four(balance);
        let mut client = sandgate.client();
        let owners = owners(&mut client, 200);
        assert_eq!(owners, self::owners(&mut client, 200), "{balance}");
        assert_eq!(owners.values().collect::<BTreeSet<_>>().len(), 4, "{balance}: {owners:?}");
    }
}

#[test]
fn a_hash_is_the_same_after_a_reload_and_when_another_endpoint_fails() {
    let (origins, sandgate) = four("{ hash: \"header:x-user\" }");
    let mut client = sandgate.client();
    let before = owners(&mut client, 40);
    let yaml = yaml::forwarding_to("balance: { hash: \"header:x-user\" }, connect_timeout: 1s");
    sandgate.reload(&yaml);
    assert_eq!(owners(&mut client, 40), before);
    origins[1].kill();
    let after = owners(&mut client, 40);
    assert!(
        before.iter().all(|(user, owner)| (after[user] == *owner) != (owner == "b")),
        "{before:?} {after:?}"
    );
}

#[test]
fn every_part_of_a_request_can_be_the_key() {
    let keys = [
        ("cookie:sid", "GET /x HTTP/1.1\r\nhost: h\r\ncookie: a=b; sid=@\r\n\r\n"),
        ("query:user", "GET /x?user=@ HTTP/1.1\r\nhost: h\r\n\r\n"),
        ("path", "GET /@ HTTP/1.1\r\nhost: h\r\n\r\n"),
        ("uri", "GET /x?@ HTTP/1.1\r\nhost: h\r\n\r\n"),
        ("host", "GET /x HTTP/1.1\r\nhost: h@.example:80\r\n\r\n"),
    ];
    for (key, request) in keys {
        let (_origins, sandgate) = four(&format!("{{ hash: \"{key}\" }}"));
        let mut client = sandgate.client();
        let mut ask = |number: usize| {
            let request = request.replace('@', &format!("k{number}"));
            (0..2).map(|_| backend(&client.send(&request).response())).collect::<BTreeSet<_>>()
        };
        // Where ports put the endpoints on the ring is chance: so many keys that none goes without.
        let owners: Vec<_> = (0..200).map(&mut ask).collect();
        assert!(owners.iter().all(|owners| owners.len() == 1), "{key}: {owners:?}");
        let used: BTreeSet<_> = owners.iter().flatten().collect();
        assert_eq!(used.len(), 4, "{key}: {owners:?}");
    }
}

#[test]
fn without_its_key_a_hash_is_round_robin() {
    let (_origins, sandgate) = four("{ hash: \"header:x-user\" }");
    let picks: Vec<_> = (0..8).map(|_| backend(&get(sandgate.web(), "/"))).collect();
    assert_eq!(picks, ["a", "b", "c", "d", "a", "b", "c", "d"]);
}

#[test]
fn a_bounded_load_takes_what_one_endpoint_can_not() {
    let origins = [Origin::hanging(), Origin::hanging()];
    let yaml = yaml::forwarding_to("balance: { hash: path, bounded_load: 125% }");
    let sandgate = Sandgate::with_config(yaml).origins("app", &origins.each_ref()).start();
    let asked = || origins[0].requests().len() + origins[1].requests().len();
    let mut clients = Vec::new();
    for count in 1..=8 {
        let mut client = sandgate.client();
        client.send("GET /same HTTP/1.1\r\nhost: test.example\r\n\r\n");
        wait_for("an origin to be asked", PATIENCE, || asked() == count);
        clients.push(client);
    }
    let mut loads = [origins[0].requests().len(), origins[1].requests().len()];
    loads.sort_unstable();
    assert_eq!(loads, [3, 5], "125 % of half of 8 is 5");
}

/// Answers its first request once the gate is open, and names itself `slow`.
fn answering_after(gate: &Gate) -> Origin {
    let gate = gate.clone();
    Origin::answering(move |_| {
        gate.pass();
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx-backend: slow\r\n\r\n".to_vec()
    })
}

fn four(balance: &str) -> ([Origin; 4], Sandgate) {
    let origins = NAMES.map(Origin::named);
    let yaml = yaml::forwarding_to(&format!("balance: {balance}"));
    let sandgate = Sandgate::with_config(yaml).origins("app", &origins.each_ref()).start();
    (origins, sandgate)
}

fn backend(response: &Response) -> String {
    assert_eq!(response.status(), 200);
    response.field("x-backend").expect("an origin with a name").to_owned()
}

/// Which endpoint each of so many users is sent to.
fn owners(client: &mut RawClient, users: usize) -> BTreeMap<usize, String> {
    (0..users).map(|user| (user, backend(&client.get_with("/", "x-user", &format!("user-{user}"))))).collect()
}
