//! Hostile plugins, in every hook: each misbehaviour is a named fault and costs one exchange. The next one succeeds, in the
//! same process, which keeps nothing of it.
//!
//! What a hook alone can do wrong is with that hook (`picker.rs`, `weigher.rs`, `whole_bodies.rs`), what is no component in
//! `components.rs`, what lies when it is loaded in `hostile_describe.rs`, and what is left after many exchanges in `drift.rs`.

use std::fs;

use sandgate_tests::{Origin, PATIENCE, RawClient, Sandgate, guest, wait_for, yaml};

/// What a client gets where a hook fails, and whose record has the fault.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Costs {
    /// The exchange ends with it.
    TheExchange,
    /// Nobody waits for the hook: it is counted.
    Nothing,
}

/// Each hook, and a path by which it is called.
const HOOKS: [(&str, &str, Costs); 9] = [
    ("route", "/", Costs::TheExchange),
    ("on-request", "/", Costs::TheExchange),
    ("on-request-body", "/", Costs::TheExchange),
    ("pick", "/", Costs::TheExchange),
    ("reroute", "/gone", Costs::TheExchange),
    ("on-response", "/", Costs::TheExchange),
    ("on-response-body", "/", Costs::TheExchange),
    ("on-log", "/", Costs::Nothing),
    ("on-outcomes", "/", Costs::Nothing),
];

/// What can be done in each, and the fault. Those that loop come last: after them the plugin is called in the slow lane.
const DEEDS: [(&str, &str); 9] = [
    ("trap", "plugin_trap"),
    ("panic", "plugin_trap"),
    ("utf8", "plugin_trap"),
    ("gigabyte", "plugin_trap"),
    ("long", "plugin_copy"),
    ("recurse", "plugin_stack"),
    ("grow", "plugin_memory"),
    ("calls", "plugin_host_calls"),
    ("loop", "plugin_cpu"),
];

/// Enough time for a slow machine; guests that may have so much are called in the slow lane.
const LIMITS: &str = "memory: 16MiB, cpu: 50ms, wall: 30s, host_calls: 2000";

/// How much more memory the process may have after a second round than after the first, which fills pools and caches.
const GROWTH_LIMIT_KIB: u64 = 8 << 10;

#[test]
fn every_misbehaviour_in_every_hook_is_named_and_costs_one_exchange() {
    assert_costs_one(&Bench::start(""));
}

/// With so little CPU time guests are called straight, on the worker itself, until they are found to be slow.
#[test]
fn so_it_does_where_guests_are_called_straight() {
    // On a busy machine that time may be over before another limit is reached.
    let bench = Bench::start_with("memory: 8MiB, cpu: 10ms, wall: 30s, host_calls: 500", "");
    assert_costs_one(&Bench { or_else: Some("plugin_cpu"), ..bench });
}

fn assert_costs_one(bench: &Bench) {
    let pid = bench.sandgate.pid();
    bench.round();
    let (memory, files) = (bench.resident_kib(), bench.files());
    bench.round();
    let grown = bench.resident_kib().saturating_sub(memory);
    assert!(grown < GROWTH_LIMIT_KIB, "{grown} KiB more than {memory}");
    assert_eq!((bench.files(), bench.sandgate.pid()), (files, pid), "files, and the process");
}

#[test]
fn a_flood_of_log_lines_is_dropped_in_every_hook_and_harms_nobody() {
    let bench = Bench::start("");
    for (hook, path, _) in HOOKS {
        let expected = if path == "/gone" { 502 } else { 200 };
        let dropped = || bench.sandgate.metrics().sum("sandgate_plugin_log_dropped_total", &[]);
        let before = dropped();
        wait_for(&format!("dropped lines of {hook}"), PATIENCE, || {
            assert_eq!(bench.ask(path, &format!("{hook} log-flood")), expected, "{hook}");
            dropped() > before + 900.0
        });
    }
    assert_eq!(bench.faults("plugin_trap"), 0.0);
}

