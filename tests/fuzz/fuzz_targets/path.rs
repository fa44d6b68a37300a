//! The path as routes see it. Its normal form is its own normal form, has nothing left that could be read in two ways, and does not
//! depend on which letters the client escaped.
#![no_main]

use http::uri::PathAndQuery;
use libfuzzer_sys::fuzz_target;
use model::normal_path;

fuzz_target!(|data: &[u8]| {
    let Some((at, bytes)) = data.split_first() else { return };
    // What HTTP lets through, as it is asked in the proxy.
    let Ok(target) = PathAndQuery::try_from(bytes) else { return };
    let path = target.path();
    if !path.starts_with('/') {
        return;
    }
    let normal = normal_path(path);
    assert_eq!(normal, normal_path(&with_escape(path, usize::from(*at))), "{path:?}");
    let Some(normal) = normal else { return };
    assert_eq!(normal_path(&normal).as_deref(), Some(&*normal), "{path:?}");
    assert!(normal.starts_with('/') && !normal.contains("//"), "{normal:?}");
    // Nor for those who read `\` as `/`, or leave out what follows a `;`.
    let mut segments = normal.split(['/', '\\']).map(|segment| segment.split(';').next().unwrap_or_default());
    assert!(!segments.any(|segment| segment == "." || segment == ".."), "{normal:?}");
    assert!(!normal.chars().any(|char| char.is_ascii_control()), "{normal:?}");
});

/// The path with one letter or digit escaped that is not part of an escape.
fn with_escape(path: &str, at: usize) -> String {
    let bytes = path.as_bytes();
    let is_free = |at: usize| !path[at.saturating_sub(2)..at].contains('%');
    let at = at % bytes.len();
    if path.is_ascii() && bytes[at].is_ascii_alphanumeric() && is_free(at) {
        format!("{}%{:02x}{}", &path[..at], bytes[at], &path[at + 1..])
    } else {
        path.to_owned()
    }
}
