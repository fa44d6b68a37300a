//! Why certificates, keys and their like can't be used.

/// Why something that TLS is to be set up with can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file has no section of the kind that is wanted.
    #[error("it has no {0} in PEM form")]
    Missing(&'static str),
    /// A section can't be decoded.
    #[error("its PEM is damaged: {0}")]
    Pem(rustls::pki_types::pem::Error),
    /// There are more certificates than a client would look at.
    #[error("it has more than {0} certificates")]
    TooMany(usize),
    /// What is called a certificate is none.
    #[error("its certificate number {number} can't be read: {reason}")]
    NoCertificate {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The key needs a password, which nobody is there to type.
    #[error("its key is encrypted")]
    EncryptedKey,
    /// The key is of no kind that can sign.
    #[error("its key can't be used: {0}")]
    BadKey(rustls::Error),
    /// The key is another certificate's.
    #[error("its key does not belong to the certificate")]
    WrongKey,
    /// An authority can't be trusted as one.
    #[error("its certificate number {number} is no authority's: {error}")]
    BadAuthority {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        error: rustls::Error,
    },
    /// What verifies clients can't be made of the authorities and lists.
    #[error("clients can't be verified with it: {0}")]
    Clients(rustls::client::VerifierBuilderError),
    /// The system gives no random numbers.
    #[error("TLS can't be set up: {0}")]
    SetUp(rustls::Error),
}

impl TlsError {
    /// Of one section among others.
    pub(super) fn of_pem(error: rustls::pki_types::pem::Error) -> Self {
        TlsError::Pem(error)
    }
}

/// Whether an error of a connection is one of TLS, and not of what carries it.
pub fn is_of_tls(error: &std::io::Error) -> bool {
    error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()).is_some()
}