#[test]
fn what_a_hook_did_before_it_failed_is_undone_where_the_exchange_goes_on() {
    let origin = Origin::named("a");
    let yaml =
        plugin("hostile-everywhere", "on_failure: open") + &yaml::forwarding_by("filters: [{ plugin: it }]");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    assert_eq!(sandgate.client().get_with("/", "x-misbehave", "on-request trap").status(), 200);
    assert_eq!(origin.requests()[0].field("x-seen-by"), None, "it was set before the trap");
    let response = sandgate.client().get_with("/", "x-misbehave", "on-response trap");
    assert_eq!((response.status(), response.field("x-seen-by")), (200, None));
    let response = sandgate.client().get("/");
    assert_eq!((response.status(), response.field("x-seen-by")), (200, Some("everywhere")));
    let seen = &origin.requests()[2];
    let left = |name: &str| seen.field(name).and_then(|left| left.parse::<u64>().ok());
    assert!(left("x-deadline-left").is_some_and(|ms| (1..=60_000).contains(&ms)), "{seen:?}");
    assert!(left("x-cpu-left").is_some_and(|us| (1..=50_000).contains(&us)), "{seen:?}");
}

#[test]
fn settings_that_make_a_guest_misbehave_are_refused_and_the_old_ones_serve_on() {
    let origin = Origin::named("a");
    let yaml = |settings: &str| {
        plugin("hostile-everywhere", &format!("settings: {settings}"))
            + &yaml::forwarding_by("filters: [{ plugin: it }]")
    };
    let sandgate = Sandgate::with_config(yaml("none")).origins("app", &[&origin]).start();
    let deeds = DEEDS.iter().map(|(deed, _)| *deed).chain(["refuse", "refuse-long"]);
    for deed in deeds {
        let refused = sandgate.reload_in_vain(&sandgate.filled(&yaml(&format!("configure {deed}"))));
        assert!(refused.contains("plugin `it` can't be loaded"), "{deed}: {refused}");
        assert!(refused.len() < 4_000, "{deed}: {} bytes of error", refused.len());
        assert_eq!(sandgate.client().get("/").status(), 200, "{deed}");
    }
}

#[test]
fn a_picker_that_fails_with_its_endpoints_is_named_too() {
    for (deed, fault) in [("trap", "plugin_trap"), ("grow", "plugin_memory"), ("loop", "plugin_cpu")] {
        let bench = Bench::start(&format!("settings: on-endpoints {deed}"));
        assert_eq!(bench.ask("/", "nothing"), 500, "{deed}");
        assert_eq!(bench.sandgate.access_line(1)["fault"], fault, "{deed}");
    }
}

#[test]
fn handles_are_no_more_than_a_guests_word_for_what_it_was_given() {
    let origin = Origin::named("a");
    let sandgate = handling("", &origin);
    let deeds = ["use-after-drop", "drop-twice", "forge", "name-utf8", "path-utf8"];
    for (done, deed) in deeds.into_iter().enumerate() {
        let mut client = sandgate.client();
        assert_eq!(client.get_with("/", "x-misbehave", deed).status(), 500, "{deed}");
        assert_eq!(client.get("/").status(), 200, "the exchange after {deed}");
        assert_eq!(sandgate.access_log(2 * done + 2)[2 * done]["fault"], "plugin_trap", "{deed}");
    }
}

#[test]
fn a_handle_that_was_kept_is_void_in_the_next_exchange() {
    let origin = Origin::named("a");
    let sandgate = handling("isolation: resident", &origin);
    let mut client = sandgate.client();
    assert_eq!(client.get_with("/", "x-misbehave", "keep").status(), 200);
    assert_eq!(client.get_with("/", "x-misbehave", "kept").status(), 500);
    assert_eq!(sandgate.access_line(2)["fault"], "plugin_trap");
    assert_eq!(client.get("/").status(), 200);
}

#[test]
fn handles_that_leak_are_limited_and_end_with_their_instance() {
    const HANDLES: usize = 1000;
    let origin = Origin::named("a");
    let sandgate = handling("isolation: resident", &origin);
    let mut client = sandgate.client();
    let statuses = (0..=HANDLES + 10).map(|_| client.get_with("/", "x-misbehave", "leak").status());
    let failed = statuses.filter(|status| *status != 200).count();
    assert_eq!(failed, 1, "one reached the limit, and its place got a new instance");
    assert_eq!(sandgate.metrics().sum("sandgate_plugin_faults_total", &[("kind", "plugin_handles")]), 1.0);
}

