//! Nothing of one exchange can be seen by another: each probe leaves a trace of every kind that a component can leave, and
//! answers with a status that counts the traces it finds. That a probe finds them where it may is shown by
//! `isolation: resident`, whose instances stay.

mod probe;

use std::thread;

use probe::Probe;
use sandgate_tests::{Origin, RawClient, Sandgate, yaml};

/// What a fresh instance answers.
const FRESH: u16 = 200;

#[test]
fn no_exchange_sees_what_one_before_it_left() {
    for (what, probe) in probe::traces::all() {
        let origin = Origin::named("a");
        let sandgate = probing(&probe, "exchange", 1, &origin);
        let mut client = sandgate.client();
        for exchange in 0..100 {
            assert_eq!(client.get("/").status(), FRESH, "{what}, exchange {exchange}");
        }
    }
}

#[test]
fn what_a_resident_instance_left_is_found_by_the_next_exchange() {
    for (what, probe) in probe::traces::all() {
        let origin = Origin::named("a");
        let sandgate = probing(&probe, "resident", 1, &origin);
        let mut client = sandgate.client();
        assert_eq!(client.get("/").status(), FRESH, "{what}");
        assert_ne!(
            client.get("/").status(),
            FRESH,
            "{what}: a probe that never finds anything shows nothing"
        );
    }
}

#[test]
fn exchanges_at_the_same_time_do_not_see_one_another() {
    for (what, probe) in probe::traces::all() {
        let origin = Origin::named("a");
        let sandgate = probing(&probe, "exchange", 2, &origin);
        let web = sandgate.web();
        let clients = (0..8).map(|_| {
            thread::spawn(move || {
                let mut client = RawClient::connect(web);
                (0..50).all(|_| client.get("/").status() == FRESH)
            })
        });
        let clients: Vec<_> = clients.collect();
        assert!(clients.into_iter().all(|client| client.join().expect("a client")), "{what}");
    }
}

#[test]
fn an_instance_that_trapped_leaves_nothing_either() {
    for (what, probe) in probe::traces::all() {
        let origin = Origin::named("a");
        let trapping = probe.with("end", "(if (call $asked) (then unreachable))");
        let sandgate = probing(&trapping, "exchange", 1, &origin);
        let mut client = sandgate.client();
        for exchange in 0..20 {
            assert_eq!(client.get_with("/", "x-trap", "1").status(), 500, "{what}, exchange {exchange}");
            assert_eq!(client.get("/").status(), FRESH, "{what}, exchange {exchange}");
        }
    }
}

fn probing(probe: &Probe, isolation: &str, workers: usize, origin: &Origin) -> Sandgate {
    let plugin = format!(
        "plugins: {{ it: {{ wasm: it.wasm, isolation: {isolation}, limits: {{ cpu: 50ms, wall: 30s }} }} }}\n"
    );
    let yaml = plugin + &yaml::forwarding_by("filters: [{ plugin: it }]");
    let yaml = yaml.replace("workers: 1", &format!("workers: {workers}"));
    Sandgate::with_config(yaml).origins("app", &[origin]).content("it.wasm", probe.bytes()).start()
}
