//! A saved configuration is applied without dropping anything; a bad one changes nothing.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sandgate_tests::{Gate, Origin, PATIENCE, RawClient, Sandgate, Signal, get, wait_for, yaml};

#[test]
fn a_file_replaced_by_a_rename_is_applied() {
    let (_origin, sandgate) = with_one_route();
    assert_eq!(get(sandgate.web(), "/two").status(), 404);
    assert_eq!(sandgate.reload(&two_routes()), 2);
    assert_eq!(get(sandgate.web(), "/two").status(), 200);
}

#[test]
fn a_file_written_in_place_is_applied() {
    let (_origin, sandgate) = with_one_route();
    fs::write(sandgate.config(), sandgate.filled(&two_routes())).unwrap();
    wait_for_second_route(&sandgate);
}

#[test]
fn a_file_moved_away_and_written_anew_is_applied() {
    let (_origin, sandgate) = with_one_route();
    fs::rename(sandgate.config(), sandgate.folder().join("sandgate.yaml~")).unwrap();
    fs::write(sandgate.config(), sandgate.filled(&two_routes())).unwrap();
    wait_for_second_route(&sandgate);
    assert_eq!(get(sandgate.web(), "/one").status(), 200);
}

#[test]
fn what_an_editor_leaves_beside_the_file_is_no_change() {
    let (_origin, sandgate) = with_one_route();
    for name in [".sandgate.yaml.swp", "4913", "sandgate.yaml~", "#sandgate.yaml#", ".#sandgate.yaml"] {
        fs::write(sandgate.folder().join(name), "not: [a configuration").unwrap();
        fs::remove_file(sandgate.folder().join(name)).unwrap();
    }
    assert_eq!(sandgate.reload(&two_routes()), 2, "the first change is the file's own");
}

#[test]
fn a_mounted_config_map_is_applied_when_its_link_is_swapped() {
    let origin = Origin::replying(200, "hello");
    let setup = Sandgate::with_config(one_route()).origins("app", &[&origin]);
    let sandgate = setup.start_from(|folder, yaml| {
        put_version(folder, "..2026_1", yaml);
        symlink("..2026_1", folder.join("..data")).unwrap();
        symlink("..data/sandgate.yaml", folder.join("sandgate.yaml")).unwrap();
        folder.join("sandgate.yaml")
    });
    assert_eq!(get(sandgate.web(), "/one").status(), 200);
    put_version(sandgate.folder(), "..2026_2", &sandgate.filled(&two_routes()));
    symlink("..2026_2", sandgate.folder().join("..data_tmp")).unwrap();
    fs::rename(sandgate.folder().join("..data_tmp"), sandgate.folder().join("..data")).unwrap();
    fs::remove_dir_all(sandgate.folder().join("..2026_1")).unwrap();
    wait_for_second_route(&sandgate);
}

#[test]
fn a_hangup_reads_the_file_again() {
    let (_origin, sandgate) = with_one_route();
    let mark = sandgate.log_mark();
    sandgate.signal(Signal::Hangup);
    sandgate.log_line_after(mark, |line| line.message() == "configuration applied");
    assert_eq!(get(sandgate.web(), "/one").status(), 200);
}

#[test]
fn a_bad_file_is_refused_and_the_old_one_serves_on() {
    let (_origin, sandgate) = with_one_route();
    let bad = one_route().replace("upstream: app", "upstream: ap");
    let error = sandgate.reload_in_vain(&bad);
    assert!(error.contains("ap") && error.contains("app"), "the error names what is near: {error}");
    assert_eq!(get(sandgate.web(), "/one").status(), 200);
    assert_eq!(sandgate.metrics().sum("sandgate_generation", &[]), 1.0);
    sandgate.reload(&two_routes());
    assert_eq!(get(sandgate.web(), "/two").status(), 200, "the next good one is applied");
}

#[test]
fn a_file_that_is_gone_changes_nothing() {
    let (_origin, sandgate) = with_one_route();
    let mark = sandgate.log_mark();
    fs::remove_file(sandgate.config()).unwrap();
    sandgate.signal(Signal::Hangup);
    sandgate.log_line_after(mark, |line| line.message() == "configuration refused");
    assert_eq!(get(sandgate.web(), "/one").status(), 200);
}

#[test]
fn of_many_saves_the_last_one_stays() {
    let (_origin, sandgate) = with_one_route();
    for _ in 0..20 {
        sandgate.save(&one_route());
    }
    sandgate.save(&two_routes());
    wait_for_second_route(&sandgate);
    sandgate.save(&one_route());
    wait_for("the first configuration again", PATIENCE, || get(sandgate.web(), "/two").status() == 404);
}

#[test]
fn the_generation_is_in_the_metrics() {
    let (_origin, sandgate) = with_one_route();
    assert_eq!(sandgate.metrics().sum("sandgate_generation", &[]), 1.0);
    sandgate.reload(&two_routes());
    assert_eq!(sandgate.metrics().sum("sandgate_generation", &[]), 2.0);
}

#[test]
fn a_kept_connection_lives_on_and_sees_the_new_routes() {
    let (_origin, sandgate) = with_one_route();
    let mut client = sandgate.client();
    assert_eq!((client.get("/one").status(), client.get("/two").status()), (200, 404));
    sandgate.reload(&two_routes());
    assert_eq!((client.get("/one").status(), client.get("/two").status()), (200, 200));
}

