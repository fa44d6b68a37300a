//! A server with an admin address, and a client that speaks plain bytes: for the tests of this crate.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use server::{Monitor, Server};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use upkeep::{Names, Wanted};

/// How long what is sure to happen may take on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A component that is a plugin and does nothing.
const IDLE_PLUGIN: &str =
    r#"(component (instance $none) (export "sandgate:proxy/on-log@0.1.0" (instance $none)))"#;

/// A component that weighs endpoints, though never well.
const WEIGHER: &str = r#"(component
  (core module $code
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
    (func (export "on-endpoints") (param i32 i32))
    (func (export "weigh") (param i32 i32 i32 i32 i32 i32) (result i32) i32.const 0))
  (core instance $code (instantiate $code))
  (type $endpoint (record (field "address" string) (field "weight" u32)))
  (func $on-endpoints (param "endpoints" (list $endpoint))
    (canon lift (core func $code "on-endpoints") (memory (core memory $code "memory")) (realloc (core func $code "realloc"))))
  (func $weigh (param "active" (list u32)) (param "latency-us" (list f64)) (param "failures" (list u64)) (result (list f64))
    (canon lift (core func $code "weigh") (memory (core memory $code "memory")) (realloc (core func $code "realloc"))))
  (component $named
    (type $is (record (field "address" string) (field "weight" u32)))
    (import "endpoint" (type $endpoint (eq $is)))
    (import "on-endpoints" (func $on-endpoints (param "endpoints" (list $endpoint))))
    (import "weigh" (func $weigh (param "active" (list u32)) (param "latency-us" (list f64)) (param "failures" (list u64)) (result (list f64))))
    (export $out "endpoint" (type $is))
    (export "on-endpoints" (func $on-endpoints) (func (param "endpoints" (list $out))))
    (export "weigh" (func $weigh)))
  (instance $weigher (instantiate $named
    (with "endpoint" (type $endpoint)) (with "on-endpoints" (func $on-endpoints)) (with "weigh" (func $weigh))))
  (export "sandgate:proxy/weigher@0.1.0" (instance $weigher)))"#;

/// The file of a tenant that has both.
const TENANT: &str = "version: 1\nplugins: { idle: { wasm: idle.wasm }, weigher: { wasm: weigher.wasm } }";

/// One for all tests: each maps a pool of instances, and a process has only so many mappings.
static ENGINE: LazyLock<wasm::Engine> = LazyLock::new(|| wasm::Engine::new(None));

/// A running server. Its configuration has a route `good` for /good, whose endpoint answers and is listed twice, and a
/// route `bad` for /bad, whose endpoint refuses connections and is marked as failed by the first; a plugin `idle`;
/// a tenant `acme` that has a plugin `idle` as well;
/// an upstream `weighed`, and an upstream `watched` that has all that an upstream can have, and no route.
pub(crate) struct Running {
    server: Server,
    web: SocketAddr,
    pub(crate) admin: Admin,
    pub(crate) good: String,
    pub(crate) bad: String,
    folder: TempDir,
}

/// An admin address.
pub(crate) struct Admin {
    pub(crate) address: SocketAddr,
    pub(crate) serving: JoinHandle<std::io::Result<()>>,
}

/// A server whose exchanges are all over, so that its counters stand still.
pub(crate) struct Stopped {
    pub(crate) admin: Admin,
    pub(crate) access_log: String,
}

impl Running {
    pub(crate) async fn start() -> Running {
        Running::start_with("{ address: \"127.0.0.1:0\" }").await
    }

