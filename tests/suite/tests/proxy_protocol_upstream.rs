//! Endpoints that are told of the client by the PROXY protocol: each connection carries one client's requests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use sandgate_tests::{
    Connection, Front, Gate, Origin, PATIENCE, Pki, RawClient, Sandgate, TlsSide, wait_for, yaml,
};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// What an origin was told at the beginning of each connection.
type Told = Arc<Mutex<Vec<Vec<u8>>>>;

/// Reads the header that a connection begins with.
fn header(connection: &mut Connection) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let Ok(byte) = connection.wire.receive(1) else { return bytes };
        bytes.extend(byte);
        let is_line = bytes.starts_with(b"PROXY ") && bytes.ends_with(b"\r\n");
        let length =
            bytes.get(14..16).map(|length| 16 + usize::from(u16::from_be_bytes([length[0], length[1]])));
        if is_line || (bytes.starts_with(SIGNATURE) && length == Some(bytes.len())) {
            return bytes;
        }
    }
}

/// An origin that expects a header, keeps it, and answers with the number of the connection.
fn origin() -> (Origin, Told) {
    let told = Told::default();
    let seen = Arc::clone(&told);
    let origin = Origin::scripted(move |mut connection| {
        let header = header(&mut connection);
        seen.lock().unwrap().push(header);
        let number = connection.number.to_string();
        connection.answer_all(move |_| {
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{number}", number.len()).into_bytes()
        });
    });
    (origin, told)
}

fn start(origin: &Origin, upstream: &str) -> Sandgate {
    Sandgate::with_config(yaml::forwarding_to(upstream)).origins("app", &[origin]).start()
}

fn line(client: SocketAddr, ours: SocketAddr) -> Vec<u8> {
    format!("PROXY TCP4 {} {} {} {}\r\n", client.ip(), ours.ip(), client.port(), ours.port()).into_bytes()
}

fn binary(client: SocketAddr, ours: SocketAddr) -> Vec<u8> {
    let (SocketAddr::V4(client), SocketAddr::V4(ours)) = (client, ours) else { panic!("IPv4 only") };
    let ports = [client.port().to_be_bytes(), ours.port().to_be_bytes()].concat();
    [SIGNATURE, &[0x21, 0x11, 0, 12], &client.ip().octets(), &ours.ip().octets(), &ports].concat()
}

#[test]
fn version_1_names_the_client_and_what_it_connected_to() {
    let (origin, told) = origin();
    let sandgate = start(&origin, "proxy_protocol: v1");
    let mut client = sandgate.client();
    assert_eq!(client.get("/").status(), 200);
    assert_eq!(*told.lock().unwrap(), [line(client.address(), sandgate.web())]);
}

#[test]
fn version_2_names_the_client_and_what_it_connected_to() {
    let (origin, told) = origin();
    let sandgate = start(&origin, "proxy_protocol: v2");
    let mut client = sandgate.client();
    assert_eq!(client.get("/").status(), 200);
    assert_eq!(*told.lock().unwrap(), [binary(client.address(), sandgate.web())]);
}

#[test]
fn a_kept_connection_carries_requests_of_its_client_only() {
    let (origin, told) = origin();
    let sandgate = start(&origin, "proxy_protocol: v2");
    let (mut one, mut other) = (sandgate.client(), sandgate.client());
    assert_eq!([one.get("/").text(), one.get("/").text()], ["0", "0"], "its own is used again");
    assert_eq!(other.get("/").text(), "1", "and not by another");
    assert_eq!([one.get("/").text(), other.get("/").text()], ["0", "1"]);
    let addresses = [one.address(), other.address()].map(|client| binary(client, sandgate.web()));
    assert_eq!(*told.lock().unwrap(), addresses);
}

#[test]
fn the_connections_of_clients_that_are_gone_make_room() {
    let (origin, _told) = origin();
    let sandgate = start(&origin, "proxy_protocol: v2, keep_alive: { idle: 2 }");
    let mut clients: Vec<RawClient> = (0..4).map(|_| sandgate.client()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.get("/").text(), number.to_string());
    }
    assert_eq!(clients[3].get("/").text(), "3", "the last two are kept");
    assert_eq!(clients[2].get("/").text(), "2");
    assert_eq!(clients[0].get("/").text(), "4", "the first is not");
}

