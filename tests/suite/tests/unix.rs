//! Listeners on sockets of the file system.

use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::{fs, thread};

use sandgate_tests::{Origin, PATIENCE, Sandgate, Setup, yaml};

const SERVER: &str = "{ workers: 2, shutdown_grace: 5s }";

/// The listener `web`, and `local` at `s.sock` beside the configuration, with further keys.
fn config(further: &str) -> String {
    let both = format!(
        "listeners: [{{ name: web, address: \"127.0.0.1:0\" }}, {{ name: local, address: \"unix:s.sock\" {further} }}]"
    );
    yaml::forwarding_with(SERVER).replacen("listeners: [{ name: web, address: \"127.0.0.1:0\" }]", &both, 1)
}

fn setup(origin: &Origin, further: &str) -> Setup {
    Sandgate::with_config(config(further)).origins("app", &[origin])
}

fn connect(path: &Path) -> UnixStream {
    let stream = UnixStream::connect(path).expect("somebody listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// The answer to a request that is the connection's last.
fn ask(mut stream: &UnixStream) -> String {
    stream.write_all(b"GET /x HTTP/1.1\r\nhost: test.example\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn requests_are_served_and_their_client_is_the_loopback_address() {
    let origin = Origin::echo();
    let sandgate = setup(&origin, "").start();
    let path = sandgate.folder().join("s.sock");
    let answer = ask(&connect(&path));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\r\nx-forwarded-for: 127.0.0.1\r\n"));
    assert!(answer.contains("\r\nx-forwarded-proto: http\r\n"), "{answer}");
    assert_eq!(sandgate.access_line(1)["client"], "127.0.0.1");
    let line = sandgate.log_line(|line| line.message() == "listening" && line.text("listener") == "local");
    assert_eq!(line.text("address"), format!("unix:{}", path.display()));
}

#[test]
fn many_connections_are_all_served() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, "").start();
    let path = sandgate.folder().join("s.sock");
    thread::scope(|scope| {
        let visits: Vec<_> = (0..50).map(|_| scope.spawn(|| ask(&connect(&path)))).collect();
        for visit in visits {
            assert!(visit.join().unwrap().starts_with("HTTP/1.1 200 "));
        }
    });
}

#[test]
fn curl_is_served() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, "").start();
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--unix-socket"]).arg(sandgate.folder().join("s.sock")).arg("http://test.example/");
    match curl.output() {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), "hello", "{output:?}"),
        Err(error) => eprintln!("SKIPPED: there is no `curl` here: {error}"),
    }
}

#[test]
fn the_file_has_the_wanted_permissions_and_goes_with_the_listener() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, ", mode: \"0606\"").start();
    let path = sandgate.folder().join("s.sock");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o606);
    sandgate.reload(&config(", mode: \"0660\""));
    assert_eq!(mode(), 0o660);
    sandgate.reload(&yaml::forwarding_with(SERVER));
    assert!(!path.exists(), "a listener that is gone leaves no file");
}

#[test]
fn what_a_crash_left_is_replaced() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, "").start_from(|folder, yaml| {
        drop(UnixListener::bind(folder.join("s.sock")).unwrap());
        fs::write(folder.join("sandgate.yaml"), yaml).unwrap();
        folder.join("sandgate.yaml")
    });
    let path = sandgate.folder().join("s.sock");
    assert!(fs::metadata(&path).unwrap().file_type().is_socket());
    assert!(ask(&connect(&path)).starts_with("HTTP/1.1 200 "));
}

#[test]
fn what_is_in_use_or_no_socket_is_left_alone() {
    let origin = Origin::replying(200, "hello");
    let folder = tempfile::tempdir().unwrap();
    let (live, file) = (folder.path().join("live"), folder.path().join("file"));
    let _listening = UnixListener::bind(&live).unwrap();
    fs::write(&file, "precious").unwrap();
    for (path, reason) in [(&live, "another process listens there"), (&file, "it is no socket")] {
        let config = config("").replace("unix:s.sock", &format!("unix:{}", path.display()));
        let failed = Sandgate::with_config(config).origins("app", &[&origin]).command("run", &[]);
        assert_eq!(failed.status.code(), Some(1));
        assert!(failed.stderr.contains(reason), "{}", failed.stderr);
    }
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    assert!(UnixStream::connect(&live).is_ok());
}

#[test]
fn a_reload_keeps_the_socket_and_what_is_open_on_it() {
    let origin = Origin::replying(200, "hello");
    let sandgate = setup(&origin, "").start();
    let path = sandgate.folder().join("s.sock");
    let kept = connect(&path);
    sandgate.reload(&config("").replace("name: local", "name: renamed"));
    assert!(ask(&kept).starts_with("HTTP/1.1 200 "), "accepted or still waiting, it is served");
    assert!(ask(&connect(&path)).starts_with("HTTP/1.1 200 "));
}
