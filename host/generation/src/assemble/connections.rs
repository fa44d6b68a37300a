//! How connections to endpoints are made and kept, TLS included.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use config::{EndpointAddress, TlsFile, UpstreamTls};
use model::Address;
use outbound::{Http2PoolSettings, KeepAlive, PoolSettings, Protocol};
use transport::{ClientTls, ClientTlsError, ClientTlsFiles, ClientTlsPart, ProxyVersion, Verification};

use super::Assembly;
use crate::generation::{Timeouts, Upstream};

/// The largest file of certificates or keys that is read, in bytes: the system's own bundle has a fifth of that.
const PEM_LIMIT: u64 = 1 << 20;

impl Assembly<'_> {
    /// How an upstream's connections are made and kept.
    pub(super) fn pool(&mut self, upstream: &config::Upstream, old: Option<&Upstream>) -> PoolSettings {
        let keep_alive = &upstream.keep_alive;
        PoolSettings {
            keep_alive: KeepAlive {
                idle: keep_alive.idle,
                idle_timeout: keep_alive.idle_timeout,
                requests: keep_alive.requests,
                max_age: keep_alive.max_age,
            },
            connect_timeout: upstream.connect_timeout,
            protocol: match upstream.protocol {
                config::Protocol::Http1 => Protocol::Http1,
                config::Protocol::Http2 => Protocol::Http2,
                config::Protocol::Auto => Protocol::Auto,
            },
            http2: Http2PoolSettings {
                connections: upstream.http2.connections,
                streams: upstream.http2.streams,
                ping_interval: upstream.http2.ping_interval,
                ping_timeout: upstream.http2.ping_timeout,
            },
            announce: upstream.proxy_protocol.map(|version| match version {
                config::ProxyVersion::V1 => ProxyVersion::V1,
                config::ProxyVersion::V2 => ProxyVersion::V2,
            }),
            tls: upstream.tls.as_ref().and_then(|tls| self.client_tls(&upstream.name, tls, old)),
        }
    }

    /// TLS as the files say; that of before where they say the same, so that connections and sessions stay good.
    fn client_tls(
        &mut self,
        name: &str,
        tls: &UpstreamTls,
        old: Option<&Upstream>,
    ) -> Option<Arc<ClientTls>> {
        let files = self.tls_files(tls)?;
        let same = old.and_then(|old| old.pool.tls.as_ref()).filter(|old| old.is_made_of(&files));
        if let Some(same) = same {
            return Some(Arc::clone(same));
        }
        if tls.verification == config::Verification::Off {
            tracing::warn!(upstream = name, "certificates of an upstream are not verified");
        }
        match ClientTls::new(files) {
            Ok(made) => Some(Arc::new(made)),
            Err(error) => {
                self.complain_of_tls(tls, &error);
                None
            }
        }
    }

    fn tls_files(&mut self, tls: &UpstreamTls) -> Option<ClientTlsFiles> {
        let ca = tls.ca.as_ref().map(|file| self.read(file));
        let identity = tls.identity.as_ref().map(|(certificate, key)| {
            let (certificate, key) = (self.read(certificate), self.read(key));
            certificate.zip(key)
        });
        Some(ClientTlsFiles {
            server_name: tls.server_name.clone(),
            verification: match tls.verification {
                config::Verification::Full => Verification::Full,
                config::Verification::Off => Verification::Off,
            },
            ca: ca.map_or(Some(None), |read| read.map(Some))?,
            identity: identity.map_or(Some(None), |read| read.map(Some))?,
        })
    }

    fn read(&mut self, file: &TlsFile) -> Option<Vec<u8>> {
        let read = read_pem(&file.path);
        if let Err(error) = &read {
            let message = format!("the file can't be read: {error}");
            let help = format!("the file is {}", file.path.display());
            self.faults.push(self.config.complain(file.span, message, Some(help)));
        }
        read.ok()
    }

    fn complain_of_tls(&mut self, tls: &UpstreamTls, error: &ClientTlsError) {
        let identity = tls.identity.as_ref();
        let file = match error.part {
            ClientTlsPart::ServerName => None,
            ClientTlsPart::Ca => tls.ca.as_ref(),
            ClientTlsPart::Certificate => identity.map(|(certificate, _)| certificate),
            ClientTlsPart::Key => identity.map(|(_, key)| key),
        };
        let span = file.map_or(tls.span, |file| file.span);
        let help = file.map(|file| format!("the file is {}", file.path.display()));
        self.faults.push(self.config.complain(span, error.to_string(), help));
    }
}

/// A PEM file, held to its limit.
fn read_pem(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(PEM_LIMIT + 1).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()) {
        Ok(len) if len <= PEM_LIMIT => Ok(bytes),
        _ => Err(io::Error::other(format!("it has more than {PEM_LIMIT} bytes"))),
    }
}

pub(super) fn address(address: &EndpointAddress) -> Option<Address> {
    match address {
        EndpointAddress::Tcp { host, port } if address.is_place() => {
            Some(Address::Tcp { host: Arc::clone(host), port: *port, ip: None })
        }
        EndpointAddress::Unix(path) => Some(Address::Unix(path.clone())),
        EndpointAddress::Tcp { .. } | EndpointAddress::Service(_) => None,
    }
}

pub(super) fn scheme(scheme: config::EndpointScheme) -> model::EndpointScheme {
    match scheme {
        config::EndpointScheme::Http => model::EndpointScheme::Http,
        config::EndpointScheme::Https => model::EndpointScheme::Https,
        config::EndpointScheme::H2c => model::EndpointScheme::H2c,
    }
}

pub(super) fn timeouts(timeouts: &config::RouteTimeouts) -> Timeouts {
    let config::RouteTimeouts { response, send, read, total, tunnel } = *timeouts;
    Timeouts { response, send, read, total, tunnel }
}
