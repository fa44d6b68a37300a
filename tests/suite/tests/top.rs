//! `sandgate top` shows what plugins cost.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use sandgate_tests::{Finished, Origin, Sandgate, guest, sandgate_command, yaml};

#[test]
fn one_table_tells_what_each_hook_costs() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&origin);
    let over = AtomicBool::new(false);
    let finished = thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = sandgate.client();
            while !over.load(Relaxed) {
                assert_eq!(client.get("/").status(), 200);
            }
        });
        let finished = top(&sandgate);
        over.store(true, Relaxed);
        finished
    });
    assert!(finished.status.success(), "{finished:?}");
    let rows = rows(&finished);
    let mut hooks: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
    hooks.sort_unstable();
    assert_eq!(hooks, ["on-request", "on-response"]);
    for row in &rows {
        let number =
            |at: usize| row[at].parse::<f64>().unwrap_or_else(|_| panic!("no number at {at} in {row:?}"));
        assert_eq!(row[0], "it");
        assert!(number(2) > 0.0 && number(3) > 0.0, "calls a second, and what one costs: {row:?}");
        assert_eq!(number(5), 0.0, "faults: {row:?}");
        assert!(row[6].ends_with("iB"), "memory: {row:?}");
    }
    let cpu = |row: &[String]| row[4].parse::<f64>().expect("a share");
    assert!(cpu(&rows[0]) >= cpu(&rows[1]), "what costs more comes first: {rows:?}");
    assert!(!finished.stdout.contains('\x1b'), "no control codes where there is no terminal");
}

#[test]
fn hooks_that_were_not_called_are_shown_as_well() {
    let origin = Origin::replying(200, "hello");
    let rows = rows(&top(&start(&origin)));
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(rows[0][3], "-", "nothing a call, as there was none");
}

#[test]
fn an_address_that_does_not_answer_is_named_with_what_was_expected() {
    let address = Origin::refusing().address().to_string();
    let finished = sandgate_command(&["top", &address, "--once"]);
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    for words in ["no metrics from", &address, "refused", "expected the address of `admin`"] {
        assert!(finished.stderr.contains(words), "{words} in {}", finished.stderr);
    }
}

#[test]
fn a_listener_is_not_the_admin_address() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&origin);
    let finished = sandgate_command(&["top", &sandgate.address("web").to_string(), "--once"]);
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    assert!(finished.stderr.contains("not Sandgate's metrics"), "{}", finished.stderr);
}

#[test]
fn without_a_terminal_it_asks_for_once() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&origin);
    let finished = sandgate_command(&["top", &sandgate.address("admin").to_string()]);
    assert_eq!(finished.status.code(), Some(2), "{finished:?}");
    assert!(finished.stderr.contains("--once"), "{}", finished.stderr);
}

#[test]
fn an_interval_that_makes_no_sense_is_refused() {
    for interval in ["0s", "1", "2h", "1ms"] {
        let finished = sandgate_command(&["top", "127.0.0.1:1", "--interval", interval]);
        assert_eq!(finished.status.code(), Some(2), "{interval}: {finished:?}");
    }
}

fn start(origin: &Origin) -> Sandgate {
    let yaml = "plugins: { it: { wasm: \"@wasm@\", limits: { wall: 30s } } }\n".to_owned()
        + &yaml::forwarding_by("filters: [{ plugin: it }]");
    let wasm = guest("add-header").display().to_string();
    Sandgate::with_config(yaml).origins("app", &[origin]).value("wasm", &wasm).start()
}

fn top(sandgate: &Sandgate) -> Finished {
    sandgate_command(&["top", &sandgate.address("admin").to_string(), "--once", "--interval", "2s"])
}

/// The words of each line below the titles.
fn rows(finished: &Finished) -> Vec<Vec<String>> {
    let lines = finished.stdout.lines().skip_while(|line| !line.starts_with("PLUGIN")).skip(1);
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}
