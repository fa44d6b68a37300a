//! What the file says of where requests are accepted, and of TLS there.

use document::{Field, List};
use schemars::JsonSchema;
use serde::Deserialize;

use super::ProxyProtocol;

/// An address on which requests are accepted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a listener, a map with `name` and `address`")]
pub struct Listener {
    /// Its name in logs and metrics.
    pub name: Field<String>,
    /// IP address and port, such as `127.0.0.1:8080`, or a socket of the file system, `unix:PATH`. Port 0 takes any free
    /// port.
    pub address: Field<String>,
    /// The permissions of the socket's file, in octal: `"0660"`. Default: what the process's umask leaves.
    #[serde(default)]
    pub mode: Field<String>,
    /// TLS; absent: none is spoken.
    #[serde(default)]
    pub tls: Field<ListenerTls>,
    /// Whether connections begin with a header of the PROXY protocol, which names the client. Default: `false`.
    #[serde(default)]
    pub proxy_protocol: Field<ProxyProtocol>,
}

/// TLS on a listener.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map with `certificates`")]
pub struct ListenerTls {
    /// Certificates with their keys, chosen by the name that the client asks for. The first one is for all other names.
    #[schemars(length(min = 1))]
    pub certificates: Field<List<Certificate>>,
    /// PEM file of the authorities whose certificates clients may show.
    #[serde(default)]
    pub client_ca: Field<String>,
    /// Whether a client must show a certificate. Default: `required`, where there is a `client_ca`.
    #[serde(default)]
    pub client_auth: Field<ClientAuth>,
    /// PEM file of revocation lists that clients' certificates are held against.
    #[serde(default)]
    pub client_crl: Field<String>,
    /// The oldest version that is spoken. Default: `TLSv1.2`.
    #[serde(default)]
    pub min_version: Field<TlsVersion>,
}

/// A certificate and its key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a map with `certificate` and `key`")]
pub struct Certificate {
    /// PEM file of the certificate, followed by those that lead to its authority.
    pub certificate: Field<String>,
    /// PEM file of its private key.
    pub key: Field<String>,
}

/// Whether a client must show a certificate.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "one of `optional` and `required`")]
pub enum ClientAuth {
    /// It may; one that it shows must be valid.
    Optional,
    /// It must.
    Required,
}

impl From<ClientAuth> for config::ClientAuth {
    fn from(demand: ClientAuth) -> Self {
        match demand {
            ClientAuth::Optional => config::ClientAuth::Optional,
            ClientAuth::Required => config::ClientAuth::Required,
        }
    }
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(expecting = "one of `TLSv1.2` and `TLSv1.3`")]
pub enum TlsVersion {
    /// RFC 5246.
    #[serde(rename = "TLSv1.2")]
    Tls12,
    /// RFC 8446.
    #[serde(rename = "TLSv1.3")]
    Tls13,
}

impl From<TlsVersion> for config::TlsVersion {
    fn from(version: TlsVersion) -> Self {
        match version {
            TlsVersion::Tls12 => config::TlsVersion::Tls12,
            TlsVersion::Tls13 => config::TlsVersion::Tls13,
        }
    }
}
