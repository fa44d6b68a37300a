//! The cryptography: suites, groups, and the library that computes them.
//!
//! It is Mozilla's "intermediate" recommendation, which every client of the last ten years speaks: ECDHE with AES-GCM or
//! ChaCha20-Poly1305. The hybrid group with ML-KEM is first, so that what is recorded today is not read by a quantum
//! computer later; clients that do not know it get X25519.
//!
//! The library is AWS-LC: ring has no ML-KEM. It is built by a C compiler alone, as ring is, though it takes longer.

use std::sync::{Arc, LazyLock};

use rustls::crypto::aws_lc_rs::{self, cipher_suite as suite, kx_group as group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion, version};

/// Those of TLS 1.3, then those of TLS 1.2. The client's order counts: it knows whether it has AES in hardware.
static SUITES: [SupportedCipherSuite; 9] = [
    suite::TLS13_AES_128_GCM_SHA256,
    suite::TLS13_AES_256_GCM_SHA384,
    suite::TLS13_CHACHA20_POLY1305_SHA256,
    suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

static GROUPS: [&dyn SupportedKxGroup; 4] =
    [group::X25519MLKEM768, group::X25519, group::SECP256R1, group::SECP384R1];

/// Both versions that may still be spoken (RFC 8996 ended the others).
pub(super) static BOTH: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];
/// TLS 1.3 alone.
pub(super) static NEWEST: [&SupportedProtocolVersion; 1] = [&version::TLS13];

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    Arc::new(CryptoProvider {
        cipher_suites: SUITES.to_vec(),
        kx_groups: GROUPS.to_vec(),
        ..aws_lc_rs::default_provider()
    })
});

/// What all of TLS here is computed with.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::clone(&PROVIDER)
}