#[test]
fn an_exchange_under_way_ends_as_it_began() {
    let reloaded = Gate::default();
    let gate = reloaded.clone();
    let origin = Origin::scripted(move |mut connection| {
        connection.request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nfirst");
        gate.pass();
        connection.send("after");
    });
    let sandgate = Sandgate::with_config(one_route()).origins("app", &[&origin]).start();
    let mut client = sandgate.client();
    client.send("GET /one HTTP/1.1\r\nhost: test.example\r\n\r\n");
    assert_eq!(client.head().status(), 200);
    // The new configuration has neither the route nor the upstream.
    sandgate.reload(&(yaml::entry() + "routes: []\n"));
    assert_eq!(get(sandgate.web(), "/one").status(), 404);
    reloaded.open();
    assert_eq!(client.bytes(10), b"firstafter");
    assert_eq!(sandgate.access_line(2)["route"], "one");
}

#[test]
fn an_added_listener_answers_and_the_others_stay() {
    let (_origin, sandgate) = with_one_route();
    let added = beside(sandgate.web());
    assert!(TcpStream::connect(added).is_err());
    let mut kept = sandgate.client();
    assert_eq!(kept.get("/one").status(), 200);
    sandgate.reload(&with_listener(added));
    assert_eq!(get(added, "/one").status(), 200);
    assert_eq!((kept.get("/one").status(), get(sandgate.web(), "/one").status()), (200, 200));
}

#[test]
fn a_removed_listener_takes_nothing_new_and_serves_its_connections_on() {
    let (_origin, sandgate) = with_one_route();
    let added = beside(sandgate.web());
    sandgate.reload(&with_listener(added));
    let mut kept = RawClient::connect(added);
    assert_eq!(kept.get("/one").status(), 200);
    sandgate.reload(&one_route());
    wait_for("the listener to close", PATIENCE, || TcpStream::connect(added).is_err());
    assert_eq!(kept.get("/one").status(), 200, "a kept connection works");
    assert_eq!(kept.get_with("/one", "connection", "close").status(), 200, "until it is closed");
    kept.expect_closed();
    assert_eq!(get(sandgate.web(), "/one").status(), 200);
}

#[test]
fn a_listener_whose_address_is_taken_refuses_the_configuration() {
    let (origin, sandgate) = with_one_route();
    let error = sandgate.reload_in_vain(&with_listener(origin.address()));
    assert!(error.contains("more") && error.contains(&origin.address().to_string()), "{error}");
    assert_eq!(get(sandgate.web(), "/one").status(), 200);
}

#[test]
fn a_listener_that_moves_answers_at_its_new_address_and_serves_its_connections_on() {
    let (_origin, sandgate) = with_one_route();
    let (old, new) = (sandgate.web(), beside(sandgate.web()));
    let mut kept = sandgate.client();
    assert_eq!(kept.get("/one").status(), 200);
    sandgate.reload(&moved_to(new));
    assert_eq!(get(new, "/one").status(), 200);
    wait_for("the old address to close", PATIENCE, || TcpStream::connect(old).is_err());
    assert_eq!(kept.get("/one").status(), 200);
}

#[test]
fn a_listener_that_cant_move_stays_where_it_is() {
    let (origin, sandgate) = with_one_route();
    let error = sandgate.reload_in_vain(&moved_to(origin.address()));
    assert!(error.contains("`web`") && error.contains(&origin.address().to_string()), "{error}");
    assert_eq!(get(sandgate.web(), "/one").status(), 200);
}

#[test]
fn reloading_under_load_drops_no_request() {
    let (_origin, sandgate) = with_one_route();
    let is_over = AtomicBool::new(false);
    let (web, is_over) = (sandgate.web(), &is_over);
    thread::scope(|scope| {
        let ending = EndsWithScope(is_over);
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(move || {
                    let mut client = RawClient::connect(web);
                    let mut statuses = Vec::new();
                    while !is_over.load(Ordering::SeqCst) {
                        statuses.push(client.get("/one").status());
                    }
                    statuses
                })
            })
            .collect();
        for round in 0..10 {
            sandgate.reload(&if round % 2 == 0 { two_routes() } else { one_route() });
        }
        drop(ending);
        for client in clients {
            let statuses = client.join().expect("no connection was closed");
            assert!(!statuses.is_empty() && statuses.iter().all(|status| *status == 200));
        }
    });
}

/// Tells the clients to stop, also when the test has failed: the scope waits for them.
struct EndsWithScope<'a>(&'a AtomicBool);

impl Drop for EndsWithScope<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn with_one_route() -> (Origin, Sandgate) {
    let origin = Origin::replying(200, "hello");
    let sandgate = Sandgate::with_config(one_route()).origins("app", &[&origin]).start();
    (origin, sandgate)
}

fn one_route() -> String {
    yaml::entry() + yaml::APP + &yaml::route_named("one", "prefix: /one")
}

/// As [`one_route`], with one more listener.
fn with_listener(address: SocketAddr) -> String {
    let more = format!("listeners: [{{ name: more, address: \"{address}\" }}, ");
    one_route().replace("listeners: [", &more)
}

/// As [`one_route`], with the listener at another address.
fn moved_to(address: SocketAddr) -> String {
    one_route().replace("name: web, address: \"127.0.0.1:0\"", &format!("name: web, address: \"{address}\""))
}

/// An address that nobody else takes: ports are chosen for 127.0.0.1, and this is the same one on 127.0.0.2.
fn beside(address: SocketAddr) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), address.port()))
}

fn two_routes() -> String {
    one_route() + &yaml::route_named("two", "prefix: /two")
}

fn wait_for_second_route(sandgate: &Sandgate) {
    wait_for("the second route", PATIENCE, || get(sandgate.web(), "/two").status() == 200);
}

fn put_version(folder: &Path, version: &str, yaml: &str) {
    let version = folder.join(version);
    fs::create_dir(&version).unwrap();
    fs::write(version.join("sandgate.yaml"), yaml).unwrap();
}
