//! What plugins know of a client's TLS connection and certificate.

use sandgate_tests::{Authority, Origin, Pki, Sandgate, TlsOptions, TlsSetup, get, guest, yaml};

const NAME: &str = "a.example";

#[test]
fn a_guest_turns_clients_away_by_their_fingerprints_and_knows_the_others() {
    let clients = Authority::new("clients");
    let (good, bad) = (clients.client("ann", 1), clients.client("ann", 2));
    let (pki, _) = Pki::for_site(&[NAME]);
    pki.put("clients.pem", clients.pem());
    let origin = Origin::replying(200, "hello");
    let tls = format!(
        "certificates: [{}], client_auth: optional, client_ca: {}",
        pki.pair("site"),
        pki.path("clients.pem").display()
    );
    let sandgate =
        gated(yaml::secured(&tls, "{ workers: 1 }"), &bad.fingerprint()).origins("app", &[&origin]).start();
    let ask = |identity| {
        let setup = TlsSetup::new(&pki.authority, TlsOptions { identity, ..TlsOptions::default() });
        setup.connect(sandgate.web(), NAME).unwrap().get("/").unwrap().0
    };
    assert!(ask(Some(&bad)).starts_with("HTTP/1.1 403"), "of the same subject, but another certificate");
    assert!(ask(Some(&good)).starts_with("HTTP/1.1 200"));
    assert!(ask(None).starts_with("HTTP/1.1 200"));
    let requests = origin.requests();
    let [known, nobody] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(known.field("x-client-subject"), Some("CN=ann,O=Example"));
    assert_eq!(known.field("x-client-fingerprint"), Some(good.fingerprint().as_str()));
    for request in [known, nobody] {
        assert_eq!(request.field("x-tls-version"), Some("TLSv1.3"));
        assert!(request.field("x-tls-cipher").is_some_and(|cipher| cipher.starts_with("TLS_")));
        assert_eq!(request.field("x-tls-server-name"), Some(NAME));
    }
    assert_eq!((nobody.field("x-client-subject"), nobody.field("x-client-fingerprint")), (None, None));
}

#[test]
fn of_a_client_in_the_clear_a_guest_is_told_nothing() {
    let origin = Origin::replying(200, "hello");
    let sandgate = gated(yaml::forwarding(), "").origins("app", &[&origin]).start();
    assert_eq!(get(sandgate.web(), "/").status(), 200);
    let request = origin.only_request();
    assert_eq!((request.field("x-tls-version"), request.field("x-tls-server-name")), (None, None));
}

fn gated(config: String, denied: &str) -> sandgate_tests::Setup {
    let config = config.replacen("upstream: app }", "upstream: app, filters: [{ plugin: it }] }", 1);
    assert!(config.contains("plugin: it"), "{config}");
    let plugins = format!(
        "plugins: {{ it: {{ wasm: {}, settings: {{ denied: [\"{denied}\"] }} }} }}\n",
        guest("client-gate").display()
    );
    Sandgate::with_config(config + &plugins)
}
