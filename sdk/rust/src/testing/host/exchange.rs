//! The exchange of the test's thread.

use crate::testing::state::with;

/// The one identifier there is.
const ID: &str = "00000000000000000000000000000001";
/// The CPU time that tests have: as much as a plugin has unless configured.
const CPU_LEFT_US: u64 = 10_000;
/// How many notes an exchange keeps.
const NOTES_LIMIT: usize = 16;
/// How long a note's name may be, in bytes.
const NAME_LIMIT: usize = 64;
/// How long a note's value may be, in bytes.
const VALUE_LIMIT: usize = 256;

pub(crate) fn id() -> String {
    ID.to_owned()
}

pub(crate) fn client_address() -> String {
    with(|state| state.client_address.clone())
}

pub(crate) fn tls_version() -> Option<String> {
    with(|state| state.tls.as_ref().map(|tls| tls.version.clone()))
}

pub(crate) fn tls_cipher() -> Option<String> {
    with(|state| state.tls.as_ref().map(|tls| tls.cipher.clone()))
}

pub(crate) fn tls_server_name() -> Option<String> {
    with(|state| state.tls.as_ref()?.server_name.clone())
}

pub(crate) fn client_certificate_subject() -> Option<String> {
    with(|state| Some(state.tls.as_ref()?.client_certificate.as_ref()?.subject.clone()))
}

pub(crate) fn client_certificate_fingerprint() -> Option<String> {
    with(|state| Some(state.tls.as_ref()?.client_certificate.as_ref()?.fingerprint.clone()))
}

pub(crate) fn route() -> Option<String> {
    with(|state| state.route.clone())
}

pub(crate) fn tenant() -> Option<String> {
    with(|state| state.tenant.clone())
}

pub(crate) fn request_header(name: &str) -> Option<Vec<u8>> {
    with(|state| state.request_fields.first(name))
}

pub(crate) fn request_cookie(name: &str) -> Option<String> {
    let line = with(|state| state.request_fields.first("cookie"))?;
    let line = String::from_utf8(line).ok()?;
    let value = |pair: &str| Some(pair.trim().strip_prefix(name)?.strip_prefix('=')?.to_owned());
    line.split(';').find_map(value)
}

pub(crate) fn deadline_left() -> Option<u64> {
    with(|state| state.deadline_left).and_then(|left| u64::try_from(left.as_micros()).ok())
}

pub(crate) fn cpu_left() -> u64 {
    CPU_LEFT_US
}

pub(crate) fn request_path() -> String {
    with(|state| state.request_path.clone())
}

pub(crate) fn note(name: &str, value: &str) -> bool {
    let (name, value) = (cut(name, NAME_LIMIT), cut(value, VALUE_LIMIT));
    with(|state| {
        if let Some((_, old)) = state.notes.iter_mut().find(|(n, _)| *n == name) {
            *old = value;
            return true;
        }
        if state.notes.len() == NOTES_LIMIT {
            return false;
        }
        state.notes.push((name, value));
        true
    })
}

pub(crate) fn noted(name: &str) -> Option<String> {
    with(|state| state.notes.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone()))
}

/// The longest prefix of at most `limit` bytes that ends between characters.
fn cut(text: &str, limit: usize) -> String {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text).to_owned()
}
