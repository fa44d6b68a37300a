//! The access log: how a line looks, where it goes, who gets one; and that nobody waits for it.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use sandgate_tests::{Origin, PATIENCE, Sandgate, Signal, get, wait_for, yaml};
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn a_combined_line_is_what_nginx_writes() {
    let origin = Origin::replying(200, "hello");
    let sandgate = logging("format: combined", &[&origin]);
    let request = b"GET /x?y=%22 HTTP/1.1\r\nhost: a\r\nauthorization: Basic \
        QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nuser-agent: q\"u\\o\xe9\tend\r\n\r\n";
    assert_eq!(sandgate.client().send(request).response().status(), 200);
    assert_eq!(
        sandgate.client().send("GET / HTTP/1.0\r\nreferer: http://r/\r\n\r\n").response().status(),
        200
    );
    assert_eq!(sandgate.client().send("GET / HTTP/1.1\r\n\r\n").response().status(), 400, "no host");
    let lines = sandgate.output_lines(3);
    let (time, first) = without_time(&lines[0]);
    let agent = r"q\x22u\x5Co\xE9\x09end";
    assert_eq!(first, format!("127.0.0.1 - Aladdin [] \"GET /x?y=%22 HTTP/1.1\" 200 5 \"-\" \"{agent}\""));
    let digits = time.replace(|c: char| c.is_ascii_digit(), "0");
    assert!(digits.starts_with("00/") && digits.ends_with("/0000:00:00:00 +0000"), "{time}");
    let (_, second) = without_time(&lines[1]);
    assert_eq!(second, "127.0.0.1 - - [] \"GET / HTTP/1.0\" 200 5 \"http://r/\" \"-\"");
    assert!(without_time(&lines[2]).1.contains("\" 400 "), "{}", lines[2]);
}

#[test]
fn a_text_says_what_became_of_the_request() {
    let (good, bad) = (Origin::named("one"), Origin::refusing());
    let format = "format: \"${route.name} ${upstream.name} ${response.status} ${attempts} ${fault} \
        ${response.header.x-backend} ${bytes} ${upstream.first_byte_ms:-none} ${tls.version}\"";
    let sandgate = logging(format, &[&good]);
    assert_eq!(get(sandgate.web(), "/").status(), 200);
    let line = sandgate.output_lines(1).remove(0);
    let words: Vec<&str> = line.split(' ').collect();
    assert_eq!(words[..7], ["all", "app", "200", "1", "-", "one", "5"]);
    assert!(words[7].parse::<f64>().is_ok_and(|ms| ms > 0.0), "{line}");
    assert_eq!(words[8], "-");
    let sandgate = logging(format, &[&bad]);
    assert_eq!(get(sandgate.web(), "/").status(), 502);
    assert_eq!(sandgate.output_lines(1)[0], "all app 502 1 connect_failed - 16 none -");
}

