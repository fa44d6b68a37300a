//! The exchange that the guest is working for: one request and its response, with all that is known about it.
//!
//! For every hook but `configure`, where there is no exchange yet and a call traps. In tests the exchange is that of
//! [`testing`](crate::testing).

use std::time::Duration;

use crate::host;

/// The exchange's identifier: 32 lower-case hexadecimal digits, the same as in the access log.
pub fn id() -> String {
    host::exchange::id()
}

/// The client's address and port, as `192.0.2.7:51234` or `[2001:db8::1]:443`.
pub fn client_address() -> String {
    host::exchange::client_address()
}

/// The version of TLS that the client speaks, as `TLSv1.3`; none if it came in the clear.
pub fn tls_version() -> Option<String> {
    host::exchange::tls_version()
}

/// The cipher suite by its IANA name, as `TLS_AES_256_GCM_SHA384`; none if the client came in the clear.
pub fn tls_cipher() -> Option<String> {
    host::exchange::tls_cipher()
}

/// The name that the client asked for in its handshake (SNI), in lower case. It need not be the host that the request
/// names.
pub fn tls_server_name() -> Option<String> {
    host::exchange::tls_server_name()
}

/// The subject of the client's certificate, which was verified: `CN=ann,O=Example`; none if the client showed none.
pub fn client_certificate_subject() -> Option<String> {
    host::exchange::client_certificate_subject()
}

/// SHA-256 of the client's certificate, in 64 lower-case hexadecimal digits; none if the client showed none.
pub fn client_certificate_fingerprint() -> Option<String> {
    host::exchange::client_certificate_fingerprint()
}

/// The name of the route, or none before routing.
pub fn route() -> Option<String> {
    host::exchange::route()
}

/// The tenant that the route belongs to; none before routing, and for routes that are nobody's.
pub fn tenant() -> Option<String> {
    host::exchange::tenant()
}

/// The first value of a field of the request as text, for hooks that are not given the request; bytes that are no
/// UTF-8 show as U+FFFD.
pub fn request_header(name: &str) -> Option<String> {
    request_header_bytes(name).map(crate::text::from_bytes)
}

/// The first value of a field of the request as it is, for hooks that are not given the request.
pub fn request_header_bytes(name: &str) -> Option<Vec<u8>> {
    host::exchange::request_header(name)
}

/// The value of the first cookie of that name, as it was sent.
pub fn request_cookie(name: &str) -> Option<String> {
    host::exchange::request_cookie(name)
}

/// How long the exchange may still take; none before routing.
pub fn deadline_left() -> Option<Duration> {
    host::exchange::deadline_left().map(Duration::from_micros)
}

/// How much of the plugin's `limits.cpu` is left to this guest.
pub fn cpu_left() -> Duration {
    Duration::from_micros(host::exchange::cpu_left())
}

/// Path and query of the request, as the upstream got it.
pub fn request_path() -> String {
    host::exchange::request_path()
}

/// Keeps a note for later hooks of every plugin and for the access log. An exchange keeps 16 notes, with names of 64
/// bytes and values of 256: what is over is cut, and false says that there was no room for another note.
pub fn note(name: &str, value: &str) -> bool {
    host::exchange::note(name, value)
}

/// The note of that name, or none.
pub fn noted(name: &str) -> Option<String> {
    host::exchange::noted(name)
}