    /// With the test's own `admin`; it is served whatever that says.
    pub(crate) async fn start_with(admin: &str) -> Running {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("idle.wasm"), wat::parse_str(IDLE_PLUGIN).unwrap()).unwrap();
        std::fs::write(folder.path().join("weigher.wasm"), wat::parse_str(WEIGHER).unwrap()).unwrap();
        let site = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        std::fs::write(folder.path().join("site.pem"), site.cert.pem()).unwrap();
        std::fs::write(folder.path().join("site.key"), site.signing_key.serialize_pem()).unwrap();
        let (good, bad) = (origin().await, closed_address().await);
        let (good, bad) = (format!("http://{good}"), format!("http://{bad}"));
        let tenants = folder.path().join("acme");
        std::fs::create_dir(&tenants).unwrap();
        std::fs::write(tenants.join("tenant.yaml"), TENANT).unwrap();
        std::fs::write(tenants.join("idle.wasm"), wat::parse_str(IDLE_PLUGIN).unwrap()).unwrap();
        std::fs::write(tenants.join("weigher.wasm"), wat::parse_str(WEIGHER).unwrap()).unwrap();
        let config = loader::parse("test.yaml", &yaml(&good, &bad, admin), folder.path()).unwrap();
        let mut names = Names::new();
        names.learn(&Wanted::by(&config)).await;
        let generation =
            generation::assemble(&ENGINE, Arc::new(config), None, names.book(), 2).await.unwrap();
        let server = Server::start(generation).await.unwrap();
        let Some((_, &config::ListenAddress::Tcp(web))) = server.addresses().next() else {
            panic!("no address")
        };
        let admin = Admin::start(server.monitor()).await;
        Running { server, web, admin, good, bad, folder }
    }

    pub(crate) fn monitor(&self) -> Arc<Monitor> {
        self.server.monitor()
    }

    /// Sends a request to the proxy.
    pub(crate) async fn visit(&self, path: &str) -> Reply {
        get(self.web, path).await
    }

    pub(crate) async fn stop(self) -> Stopped {
        self.server.stop(PATIENCE).await;
        let access_log = std::fs::read_to_string(self.folder.path().join("access.log")).unwrap();
        Stopped { admin: self.admin, access_log }
    }
}

impl Admin {
    async fn start(monitor: Arc<Monitor>) -> Admin {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Admin { address, serving: tokio::spawn(crate::serve(listener, monitor)) }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        get(self.address, path).await
    }

    pub(crate) async fn metrics(&self) -> String {
        self.get("/metrics").await.body
    }
}

/// What a server answered until it closed the connection.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Reply {
    send(address, &format!("GET {path} HTTP/1.1\r\nHost: test.example\r\nConnection: close\r\n\r\n")).await
}

pub(crate) async fn send(address: SocketAddr, request: &str) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let text = String::from_utf8(read_to_end(&mut stream).await).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// All that comes until the connection ends, in whatever way.
pub(crate) async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ =
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the connection to end");
    bytes
}

/// The value of a series, written as the text has it.
pub(crate) fn value(metrics: &str, series: &str) -> f64 {
    let mut values = metrics.lines().filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    values.next().unwrap_or_else(|| panic!("no {series} in {metrics}")).parse().unwrap()
}

/// An endpoint that answers every request.
async fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    address
}

async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello").await
}

/// An address that refuses connections.
async fn closed_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

fn yaml(good: &str, bad: &str, admin: &str) -> String {
    format!(
        r#"
version: 1
server: {{ workers: 2 }}
listeners:
  - {{ name: web, address: "127.0.0.1:0" }}
  - {{ name: secure, address: "127.0.0.1:0", tls: {{ certificates: [{{ certificate: site.pem, key: site.key }}] }} }}
admin: {admin}
log: {{ access: {{ format: json, path: access.log }} }}
plugins: {{ idle: {{ wasm: idle.wasm }}, weigher: {{ wasm: weigher.wasm }} }}
upstreams:
  good: {{ balance: ewma, endpoints: ["{good}", "{good}"] }}
  bad: {{ endpoints: [{{ address: "{bad}", max_fails: 1, fail_timeout: 1h }}] }}
  named: {{ endpoints: ["http://app.localhost:1"] }}
  weighed: {{ balance: {{ plugin: weigher }}, endpoints: ["http://127.0.0.1:1"] }}
  watched:
    endpoints: ["{good}"]
    health: {{ type: tcp, interval: 1h }}
    outlier: {{}}
    breaker: {{}}
    concurrency: {{ requests: 10 }}
routes:
  - {{ name: good, match: {{ path: {{ prefix: /good }} }}, upstream: good }}
  - {{ name: bad, match: {{ path: {{ prefix: /bad }} }}, upstream: bad }}
tenants: {{ acme: {{ hosts: [acme.example], config: acme/tenant.yaml, quotas: {{ cpu: 1s/s }} }} }}
"#
    )
}
