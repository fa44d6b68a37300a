//! Many exchanges through every hostile guest in turn, and what is left of them in the process: memory and open files.
//!
//! It takes minutes, so it is run by hand, best against a release binary:
//! `SANDGATE_BIN=target/release/sandgate SANDGATE_EXCHANGES=100000 cargo nextest run --workspace --run-ignored only
//! -E 'binary(drift)' --no-capture`.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use sandgate_tests::{Origin, PATIENCE, Sandgate, guest, wait_for, wait_until_steady, yaml};

/// Hooks of `hostile-everywhere`, and paths by which they are called.
const HOOKS: [(&str, &str); 9] = [
    ("route", "/"),
    ("on-request", "/"),
    ("on-request-body", "/"),
    ("pick", "/"),
    ("reroute", "/gone"),
    ("on-response", "/"),
    ("on-response-body", "/"),
    ("on-log", "/"),
    ("on-outcomes", "/"),
];
/// What it does in each.
const DEEDS: [&str; 10] =
    ["trap", "panic", "utf8", "gigabyte", "long", "recurse", "grow", "calls", "log-flood", "loop"];
/// What the other guests do, each on a path of its own.
const OTHERS: [(&str, &[&str]); 4] = [
    (
        "/handles",
        &["use-after-drop", "drop-twice", "forge", "name-utf8", "path-utf8", "leak", "headers", "paths"],
    ),
    ("/body", &["trap", "loop", "error", "upper", "long", "bad-reply", "trap-response", "long-response"]),
    ("/filter", &["trap", "panic", "error", "grow", "reply-bad-status", "recurse", "calls", "loop", "note"]),
    ("/pick", &["out-of-range", "not-usable", "rank-none", "rank-twice", "rank-long", "trap", "loop"]),
];
/// Requests are sent by so many clients at once: a guest that loops runs at the lowest priority.
const CLIENTS: usize = 8;
/// While it warms up there are more, since the pool of guests keeps what as many as ever lived at once have touched, a MiB of each.
const WARMING_CLIENTS: usize = 3 * CLIENTS;
/// So many exchanges come before memory is looked at, as a share of those that follow: pools of guests, connections and buffers,
/// the allocator's caches, the counters of each hook and the log's throttles are made when they are first needed.
const WARM_UP: f64 = 0.2;
/// Memory is looked at so often: the pool has now more, now fewer places with a MiB in memory.
const LOOKS: usize = 10;
/// How much of its memory the process may have gained, by the medians of the first half of the looks and of the second.
const DRIFT_LIMIT_PERCENT: f64 = 1.0;

#[test]
#[ignore = "takes minutes, and wants a machine with nothing else to do"]
fn memory_and_files_stay_as_they_are_whatever_guests_do() {
    let wanted = std::env::var("SANDGATE_EXCHANGES").ok().and_then(|count| count.parse().ok());
    let wanted: usize = wanted.unwrap_or(10_000);
    let origins = [Origin::named("a"), Origin::named("b"), Origin::refusing()];
    let sandgate = start(&origins);
    drive(&sandgate, (wanted as f64 * WARM_UP) as usize, WARMING_CLIENTS);
    let before = Found::now(&sandgate);
    println!("after warming up: {before:?}");
    let looks = (1..=LOOKS).map(|look| {
        drive(&sandgate, wanted / LOOKS, CLIENTS);
        let found = Found::now(&sandgate);
        println!("after {} exchanges: {found:?}", wanted / LOOKS * look);
        found
    });
    let looks: Vec<Found> = looks.collect();
    assert_all_was_done(&sandgate);
    let (first, second) = looks.split_at(LOOKS / 2);
    let [first, second] = [first, second].map(median_kib);
    let percent = (second as f64 - first as f64) * 100.0 / first as f64;
    println!("{wanted} exchanges: {first} KiB in the first half, {second} in the second: {percent:.2} %");
    assert!(looks.iter().all(|found| found.files == before.files), "files: {before:?} and {looks:?}");
    assert!(percent < DRIFT_LIMIT_PERCENT, "{percent:.2} %: {looks:?}");
}

fn median_kib(looks: &[Found]) -> u64 {
    let mut kib: Vec<u64> = looks.iter().map(|found| found.kib).collect();
    kib.sort_unstable();
    kib[kib.len() / 2]
}

/// Sends so many requests that make guests misbehave, in turn, each over a connection of its own.
fn drive(sandgate: &Sandgate, exchanges: usize, clients: usize) {
    let (cases, next) = (cases(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                let mine = std::iter::repeat_with(|| next.fetch_add(1, Relaxed));
                for at in mine.take_while(|at| *at < exchanges) {
                    let (path, deed) = &cases[at % cases.len()];
                    ask(sandgate, path, deed);
                }
            });
        }
    });
}