#[test]
fn whom_the_balancer_in_front_announces_is_announced() {
    let (origin, told) = origin();
    let yaml = yaml::forwarding_to("proxy_protocol: v1")
        .replace("shutdown_grace: 5s", "shutdown_grace: 5s, trusted_proxies: [127.0.0.1]")
        .replace("name: web,", "name: web, proxy_protocol: true,");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    let header = b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n";
    assert_eq!(sandgate.client().send(header).get("/").status(), 200);
    assert_eq!(*told.lock().unwrap(), [header.to_vec()]);
}

#[test]
fn whom_a_trusted_proxy_names_is_announced_without_a_port() {
    let (origin, told) = origin();
    let yaml = yaml::forwarding_to("proxy_protocol: v1")
        .replace("shutdown_grace: 5s", "shutdown_grace: 5s, trusted_proxies: [127.0.0.1]");
    let sandgate = Sandgate::with_config(yaml).origins("app", &[&origin]).start();
    assert_eq!(sandgate.client().get_with("/", "x-forwarded-for", "203.0.113.9").status(), 200);
    assert_eq!(*told.lock().unwrap(), [line("203.0.113.9:0".parse().unwrap(), sandgate.web())]);
}

#[test]
fn the_header_comes_before_tls() {
    let (pki, identity) = Pki::for_site(&["localhost"]);
    let plain = Origin::replying(200, "hello");
    let side = TlsSide { identity: &identity, clients: None, protocols: &[] };
    let front = Front::tls(&side, plain.address());
    let (port, told) = (front.port(), Told::default());
    let seen = Arc::clone(&told);
    // Reads the header, and passes on all that follows to who speaks TLS.
    let before = Origin::scripted(move |mut connection| {
        let header = header(&mut connection);
        seen.lock().unwrap().push(header);
        let mut tls = RawClient::connect(SocketAddr::from(([127, 0, 0, 1], port)));
        let mut back = connection.wire.other_hand();
        let mut answers = tls.wire().other_hand();
        std::thread::spawn(move || {
            while let Some(bytes) = answers.receive_some().ok().filter(|bytes| !bytes.is_empty()) {
                let _gone = back.send(bytes);
            }
        });
        while let Some(bytes) = connection.wire.receive_some().ok().filter(|bytes| !bytes.is_empty()) {
            tls.send(bytes);
        }
    });
    pki.put("ca.pem", pki.authority.pem());
    let ca = pki.path("ca.pem");
    let upstream = format!("proxy_protocol: v1, tls: {{ server_name: localhost, ca: \"{}\" }}", ca.display());
    let endpoints = format!("[\"https://{}\"]", before.address());
    let sandgate = Sandgate::with_config(yaml::forwarding_to(&upstream)).value("app", &endpoints).start();
    let mut client = sandgate.client();
    assert_eq!(client.get("/").text(), "hello");
    assert_eq!(*told.lock().unwrap(), [line(client.address(), sandgate.web())]);
}

#[test]
fn checks_of_health_are_our_own() {
    for (version, own) in
        [("v1", b"PROXY UNKNOWN\r\n".to_vec()), ("v2", [SIGNATURE, &[0x20, 0, 0, 0]].concat())]
    {
        let (origin, told) = origin();
        let upstream =
            format!("proxy_protocol: {version}, health: {{ path: /healthz, interval: 50ms, timeout: 5s }}");
        let sandgate = start(&origin, &upstream);
        let passed = || sandgate.metrics().sum("sandgate_endpoint_checks_total", &[("result", "passed")]);
        wait_for("a check to pass", PATIENCE, || passed() >= 1.0);
        assert_eq!(told.lock().unwrap()[0], own);
    }
}

#[test]
fn a_tunnel_is_announced_too() {
    let (told, is_over) = (Told::default(), Gate::default());
    let (seen, gate) = (Arc::clone(&told), is_over.clone());
    let origin = Origin::scripted(move |mut connection| {
        let header = header(&mut connection);
        seen.lock().unwrap().push(header);
        connection.request_head();
        connection
            .send("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n");
        gate.pass();
    });
    let sandgate = start(&origin, "proxy_protocol: v2");
    let mut client = sandgate.client();
    client.send("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
    assert_eq!(client.head().status(), 101);
    is_over.open();
    assert_eq!(*told.lock().unwrap(), [binary(client.address(), sandgate.web())]);
}
