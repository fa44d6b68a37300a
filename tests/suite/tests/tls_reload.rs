//! Certificates are changed by changing their files, while clients are served.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use sandgate_tests::{Identity, Origin, PATIENCE, Pki, Sandgate, TlsOptions, TlsSetup, wait_for, yaml};

const NAME: &str = "a.example";

fn start(pki: &Pki, origin: &Origin) -> Sandgate {
    let tls = format!("certificates: [{}]", pki.pair("site"));
    let config = yaml::secured(&tls, "{ workers: 2, shutdown_grace: 5s }");
    Sandgate::with_config(config).origins("app", &[origin]).start()
}

fn setup(pki: &Pki) -> TlsSetup {
    TlsSetup::new(&pki.authority, TlsOptions::default())
}

fn shows(pki: &Pki, sandgate: &Sandgate, identity: &Identity) -> bool {
    setup(pki).connect(sandgate.web(), NAME).expect("a handshake").was_shown(identity)
}

#[test]
fn a_changed_certificate_is_shown_to_new_connections_and_closes_none() {
    let (pki, old) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&pki, &origin);
    let mut kept = setup(&pki).connect(sandgate.web(), NAME).unwrap();
    assert!(kept.was_shown(&old));
    let (done, visits) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        // A connection for each request, all the time: none may fail, whichever certificate it is shown.
        scope.spawn(|| {
            let setup = setup(&pki);
            while !done.load(Ordering::SeqCst) {
                let mut client = setup.connect(sandgate.web(), NAME).expect("a handshake");
                client.get("/").expect("an answer");
                visits.fetch_add(1, Ordering::SeqCst);
            }
        });
        for _ in 0..3 {
            let new = pki.authority.server(&[NAME]);
            pki.keep("site", &new);
            wait_for("the new certificate", PATIENCE, || shows(&pki, &sandgate, &new));
            kept.get("/").expect("the old connection is served");
            let before = visits.load(Ordering::SeqCst);
            wait_for("more visits", PATIENCE, || visits.load(Ordering::SeqCst) > before);
        }
        done.store(true, Ordering::SeqCst);
    });
}

#[test]
fn a_half_written_pair_is_refused_and_the_old_one_serves_on() {
    let (pki, old) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&pki, &origin);
    let new = pki.authority.server(&[NAME]);
    let mark = sandgate.log_mark();
    pki.put("site.pem", &new.certificate);
    let line = sandgate.log_line_after(mark, |line| line.message() == "configuration refused");
    assert!(line.text("error").contains("does not belong to the certificate"), "{}", line.text("error"));
    assert!(shows(&pki, &sandgate, &old));
    let mark = sandgate.log_mark();
    pki.put("site.key", &new.key);
    sandgate.log_line_after(mark, |line| line.message() == "configuration applied");
    assert!(shows(&pki, &sandgate, &new));
}

#[test]
fn tls_can_be_switched_on_and_off_where_it_listens() {
    let (pki, _) = Pki::for_site(&[NAME]);
    let origin = Origin::replying(200, "hello");
    let sandgate = start(&pki, &origin);
    let with_tls = std::fs::read_to_string(sandgate.config()).unwrap();
    let mut kept = setup(&pki).connect(sandgate.web(), NAME).unwrap();
    sandgate.reload(&yaml::forwarding_with("{ workers: 2, shutdown_grace: 5s }"));
    assert_eq!(sandgate.client().get("/").status(), 200);
    kept.get("/").expect("what began with TLS goes on with it");
    sandgate.reload(&with_tls);
    setup(&pki).connect(sandgate.web(), NAME).unwrap().get("/").unwrap();
}
