//! What tests say of a client's TLS connection.

/// A TLS connection: that of a client of today which shows no certificate, unless the test says otherwise.
///
/// ```
/// use sandgate_sdk::{exchange, testing};
///
/// let certificate = testing::ClientCertificate { subject: "CN=ann".to_owned(), fingerprint: "ab".repeat(32) };
/// testing::set_tls(testing::Tls { client_certificate: Some(certificate), ..testing::Tls::default() });
/// assert_eq!(exchange::tls_version().as_deref(), Some("TLSv1.3"));
/// assert_eq!(exchange::client_certificate_subject().as_deref(), Some("CN=ann"));
/// ```
#[derive(Clone, Debug)]
pub struct Tls {
    /// The protocol's version.
    pub version: String,
    /// The cipher suite, by its IANA name.
    pub cipher: String,
    /// The name that the client asked for.
    pub server_name: Option<String>,
    /// The certificate that the client showed.
    pub client_certificate: Option<ClientCertificate>,
}

/// A client's certificate.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// Its subject.
    pub subject: String,
    /// Its SHA-256 fingerprint, in lower-case hexadecimal.
    pub fingerprint: String,
}

impl Default for Tls {
    fn default() -> Self {
        Tls {
            version: "TLSv1.3".to_owned(),
            cipher: "TLS_AES_256_GCM_SHA384".to_owned(),
            server_name: None,
            client_certificate: None,
        }
    }
}