/// The status of a request with a body.
fn ask(sandgate: &Sandgate, path: &str, deed: &str) -> u16 {
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: test.example\r\nx-misbehave: {deed}\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbody"
    );
    sandgate.client().send(request).response().status()
}

/// Paths and what is done there.
fn cases() -> Vec<(&'static str, String)> {
    let everywhere =
        DEEDS.iter().flat_map(|deed| HOOKS.iter().map(move |(hook, path)| (*path, format!("{hook} {deed}"))));
    let others =
        OTHERS.iter().flat_map(|(path, deeds)| deeds.iter().map(move |deed| (*path, (*deed).to_owned())));
    everywhere.chain(others).collect()
}

/// Nothing was left out: each kind of fault was met, no plugin was left alone, and honest exchanges succeed.
fn assert_all_was_done(sandgate: &Sandgate) {
    let metrics = sandgate.metrics();
    let faults = |kind: &str| metrics.sum("sandgate_plugin_faults_total", &[("kind", kind)]);
    for kind in ["trap", "stack", "memory", "cpu", "host_calls", "invalid"] {
        assert!(faults(&format!("plugin_{kind}")) > 0.0, "{kind}");
    }
    assert_eq!(faults("plugin_circuit"), 0.0);
    for (path, _) in OTHERS.iter().chain([&("/", &[][..])]) {
        wait_for(path, PATIENCE, || ask(sandgate, path, "nothing") == 200);
    }
}

/// What the process has.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// Resident memory.
    kib: u64,
    /// Open files, once connections are closed that are over.
    files: usize,
}

impl Found {
    fn now(sandgate: &Sandgate) -> Found {
        let folder = format!("/proc/{}", sandgate.pid());
        let open = || fs::read_dir(format!("{folder}/fd")).expect("a process").count();
        let files = wait_until_steady("open files", open);
        let status = fs::read_to_string(format!("{folder}/status")).expect("a process");
        let kib = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("its memory");
            line.trim().trim_end_matches(" kB").parse().expect("a number")
        };
        Found { kib: kib("VmRSS:"), files }
    }
}

/// A proxy with every hostile guest there is. Little CPU time, so that loops are short; and no idle connections, of which it would keep now
/// more, now fewer.
fn start(origins: &[Origin; 3]) -> Sandgate {
    let [a, b, gone] = origins.each_ref();
    let plugin = |name: &str, guest_name: &str, keys: &str| {
        let wasm = guest(guest_name).display().to_string();
        let limits = "memory: 8MiB, cpu: 1ms, wall: 30s, host_calls: 500";
        format!(
            "  {name}: {{ wasm: \"{wasm}\", limits: {{ {limits} }}, circuit: {{ failures: 0 }}, {keys} }}\n"
        )
    };
    let plugins = [
        plugin("it", "hostile-everywhere", ""),
        plugin("handles", "hostile-handles", ""),
        plugin("body", "hostile-body", ""),
        plugin("filter", "hostile", ""),
        plugin("picker", "hostile-picker", ""),
        plugin("weigher", "hostile-weigher", "settings: trap"),
    ];
    let yaml = yaml::entry()
        + "plugins:\n"
        + &plugins.concat()
        + "router: { plugin: it }\n\
           upstreams:\n\
           \x20 app: { balance: { plugin: it }, keep_alive: { idle: 0 }, endpoints: @app@ }\n\
           \x20 weighed: { balance: { plugin: weigher, interval: 100ms }, keep_alive: { idle: 0 }, endpoints: @app@ }\n\
           \x20 picked: { balance: { plugin: picker }, keep_alive: { idle: 0 }, endpoints: @app@ }\n\
           \x20 gone: { endpoints: @gone@ }\n\
           routes:\n\
           \x20 - { name: all, match: { path: { prefix: / } }, upstream: app, filters: [{ plugin: it }] }\n\
           \x20 - { name: handles, match: { path: { exact: /handles } }, upstream: weighed, filters: [{ plugin: handles }] }\n\
           \x20 - { name: body, match: { path: { exact: /body } }, upstream: weighed, filters: [{ plugin: body }] }\n\
           \x20 - { name: filter, match: { path: { exact: /filter } }, upstream: weighed, filters: [{ plugin: filter }] }\n\
           \x20 - { name: pick, match: { path: { exact: /pick } }, upstream: picked }\n\
           \x20 - { name: gone, match: { path: { exact: /gone } }, upstream: gone }\n";
    Sandgate::with_config(yaml).origins("app", &[a, b]).origins("gone", &[gone]).start()
}
