//! Which certificate a client is shown: by the name it asks for (RFC 6066 section 3), and by what it can verify.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::certificate::Certificate;

/// Certificates by name.
#[derive(Debug, Default)]
pub(super) struct Choice {
    exact: HashMap<Box<str>, Keys>,
    /// By what follows `*.`: it stands for one label, and never for a part of one (RFC 6125 section 6.4.3).
    wildcards: HashMap<Box<str>, Keys>,
    /// All, in their order; the first is for those that ask for no name, or one that nobody has.
    all: Keys,
}

/// Several for one name have keys of different kinds, RSA for old clients and ECDSA for the others, say.
type Keys = Vec<Arc<CertifiedKey>>;

impl Choice {
    pub(super) fn among(certificates: &[Certificate]) -> Choice {
        let mut choice = Choice::default();
        for certificate in certificates {
            for name in &certificate.names {
                let (names, name) = match name.strip_prefix("*.") {
                    Some(parent) => (&mut choice.wildcards, parent),
                    None => (&mut choice.exact, name.as_ref()),
                };
                names.entry(name.into()).or_default().push(Arc::clone(&certificate.key));
            }
            choice.all.push(Arc::clone(&certificate.key));
        }
        choice
    }

    fn named(&self, name: &str) -> Option<&Keys> {
        let lower = name.to_ascii_lowercase();
        let wildcard = || lower.split_once('.').and_then(|(_, parent)| self.wildcards.get(parent));
        self.exact.get(lower.as_str()).or_else(wildcard)
    }

    /// The first that the client can verify; where it can verify none, the first one's failure says most.
    fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let keys = name.and_then(|name| self.named(name)).unwrap_or(&self.all);
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(schemes).is_some();
        keys.iter().find(fits).or(keys.first()).cloned()
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name(), hello.signature_schemes())
    }
}

#[cfg(test)]
mod tests {
    use super::super::certificate::CertificateChain;
    use super::*;

    const ALL: [SignatureScheme; 2] = [SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ED25519];

    fn certificate(names: &[&str], algorithm: &'static rcgen::SignatureAlgorithm) -> Certificate {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        let chain = CertificateChain::from_pem(made.pem().as_bytes()).unwrap();
        chain.with_key(key.serialize_pem().as_bytes()).unwrap()
    }

    fn place(certificates: &[Certificate], name: Option<&str>, schemes: &[SignatureScheme]) -> usize {
        let chosen = Choice::among(certificates).choose(name, schemes).unwrap();
        certificates.iter().position(|one| Arc::ptr_eq(&one.key, &chosen)).unwrap()
    }

    #[test]
    fn an_exact_name_comes_before_a_wildcard_and_the_first_is_for_the_rest() {
        let p256 = &rcgen::PKCS_ECDSA_P256_SHA256;
        let certificates =
            [&["a.example"], &["*.b.example"], &["www.b.example"]].map(|names| certificate(names, p256));
        let cases = [
            (None, 0),
            (Some("a.example"), 0),
            (Some("x.b.example"), 1),
            (Some("X.B.example"), 1),
            (Some("www.b.example"), 2),
            (Some("b.example"), 0),
            (Some("y.x.b.example"), 0),
            (Some("other"), 0),
        ];
        for (name, expected) in cases {
            assert_eq!(place(&certificates, name, &ALL), expected, "{name:?}");
        }
    }

    #[test]
    fn of_two_for_one_name_the_first_is_shown_that_the_client_can_verify() {
        let kinds = [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P256_SHA256];
        let certificates = kinds.map(|kind| certificate(&["a.example"], kind));
        for name in [None, Some("a.example")] {
            assert_eq!(place(&certificates, name, &ALL), 0);
            assert_eq!(place(&certificates, name, &[SignatureScheme::ECDSA_NISTP256_SHA256]), 1);
            assert_eq!(place(&certificates, name, &[SignatureScheme::RSA_PSS_SHA256]), 0);
        }
    }
}
