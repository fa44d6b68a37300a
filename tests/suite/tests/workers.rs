//! The number of workers follows the configuration, and neither a request nor a connection is lost on the way.

use std::fs;
use std::net::TcpStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use sandgate_tests::{
    Http2Client, Origin, PATIENCE, RawClient, Sandgate, Setup, Signal, get, guest, wait_for, yaml,
};

fn config(workers: usize) -> String {
    yaml::forwarding_with(&format!("{{ workers: {workers}, shutdown_grace: 5s }}"))
}

fn setup(origin: &Origin, workers: usize) -> Setup {
    Sandgate::with_config(config(workers)).origins("app", &[origin])
}

/// Threads of workers, as the system knows them.
fn threads(sandgate: &Sandgate) -> usize {
    let tasks = fs::read_dir(format!("/proc/{}/task", sandgate.pid())).expect("a running process");
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("worker-")).count()
}

fn workers(sandgate: &Sandgate, state: &str) -> f64 {
    sandgate.metrics().sum("sandgate_workers", &[("state", state)])
}

/// Waits until so many workers serve and none is leaving.
fn wait_for_workers(sandgate: &Sandgate, count: usize) {
    wait_for(&format!("{count} workers"), PATIENCE, || {
        threads(sandgate) == count && workers(sandgate, "leaving") == 0.0
    });
    assert_eq!(workers(sandgate, "serving"), count as f64);
}

fn counted(sandgate: &Sandgate) -> f64 {
    sandgate.metrics().sum("sandgate_requests_total", &[])
}

/// So many requests, each on a connection of its own, all answered.
fn ask(sandgate: &Sandgate, count: usize) {
    for _ in 0..count {
        assert_eq!(get(sandgate.web(), "/").status(), 200);
    }
}

#[test]
fn a_reload_starts_and_ends_workers_and_what_they_count_stays() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, 2).start();
    wait_for_workers(&sandgate, 2);
    let mut asked = 0.0;
    for count in [4, 1, 3, 2] {
        ask(&sandgate, 20);
        asked += 20.0;
        sandgate.reload(&config(count));
        wait_for_workers(&sandgate, count);
        ask(&sandgate, 20);
        asked += 20.0;
        wait_for("every request in the metrics", PATIENCE, || counted(&sandgate) == asked);
    }
    assert_eq!(sandgate.stop().code(), Some(0));
}

#[test]
fn new_workers_take_their_share() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, 1).start();
    sandgate.reload(&config(4));
    let open: Vec<RawClient> = (0..64).map(|_| sandgate.client()).collect();
    let busy = || {
        let sockets =
            Command::new("ss").args(["-Htln", &format!("sport = :{}", sandgate.web().port())]).output();
        sockets.map(|output| output.stdout.iter().filter(|byte| **byte == b'\n').count())
    };
    match busy() {
        Ok(sockets) => assert_eq!(sockets, 4, "a socket for each"),
        Err(error) => eprintln!("SKIPPED: there is no `ss` here: {error}"),
    }
    for mut client in open {
        assert_eq!(client.get("/").status(), 200);
    }
}

#[test]
fn connections_of_a_worker_that_leaves_end_with_their_next_answer() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, 4).start();
    // The kernel chooses a worker for each: that one of four gets none of so many has a probability of 4e-12.
    let mut clients: Vec<RawClient> = (0..96).map(|_| sandgate.client()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/").status(), 200);
    }
    sandgate.reload(&config(1));
    assert_eq!(workers(&sandgate, "leaving"), 3.0, "they wait for their connections");
    let mut ended = 0;
    for client in &mut clients {
        let answer = client.get("/");
        assert_eq!(answer.status(), 200, "nobody loses a request");
        if answer.field("connection") == Some("close") {
            client.expect_closed();
            ended += 1;
        } else {
            assert_eq!(client.get("/").status(), 200, "with the worker that stays, so does the connection");
        }
    }
    assert!((1..96).contains(&ended), "{ended} of 96");
    wait_for_workers(&sandgate, 1);
}

#[test]
fn a_worker_that_leaves_serves_the_present_configuration() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, 4).start();
    let clients: Vec<RawClient> = (0..48).map(|_| sandgate.client()).collect();
    sandgate.reload(&config(1));
    sandgate.reload(&config(1).replace("prefix: /", "prefix: /new"));
    for mut client in clients {
        assert_eq!(client.get("/old").status(), 404);
    }
    wait_for_workers(&sandgate, 1);
}

#[test]
fn an_http2_connection_of_a_worker_that_leaves_is_told_to_end() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, 4).start();
    let clients: Vec<Http2Client> = (0..24).map(|_| Http2Client::connect(sandgate.web())).collect();
    for client in &clients {
        assert_eq!(client.get("/").status, 200);
    }
    sandgate.reload(&config(1));
    // Those that are told to end have nothing under way: their workers need not wait for long.
    wait_for_workers(&sandgate, 1);
}