#[test]
fn a_line_in_json_has_the_fields_that_are_chosen_and_those_that_are_added() {
    let origin = Origin::replying(200, "hello");
    let fields =
        "fields: [status, path], extra: { agent: \"${request.header.user-agent}\", none: \"${fault}\" }";
    let sandgate = logging(fields, &[&origin]);
    assert_eq!(sandgate.client().get_with("/a", "user-agent", "say \"hi\"\t\\").status(), 200);
    let line = sandgate.output_lines(1).remove(0);
    assert_eq!(line, r#"{"status":200,"path":"/a","agent":"say \"hi\"\t\\","none":""}"#);
}

#[test]
fn only_requests_that_are_chosen_have_a_line() {
    let origin = Origin::answering(|request| {
        let status = if request.target() == "/bad" { 503 } else { 200 };
        format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n").into_bytes()
    });
    let sandgate = logging("when: { status: [404, 500-599], slower_than: 1h }, sample: 0%", &[&origin]);
    for path in ["/1", "/2", "/bad", "/3", "/bad"] {
        get(sandgate.web(), path);
    }
    let lines = sandgate.access_log(2);
    assert!(lines.len() == 2 && lines.iter().all(|line| line["path"] == "/bad"), "{lines:?}");
    let quick = logging("when: { slower_than: 0s }", &[&origin]);
    get(quick.web(), "/slow");
    assert_eq!(quick.access_line(1)["path"], "/slow");
}

#[test]
fn a_renamed_file_is_left_when_the_process_is_told_so() {
    let origin = Origin::replying(200, "hello");
    let sandgate = logging("path: access.log", &[&origin]);
    let (path, old) = (sandgate.folder().join("access.log"), sandgate.folder().join("access.log.1"));
    get(sandgate.web(), "/1");
    wait_for("a line in the file", PATIENCE, || logged_paths(&path) == ["/1"]);
    fs::rename(&path, &old).unwrap();
    get(sandgate.web(), "/2");
    wait_for("a line in the renamed file", PATIENCE, || logged_paths(&old) == ["/1", "/2"]);
    sandgate.signal(Signal::User1);
    sandgate.log_line(|line| line.message() == "access log reopened");
    get(sandgate.web(), "/3");
    wait_for("a line in the new file", PATIENCE, || logged_paths(&path) == ["/3"]);
    assert_eq!(logged_paths(&old), ["/1", "/2"]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_full_disk_holds_up_nobody_and_is_counted() {
    let origin = Origin::replying(200, "hello");
    let sandgate = logging("path: /dev/full", &[&origin]);
    for _ in 0..20 {
        assert_eq!(get(sandgate.web(), "/").status(), 200);
    }
    let dropped = || sandgate.metrics().sum("sandgate_access_log_dropped_total", &[]);
    wait_for("all lines to be counted", PATIENCE, || dropped() == 20.0);
    sandgate.log_line(|line| line.message() == "the access log can't be written");
}

#[test]
fn lines_go_to_a_syslog_socket() {
    let origin = Origin::replying(200, "hello");
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("log");
    let receiver = UnixDatagram::bind(&path).unwrap();
    receiver.set_read_timeout(Some(PATIENCE)).unwrap();
    let form = format!("syslog: \"unix:{}\", facility: local0, severity: notice, tag: edge", path.display());
    let sandgate = logging(&format!("path: {{ {form} }}"), &[&origin]);
    for path in ["/1", "/2"] {
        get(sandgate.web(), path);
        let message = received(|buffer| receiver.recv(buffer));
        let (header, line) = message.split_once(" - - ").expect("a message");
        assert!(header.starts_with("<133>1 2"), "facility 16, severity 5, and a time: {header}");
        assert!(header.ends_with(&format!(" edge {}", sandgate.pid())), "{header}");
        assert_eq!(serde_json::from_str::<Value>(line).unwrap()["path"], path);
    }
}

#[test]
fn lines_go_to_a_syslog_address() {
    let origin = Origin::replying(200, "hello");
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    receiver.set_read_timeout(Some(PATIENCE)).unwrap();
    let path = format!("format: combined, path: \"syslog:udp:{}\"", receiver.local_addr().unwrap());
    let sandgate = logging(&path, &[&origin]);
    get(sandgate.web(), "/1");
    let message = received(|buffer| receiver.recv(buffer));
    assert!(message.starts_with("<190>1 ") && message.contains("] \"GET /1 HTTP/1.1\" 200 5 "), "{message}");
}

#[test]
fn a_receiver_that_does_not_read_holds_up_no_request() {
    let origin = Origin::replying(200, "hello");
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("log");
    let _receiver = UnixDatagram::bind(&path).unwrap();
    let sandgate = logging(&format!("path: \"syslog:unix:{}\"", path.display()), &[&origin]);
    let mut client = sandgate.client();
    for _ in 0..1500 {
        assert_eq!(client.get("/").status(), 200);
    }
    let dropped = || sandgate.metrics().sum("sandgate_access_log_dropped_total", &[]);
    wait_for("lines to be given up", PATIENCE, || dropped() > 0.0);
    assert!(sandgate.stop().success(), "nor does it hold up the end");
}

/// Forwards everything to the origins, with an access log that has these keys.
fn logging(access: &str, origins: &[&Origin]) -> Sandgate {
    let yaml = yaml::forwarding() + &format!("log: {{ access: {{ {access} }} }}\n");
    Sandgate::with_config(yaml).origins("app", origins).start()
}

/// The time in brackets, and the line with nothing in them.
fn without_time(line: &str) -> (String, String) {
    let (before, rest) = line.split_once('[').expect("a time");
    let (time, after) = rest.split_once(']').expect("the time's end");
    (time.to_owned(), format!("{before}[]{after}"))
}

fn received(receive: impl Fn(&mut [u8]) -> std::io::Result<usize>) -> String {
    let mut buffer = vec![0; 1 << 16];
    let length = receive(&mut buffer).expect("a message");
    String::from_utf8(buffer[..length].to_vec()).expect("UTF-8")
}

/// The paths of the whole lines of a log in a file; none while there is no file.
fn logged_paths(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let lines = whole.map(|line| serde_json::from_str::<Value>(line).expect("a line in JSON"));
    lines.map(|line| line["path"].as_str().unwrap_or_default().to_owned()).collect()
}
