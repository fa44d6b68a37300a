//! A server's certificate and its key, from PEM, held together and looked into.

use std::sync::Arc;

use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::error::TlsError;
use super::provider::provider;

/// The most certificates of a chain: clients refuse longer ones, and each is sent in every handshake.
const CHAIN_LIMIT: usize = 16;
/// How the PEM of a key that needs a password begins (RFC 7468 section 11).
const ENCRYPTED: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";

/// A certificate, and those that lead from it to an authority.
#[derive(Debug)]
pub struct CertificateChain {
    chain: Vec<CertificateDer<'static>>,
    names: Vec<Box<str>>,
    validity: Validity,
}

/// Seconds since 1970 between which a certificate is valid, both included.
#[derive(Clone, Copy, Debug)]
struct Validity {
    not_before: i64,
    not_after: i64,
}

/// A certificate that can be shown, with the key to prove it.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    /// The DNS names that it is for, in lower case; `*.` at the beginning stands for one label.
    pub(super) names: Vec<Box<str>>,
    validity: Validity,
}

impl CertificateChain {
    /// Reads the certificates of a PEM file, the server's own first.
    pub fn from_pem(pem: &[u8]) -> Result<CertificateChain, TlsError> {
        let chain = certificates(pem)?;
        if chain.len() > CHAIN_LIMIT {
            return Err(TlsError::TooMany(CHAIN_LIMIT));
        }
        for (number, certificate) in (1..).zip(&chain) {
            parsed(certificate).map_err(|reason| TlsError::NoCertificate { number, reason })?;
        }
        let own = chain.first().ok_or(TlsError::Missing("certificate"))?;
        let (names, validity) =
            described(own).map_err(|reason| TlsError::NoCertificate { number: 1, reason })?;
        Ok(CertificateChain { chain, names, validity })
    }

    /// Adds the key that belongs to it, from a PEM file.
    pub fn with_key(self, pem: &[u8]) -> Result<Certificate, TlsError> {
        let key = match PrivateKeyDer::from_pem_slice(pem) {
            Ok(key) => key,
            Err(PemError::NoItemsFound) if contains(pem, ENCRYPTED) => return Err(TlsError::EncryptedKey),
            Err(PemError::NoItemsFound) => return Err(TlsError::Missing("private key")),
            Err(error) => return Err(TlsError::of_pem(error)),
        };
        let key = CertifiedKey::from_der(self.chain, key, &provider()).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::WrongKey,
            error => TlsError::BadKey(error),
        })?;
        Ok(Certificate { key: Arc::new(key), names: self.names, validity: self.validity })
    }
}

impl Certificate {
    /// The last moment at which it is valid, in seconds since 1970.
    pub fn not_after(&self) -> i64 {
        self.validity.not_after
    }

    /// The first moment at which it is valid, in seconds since 1970.
    pub fn not_before(&self) -> i64 {
        self.validity.not_before
    }
}

/// All certificates of a PEM file; at least one.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match all {
        Ok(all) if all.is_empty() => Err(TlsError::Missing("certificate")),
        Ok(all) => Ok(all),
        Err(error) => Err(TlsError::of_pem(error)),
    }
}

fn parsed<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, String> {
    X509Certificate::from_der(certificate).map(|(_, parsed)| parsed).map_err(|error| error.to_string())
}

fn described(certificate: &CertificateDer<'_>) -> Result<(Vec<Box<str>>, Validity), String> {
    let certificate = parsed(certificate)?;
    let validity = certificate.validity();
    let validity =
        Validity { not_before: validity.not_before.timestamp(), not_after: validity.not_after.timestamp() };
    let alternative = certificate.subject_alternative_name().map_err(|error| error.to_string())?;
    let names = alternative.iter().flat_map(|names| &names.value.general_names);
    let names = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase().into_boxed_str()),
        _ => None,
    });
    Ok((names.collect(), validity))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn refusal(certificate: &str, key: &str) -> String {
        let chain = match CertificateChain::from_pem(certificate.as_bytes()) {
            Ok(chain) => chain,
            Err(error) => return error.to_string(),
        };
        chain.with_key(key.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn names_are_those_of_the_certificate_in_lower_case() {
        let (certificate, key) = pair(&["WWW.example.com", "*.example.org"]);
        let chain = CertificateChain::from_pem(certificate.as_bytes()).unwrap();
        let certificate = chain.with_key(key.as_bytes()).unwrap();
        assert_eq!(certificate.names, ["www.example.com".into(), "*.example.org".into()] as [Box<str>; 2]);
        assert!(certificate.not_before() < certificate.not_after());
    }

    #[test]
    fn a_certificate_and_its_key_may_be_in_one_file() {
        let (certificate, key) = pair(&["a.example"]);
        let both = certificate + &key;
        assert!(CertificateChain::from_pem(both.as_bytes()).unwrap().with_key(both.as_bytes()).is_ok());
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        let (certificate, key) = pair(&["a.example"]);
        let (_, other) = pair(&["a.example"]);
        assert_eq!(refusal(&key, &key), "it has no certificate in PEM form");
        assert_eq!(refusal("", &key), "it has no certificate in PEM form");
        assert_eq!(refusal(&certificate, &certificate), "it has no private key in PEM form");
        assert_eq!(refusal(&certificate, &other), "its key does not belong to the certificate");
        let half = &certificate[..certificate.len() / 2];
        assert!(refusal(half, &key).contains("PEM"), "{}", refusal(half, &key));
        let encrypted = key.replace("PRIVATE", "ENCRYPTED PRIVATE");
        assert_eq!(refusal(&certificate, &encrypted), "its key is encrypted");
        let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(refusal(junk, &key).starts_with("its certificate number 1 can't be read"));
        let long: String = (0..=CHAIN_LIMIT).map(|_| certificate.as_str()).collect();
        assert_eq!(refusal(&long, &key), "it has more than 16 certificates");
    }
}