#[test]
fn a_tunnel_lives_on_when_its_worker_leaves() {
    let origin = Origin::scripted(|mut connection| {
        connection.request_head();
        connection
            .send("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n");
        while let Some(bytes) = connection.wire.receive_some().ok().filter(|bytes| !bytes.is_empty()) {
            connection.send(bytes);
        }
    });
    let sandgate = setup(&origin, 4).start();
    let mut tunnels: Vec<RawClient> = (0..16).map(|_| sandgate.client()).collect();
    for client in &mut tunnels {
        client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
        assert_eq!(client.head().status(), 101);
    }
    sandgate.reload(&config(1));
    for client in &mut tunnels {
        assert_eq!(client.send("ping").bytes(4), b"ping");
    }
    drop(tunnels);
    wait_for_workers(&sandgate, 1);
}

#[test]
fn new_connections_are_never_refused_or_reset_while_workers_come_and_go() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, 4).start();
    let (is_over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let web = sandgate.web();
    thread::scope(|scope| {
        let ending = EndsWithScope(&is_over);
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    assert_eq!(get(web, "/").status(), 200);
                    asked.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for workers in [1, 3, 2, 4, 1, 2, 1, 4] {
            let before = asked.load(Ordering::SeqCst);
            sandgate.reload(&config(workers));
            wait_for("some more requests", PATIENCE, || asked.load(Ordering::SeqCst) > before + 20);
        }
        drop(ending);
    });
    wait_for_workers(&sandgate, 4);
    let asked = asked.load(Ordering::SeqCst) as f64;
    wait_for("every request in the metrics", PATIENCE, || counted(&sandgate) == asked);
}

/// Tells the clients to stop, also when the test has failed: the scope waits for them.
struct EndsWithScope<'a>(&'a AtomicBool);

impl Drop for EndsWithScope<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_refused_reload_starts_and_ends_no_worker() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, 2).start();
    let taken = format!("listeners: [{{ name: more, address: \"{}\" }}, ", origin.address());
    for count in [1, 4] {
        sandgate.reload_in_vain(&config(count).replace("listeners: [", &taken));
        wait_for_workers(&sandgate, 2);
    }
    ask(&sandgate, 20);
}

#[test]
fn a_plugin_has_an_instance_on_each_new_worker() {
    let origin = Origin::replying(200, "hello");
    let with_plugin = |workers| {
        let filter = "upstream: app, filters: [{ plugin: it }] }";
        config(workers).replace("upstream: app }", filter)
            + "plugins: { it: { wasm: it.wasm, isolation: resident, limits: { wall: 30s } } }\n"
    };
    let setup = Sandgate::with_config(with_plugin(1)).origins("app", &[&origin]);
    let sandgate = setup.file("it.wasm", &guest("add-header")).start();
    ask(&sandgate, 5);
    let calls = || sandgate.metrics().sum("sandgate_plugin_calls_total", &[("plugin", "it")]);
    let before = calls();
    assert!(before > 0.0);
    sandgate.reload(&with_plugin(4));
    for _ in 0..40 {
        let answer = get(sandgate.web(), "/");
        assert_eq!((answer.status(), answer.field("x-served-by")), (200, Some("sandgate")));
    }
    wait_for("every call in the metrics", PATIENCE, || calls() == before * 9.0);
}

#[test]
fn a_worker_that_leaves_does_not_hold_the_process() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, 4).start();
    let mut clients: Vec<RawClient> = (0..32).map(|_| sandgate.client()).collect();
    clients.iter_mut().for_each(|client| assert_eq!(client.get("/").status(), 200));
    sandgate.reload(&config(1));
    assert_eq!(sandgate.stop().code(), Some(0));
    clients.iter_mut().for_each(RawClient::expect_closed);
}

#[test]
fn whoever_waits_to_be_accepted_when_the_process_stops_is_answered() {
    let origin = Origin::replying(200, "hello");
    let mut sandgate = setup(&origin, 2).start();
    send(&sandgate, "-STOP");
    let mut waiting: Vec<RawClient> = (0..16).map(|_| sandgate.client()).collect();
    for client in &mut waiting {
        client.send("GET / HTTP/1.1\r\nhost: test.example\r\n\r\n");
    }
    sandgate.signal(Signal::Terminate);
    send(&sandgate, "-CONT");
    for client in &mut waiting {
        assert_eq!(client.response().status(), 200);
        client.expect_closed();
    }
    assert_eq!(sandgate.wait_for_exit().code(), Some(0));
    // Another test may get the port meanwhile, and gives it back.
    wait_for("nobody to listen", PATIENCE, || TcpStream::connect(sandgate.web()).is_err());
}

fn send(sandgate: &Sandgate, signal: &str) {
    let sent = Command::new("kill").args([signal, &sandgate.pid().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

#[test]
fn a_connection_over_the_limit_is_counted() {
    let origin = Origin::replying(200, "hello");
    let yaml = yaml::forwarding_with("{ workers: 1, limits: { connections: 1 } }");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    let mut first = sandgate.client();
    assert_eq!(first.get("/").status(), 200);
    sandgate.client().expect_closed();
    assert_eq!(sandgate.metrics().sum("sandgate_connections_over_limit_total", &[]), 1.0);
    assert_eq!(first.get("/").status(), 200);
}