#[test]
fn what_may_not_be_set_is_refused_by_name_and_reaches_nobody() {
    let origin = Origin::named("a");
    let sandgate = handling("", &origin);
    for deed in ["headers", "too-many-headers", "paths"] {
        assert_eq!(sandgate.client().get_with("/", "x-misbehave", deed).status(), 200, "{deed}");
    }
    for request in origin.requests() {
        let raw = String::from_utf8_lossy(&request.raw).into_owned();
        assert!(!raw.contains("smuggled") && !raw.contains("x-bad") && !raw.contains("x-many"), "{raw}");
        assert_eq!(request.target(), "/");
    }
}

/// A proxy whose router, filter and picker are the same hostile guest.
struct Bench {
    sandgate: Sandgate,
    _origins: [Origin; 3],
    /// A fault that may come in place of any other.
    or_else: Option<&'static str>,
}

impl Bench {
    fn start(keys: &str) -> Bench {
        Bench::start_with(LIMITS, keys)
    }

    fn start_with(limits: &str, keys: &str) -> Bench {
        let origins = [Origin::named("a"), Origin::named("b"), Origin::refusing()];
        let [a, b, gone] = origins.each_ref();
        let yaml = yaml::entry()
            + &plugin_with("hostile-everywhere", limits, keys)
            + "router: { plugin: it }\n\
               upstreams:\n\
               \x20 app: { balance: { plugin: it }, endpoints: @app@ }\n\
               \x20 gone: { endpoints: @gone@ }\n\
               routes:\n\
               \x20 - { name: all, match: { path: { prefix: / } }, upstream: app, filters: [{ plugin: it }] }\n\
               \x20 - { name: gone, match: { path: { exact: /gone } }, upstream: gone }\n";
        let setup = Sandgate::with_config(yaml).origins("app", &[a, b]).origins("gone", &[gone]);
        Bench { sandgate: setup.start(), _origins: origins, or_else: None }
    }

    /// Each deed in each hook, and an honest exchange after each.
    fn round(&self) {
        for (deed, fault) in DEEDS {
            for (hook, path, costs) in HOOKS {
                self.misbehave(hook, path, costs, deed, fault);
                assert_eq!(self.ask("/", "nothing"), 200, "the exchange after {hook} {deed}");
            }
        }
    }

    fn misbehave(&self, hook: &str, path: &str, costs: Costs, deed: &str, fault: &str) {
        let before = self.faults(fault);
        let asked = format!("{hook} {deed}");
        match costs {
            Costs::TheExchange => {
                assert_eq!(self.ask(path, &asked), 500, "{asked}");
                let found = || self.faults(fault);
                wait_for(&format!("{fault} of {asked}"), PATIENCE, || found() > before);
            }
            Costs::Nothing => {
                assert_eq!(self.ask(path, &asked), 200, "{asked}");
                // Outcomes are told before a later request is sent.
                wait_for(&format!("{fault} of {asked}"), PATIENCE, || {
                    assert_eq!(self.ask("/", "nothing"), 200, "an exchange after {asked}");
                    self.faults(fault) > before
                });
            }
        }
    }

    /// The status of a request with a body, over a connection of its own.
    fn ask(&self, path: &str, misbehave: &str) -> u16 {
        let mut client: RawClient = self.sandgate.client();
        client.send(format!(
            "POST {path} HTTP/1.1\r\nhost: test.example\r\nx-misbehave: {misbehave}\r\ncontent-length: 4\r\n\r\nbody"
        ));
        client.response().status()
    }

    fn faults(&self, kind: &str) -> f64 {
        let metrics = self.sandgate.metrics();
        let of = |kind: &str| metrics.sum("sandgate_plugin_faults_total", &[("kind", kind)]);
        of(kind) + self.or_else.filter(|other| *other != kind).map_or(0.0, of)
    }

    fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.sandgate.pid())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Open files, once connections are closed that are over.
    fn files(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.sandgate.pid());
        sandgate_tests::wait_until_steady("open files", || fs::read_dir(&folder).expect("a process").count())
    }
}

fn handling(keys: &str, origin: &Origin) -> Sandgate {
    let yaml = plugin("hostile-handles", keys) + &yaml::forwarding_by("filters: [{ plugin: it }]");
    Sandgate::with_config(yaml).origins("app", &[origin]).start()
}

fn plugin(name: &str, keys: &str) -> String {
    plugin_with(name, LIMITS, keys)
}

fn plugin_with(name: &str, limits: &str, keys: &str) -> String {
    let wasm = guest(name).display().to_string();
    format!("plugins:\n  it: {{ wasm: \"{wasm}\", limits: {{ {limits} }}, {keys} }}\n")
}
