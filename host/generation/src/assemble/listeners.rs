//! Listeners of a generation: the files of their TLS are read and made use of, or found fault with.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use config::{ClientAuth, ClientVerification, ListenerTls, NamedFile, TlsVersion};
use transport::{
    Announcers, Authorities, Certificate, CertificateChain, ClientDemand, Clients, OldestVersion,
    RevocationLists, ServerTls, TlsError,
};

use super::Assembly;
use crate::generation::{Listener, ServerCertificate};

/// The longest file of certificates or of a key: a store of all public authorities has a quarter of it.
const PEM_LIMIT: u64 = 1 << 20;
/// The longest file of revocation lists, which grow with what was revoked.
const REVOKED_LIMIT: u64 = 32 << 20;

impl Assembly<'_> {
    pub(super) fn listeners(&mut self) -> Vec<Listener> {
        let config = self.config;
        let mut listeners: Vec<Listener> = Vec::new();
        for listener in &config.listeners {
            let (name, mut certificates) = (Arc::clone(&listener.name), Vec::new());
            let mut tls = None;
            if let Some(wanted) = &listener.tls {
                let pairs = self.certificates(wanted, &name);
                tls = self.tls(wanted, &pairs, &listeners);
                certificates = pairs.iter().zip(&wanted.certificates).map(described).collect();
            }
            let announcers = listener.announcers.clone().map(announcers);
            listeners.push(Listener { name, announcers, tls, certificates });
        }
        listeners
    }

    /// Those that can be used.
    fn certificates(&mut self, tls: &ListenerTls, listener: &str) -> Vec<Certificate> {
        let built = tls.certificates.iter().filter_map(|pair| {
            let text = self.text(&pair.certificate, PEM_LIMIT);
            let key = self.text(&pair.key, PEM_LIMIT);
            let chain = self.used(&pair.certificate, CertificateChain::from_pem(&text?))?;
            let certificate = self.used(&pair.key, chain.with_key(&key?))?;
            warn_of_validity(&certificate, &pair.certificate.path, listener);
            Some(certificate)
        });
        built.collect()
    }

    fn tls(
        &mut self,
        tls: &ListenerTls,
        certificates: &[Certificate],
        so_far: &[Listener],
    ) -> Option<Arc<ServerTls>> {
        let clients = match &tls.clients {
            Some(clients) => Some(self.clients(clients)?),
            None => None,
        };
        let oldest = match tls.min_version {
            TlsVersion::Tls12 => OldestVersion::Tls12,
            TlsVersion::Tls13 => OldestVersion::Tls13,
        };
        let before = self.before.iter().flat_map(|before| &before.listeners);
        let known = before.chain(so_far).filter_map(|listener| listener.tls.as_deref());
        let built = ServerTls::new(certificates, clients.as_ref(), oldest, known);
        let at = tls.certificates.first()?;
        self.used(&at.certificate, built).map(Arc::new)
    }

    fn clients(&mut self, clients: &ClientVerification) -> Option<Clients> {
        let authorities = self.text(&clients.authorities, PEM_LIMIT);
        let authorities =
            authorities.and_then(|text| self.used(&clients.authorities, Authorities::from_pem(&text)));
        let revoked = match &clients.revoked {
            Some(file) => {
                let text = self.text(file, REVOKED_LIMIT);
                Some(text.and_then(|text| self.used(file, RevocationLists::from_pem(&text)))?)
            }
            None => None,
        };
        let demand = match clients.demand {
            ClientAuth::Optional => ClientDemand::Optional,
            ClientAuth::Required => ClientDemand::Required,
        };
        let at = clients.revoked.as_ref().unwrap_or(&clients.authorities);
        self.used(at, Clients::new(&authorities?, revoked, demand))
    }

    fn text(&mut self, file: &NamedFile, limit: u64) -> Option<Vec<u8>> {
        match read(&file.path, limit) {
            Ok(text) => Some(text),
            Err(error) => {
                self.blame(file, &format!("the file can't be read: {error}"));
                None
            }
        }
    }

    fn used<T>(&mut self, file: &NamedFile, result: Result<T, TlsError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.blame(file, &format!("the file can't be used: {error}"));
                None
            }
        }
    }

    fn blame(&mut self, file: &NamedFile, message: &str) {
        let help = format!("the file is {}", file.path.display());
        self.faults.push(self.config.complain(file.span, message, Some(help)));
    }
}

fn announcers(networks: Vec<config::Cidr>) -> Announcers {
    Arc::new(move |address| networks.iter().any(|network| network.contains(address)))
}

fn described((certificate, configured): (&Certificate, &config::Certificate)) -> ServerCertificate {
    ServerCertificate { path: configured.certificate.path.clone(), not_after: certificate.not_after() }
}

/// A warning only: a clock may be wrong, and an old certificate is better than none.
fn warn_of_validity(certificate: &Certificate, path: &Path, listener: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let path = path.display();
    if now > certificate.not_after() {
        tracing::warn!(listener, certificate = %path, "a certificate has expired");
    } else if now < certificate.not_before() {
        tracing::warn!(listener, certificate = %path, "a certificate is not valid yet");
    }
}

/// One byte more than may be, so that too long a file is known as one.
fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut text)?;
    if text.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {limit} bytes")));
    }
    Ok(text)
}
