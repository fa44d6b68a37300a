//! How clients' certificates are verified: by which authorities, against which revocation lists.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use sha2::{Digest, Sha256};

use super::certificate::certificates;
use super::error::TlsError;
use super::provider::provider;

/// Those whose certificates clients may show.
#[derive(Debug)]
pub struct Authorities {
    roots: Arc<RootCertStore>,
    digest: [u8; 32],
}

/// Which certificates are no longer valid, as their authorities say.
#[derive(Debug)]
pub struct RevocationLists {
    lists: Vec<CertificateRevocationListDer<'static>>,
    digest: [u8; 32],
}

/// Whether a client must show a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientDemand {
    /// It may; one that it shows must be valid.
    Optional,
    /// It must.
    Required,
}

/// How clients are verified.
#[derive(Debug)]
pub struct Clients {
    pub(super) verifier: Arc<dyn ClientCertVerifier>,
    /// Tells this way of verifying from others. What one way accepted must not count with another.
    pub(super) digest: [u8; 32],
}

impl Authorities {
    /// Reads the authorities of a PEM file.
    pub fn from_pem(pem: &[u8]) -> Result<Authorities, TlsError> {
        let mut roots = RootCertStore::empty();
        for (number, certificate) in (1..).zip(certificates(pem)?) {
            roots.add(certificate).map_err(|error| TlsError::BadAuthority { number, error })?;
        }
        Ok(Authorities { roots: Arc::new(roots), digest: Sha256::digest(pem).into() })
    }
}

impl RevocationLists {
    /// Reads the lists of a PEM file.
    pub fn from_pem(pem: &[u8]) -> Result<RevocationLists, TlsError> {
        let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(pem).collect();
        match lists {
            Ok(lists) if lists.is_empty() => Err(TlsError::Missing("revocation list")),
            Ok(lists) => Ok(RevocationLists { lists, digest: Sha256::digest(pem).into() }),
            Err(error) => Err(TlsError::of_pem(error)),
        }
    }
}

impl Clients {
    /// Puts together what verifies clients. With lists, the whole chain must be in none of them, and each list in force:
    /// of a list that has run out nobody knows what it would say today.
    pub fn new(
        authorities: &Authorities,
        revoked: Option<RevocationLists>,
        demand: ClientDemand,
    ) -> Result<Clients, TlsError> {
        let mut digest = Sha256::new_with_prefix([u8::from(demand == ClientDemand::Required)]);
        digest.update(authorities.digest);
        let mut builder =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&authorities.roots), provider());
        if let Some(revoked) = revoked {
            digest.update(revoked.digest);
            builder = builder.with_crls(revoked.lists).enforce_revocation_expiration();
        }
        if demand == ClientDemand::Optional {
            builder = builder.allow_unauthenticated();
        }
        let verifier = builder.build().map_err(TlsError::Clients)?;
        Ok(Clients { verifier, digest: digest.finalize().into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority() -> String {
        rcgen::generate_simple_self_signed(vec!["ca.example".to_owned()]).unwrap().cert.pem()
    }

    #[test]
    fn every_difference_in_what_is_accepted_is_another_way_of_verifying() {
        let digest = |pem: &str, demand| {
            let authorities = Authorities::from_pem(pem.as_bytes()).unwrap();
            Clients::new(&authorities, None, demand).unwrap().digest
        };
        let (one, other) = (authority(), authority());
        assert_eq!(digest(&one, ClientDemand::Required), digest(&one, ClientDemand::Required));
        assert_ne!(digest(&one, ClientDemand::Required), digest(&one, ClientDemand::Optional));
        assert_ne!(digest(&one, ClientDemand::Required), digest(&other, ClientDemand::Required));
    }

    #[test]
    fn files_without_what_they_are_for_are_refused() {
        let error = Authorities::from_pem(b"nothing").unwrap_err().to_string();
        assert_eq!(error, "it has no certificate in PEM form");
        let error = RevocationLists::from_pem(authority().as_bytes()).unwrap_err().to_string();
        assert_eq!(error, "it has no revocation list in PEM form");
    }
}
