//! Clients that show certificates: who is let in, who is not, and what is known of them.

use sandgate_tests::{
    Authority, Identity, Origin, PATIENCE, Pki, Sandgate, TlsClient, TlsOptions, TlsSetup, wait_for, yaml,
};

const NAME: &str = "a.example";

struct Scene {
    pki: Pki,
    sandgate: Sandgate,
    _origin: Origin,
}

impl Scene {
    /// With `clients.pem` for a `client_ca`, and further keys of `tls`.
    fn new(clients: &Authority, further: &str) -> Self {
        let (pki, _) = Pki::for_site(&[NAME]);
        pki.put("clients.pem", clients.pem());
        let origin = Origin::replying(200, "hello");
        let tls = format!(
            "certificates: [{}], client_ca: {}, {further}",
            pki.pair("site"),
            pki.path("clients.pem").display()
        );
        let config = yaml::secured(&tls, "{ workers: 2, shutdown_grace: 5s }");
        let sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
        Scene { pki, sandgate, _origin: origin }
    }

    fn setup(&self, identity: Option<&Identity>) -> TlsSetup {
        TlsSetup::new(&self.pki.authority, TlsOptions { identity, ..TlsOptions::default() })
    }

    /// Whether a client is let in. In TLS 1.3 it learns that it is not from what it reads first.
    fn admits(&self, identity: Option<&Identity>) -> bool {
        visit(&self.setup(identity), &self.sandgate).is_some()
    }

    fn wait_for_handshakes(&self, result: &str, count: f64) {
        let counted = || self.sandgate.metrics().sum("sandgate_tls_handshakes_total", &[("result", result)]);
        wait_for(&format!("{count} handshakes that end as {result}"), PATIENCE, || counted() == count);
    }
}

fn visit(setup: &TlsSetup, sandgate: &Sandgate) -> Option<TlsClient> {
    let mut client = setup.connect(sandgate.web(), NAME).ok()?;
    client.get("/").ok()?;
    Some(client)
}

#[test]
fn a_client_must_show_a_certificate_of_the_authority() {
    let clients = Authority::new("clients");
    let scene = Scene::new(&clients, "");
    let (right, wrong) = (clients.client("ann", 1), Authority::new("clients").client("ann", 1));
    assert!(!scene.admits(None));
    assert!(!scene.admits(Some(&wrong)));
    assert!(!scene.admits(Some(&clients.server(&[NAME]))), "a server's certificate is no client's");
    assert!(scene.admits(Some(&right)));
    let line = scene.sandgate.access_line(1);
    assert_eq!(line["tls"]["client_subject"], "CN=ann,O=Example", "{line}");
    assert_eq!(line["tls"]["client_fingerprint"], right.fingerprint(), "{line}");
    scene.wait_for_handshakes("no_client_certificate", 1.0);
    scene.wait_for_handshakes("bad_client_certificate", 2.0);
    scene.wait_for_handshakes("full", 1.0);
}

#[test]
fn a_client_without_a_certificate_learns_why_though_it_sends_a_request() {
    let scene = Scene::new(&Authority::new("clients"), "");
    let mut client =
        scene.setup(None).connect(scene.sandgate.web(), NAME).expect("its side of the handshake");
    scene.wait_for_handshakes("no_client_certificate", 1.0);
    // The first would be answered with a reset by a socket that is closed; the second would meet that, not the alert.
    for part in ["GET / HTTP/1.1\r\n", "host: a\r\n\r\n"] {
        client.send(part).expect("the connection is there");
    }
    let error = client.get("/").expect_err("no answer").to_string();
    assert!(error.contains("CertificateRequired"), "{error}");
}

#[test]
fn where_it_is_optional_a_client_without_one_is_nobody_and_a_wrong_one_is_refused() {
    let clients = Authority::new("clients");
    let scene = Scene::new(&clients, "client_auth: optional");
    assert!(scene.admits(None));
    assert_eq!(scene.sandgate.access_line(1)["tls"].get("client_subject"), None);
    assert!(!scene.admits(Some(&Authority::new("other").client("eve", 1))));
    assert!(scene.admits(Some(&clients.client("ann", 1))));
    assert_eq!(scene.sandgate.access_line(2)["tls"]["client_subject"], "CN=ann,O=Example");
}

#[test]
fn who_a_client_is_is_known_in_a_resumed_session_too() {
    let clients = Authority::new("clients");
    let scene = Scene::new(&clients, "");
    let ann = clients.client("ann", 1);
    let setup = scene.setup(Some(&ann));
    assert!(!visit(&setup, &scene.sandgate).unwrap().is_resumed());
    assert!(visit(&setup, &scene.sandgate).unwrap().is_resumed());
    let line = scene.sandgate.access_line(2);
    assert_eq!(line["tls"]["client_subject"], "CN=ann,O=Example");
    assert_eq!(line["tls"]["client_fingerprint"], ann.fingerprint());
}

#[test]
fn a_revoked_certificate_is_refused_from_the_lists_change_on() {
    let clients = Authority::new("clients");
    let (ann, eve) = (clients.client("ann", 7), clients.client("eve", 8));
    let (pki, _) = Pki::for_site(&[NAME]);
    pki.put("clients.pem", clients.pem());
    pki.put("revoked.pem", &clients.revocation_list(&[]));
    let origin = Origin::replying(200, "hello");
    let file = |name: &str| pki.path(name).display().to_string();
    let tls = format!(
        "certificates: [{}], client_ca: {}, client_crl: {}",
        pki.pair("site"),
        file("clients.pem"),
        file("revoked.pem")
    );
    let config = yaml::secured(&tls, "{ workers: 1 }");
    let sandgate = Sandgate::with_config(config).origins("app", &[&origin]).start();
    let setup = |identity| TlsSetup::new(&pki.authority, TlsOptions { identity, ..TlsOptions::default() });
    let (as_ann, as_eve) = (setup(Some(&ann)), setup(Some(&eve)));
    assert!(visit(&as_ann, &sandgate).is_some() && visit(&as_eve, &sandgate).is_some());
    let mark = sandgate.log_mark();
    pki.put("revoked.pem", &clients.revocation_list(&[&eve]));
    sandgate.log_line_after(mark, |line| line.message() == "configuration applied");
    // Its session from before does not help it, as tickets count only under the same lists.
    assert!(visit(&as_eve, &sandgate).is_none());
    assert!(visit(&as_ann, &sandgate).is_some());
}

#[test]
fn a_ticket_of_a_lax_listener_opens_no_strict_one() {
    let clients = Authority::new("clients");
    let scene = Scene::new(&clients, "client_auth: optional");
    let setup = scene.setup(None);
    assert!(visit(&setup, &scene.sandgate).is_some());
    assert!(visit(&setup, &scene.sandgate).unwrap().is_resumed());
    let mark = scene.sandgate.log_mark();
    let config = std::fs::read_to_string(scene.sandgate.config()).unwrap();
    scene.sandgate.save(&config.replace("client_auth: optional", "client_auth: required"));
    scene.sandgate.log_line_after(mark, |line| line.message() == "configuration applied");
    assert!(visit(&setup, &scene.sandgate).is_none());
}
