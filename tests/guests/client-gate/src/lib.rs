//! A filter that turns away clients by the fingerprints of their certificates, and tells the upstream what it knows of
//! the others' connections.

use sandgate_sdk::{Configure, Filter, HeaderError, Reply, Request, Result, Verdict, exchange, filter};
use serde::Deserialize;

/// The plugin's settings: `{ denied: [FINGERPRINT] }`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClientGate {
    denied: Vec<String>,
}

impl Configure for ClientGate {
    fn configure(settings: &str) -> Result<Self, String> {
        serde_json::from_str(settings).map_err(|error| error.to_string())
    }
}

impl Filter for ClientGate {
    fn on_request(&mut self, request: &mut Request) -> Result {
        let fingerprint = exchange::client_certificate_fingerprint();
        if fingerprint.as_ref().is_some_and(|fingerprint| self.denied.contains(fingerprint)) {
            return Ok(Reply::new(403).into());
        }
        tell(request, "x-tls-version", exchange::tls_version())?;
        tell(request, "x-tls-cipher", exchange::tls_cipher())?;
        tell(request, "x-tls-server-name", exchange::tls_server_name())?;
        tell(request, "x-client-subject", exchange::client_certificate_subject())?;
        tell(request, "x-client-fingerprint", fingerprint)?;
        Ok(Verdict::Continue)
    }
}

filter!(ClientGate: configure, on_request);

/// Sets the field, or takes out what a client wrote in its place.
fn tell(request: &mut Request, name: &str, value: Option<String>) -> Result<(), HeaderError> {
    match value {
        Some(value) => request.set_header(name, value),
        None => request.remove_header(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandgate_sdk::testing::{self, ClientCertificate, Tls};

    fn asked() -> (Verdict, Request) {
        let mut gate = ClientGate { denied: vec!["ab".repeat(32)] };
        let mut request = Request::get("/").with_header("x-client-subject", "CN=forged");
        (gate.on_request(&mut request).unwrap(), request)
    }

    fn shown(fingerprint: String) {
        let certificate = ClientCertificate { subject: "CN=ann".to_owned(), fingerprint };
        testing::set_tls(Tls { client_certificate: Some(certificate), ..Tls::default() });
    }

    #[test]
    fn of_a_client_in_the_clear_nothing_is_told() {
        let (verdict, request) = asked();
        assert_eq!((verdict, request.header("x-client-subject")), (Verdict::Continue, None));
    }

    #[test]
    fn a_client_is_known_by_its_certificate() {
        shown("cd".repeat(32));
        let (verdict, request) = asked();
        assert_eq!(verdict, Verdict::Continue);
        assert_eq!(request.header("x-client-subject").as_deref(), Some("CN=ann"));
        shown("ab".repeat(32));
        assert!(matches!(asked().0, Verdict::Reply(reply) if reply.status == 403));
    }
}
