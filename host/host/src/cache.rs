//! Where compiled components are kept, and how many: by the environment, as no configuration has been read yet.

use std::ffi::OsString;
use std::path::PathBuf;

use raw::Size;
use wasm::AotCache;

use crate::exit::Failure;

/// The folder.
const FOLDER: &str = "SANDGATE_CACHE";
/// How much it may hold.
const SIZE: &str = "SANDGATE_CACHE_SIZE";

/// The cache of compiled components, where there can be one.
pub(crate) fn open() -> Result<Option<AotCache>, Failure> {
    let size = size(of(SIZE))?;
    Ok(folder().and_then(|folder| match AotCache::open(&folder, size) {
        Ok(cache) => Some(cache),
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "components will be compiled at each start");
            None
        }
    }))
}

/// `SANDGATE_CACHE`, or the user's cache folder (XDG Base Directory Specification).
fn folder() -> Option<PathBuf> {
    let of = |name: &str| of(name).map(PathBuf::from);
    of(FOLDER)
        .or_else(|| of("XDG_CACHE_HOME").map(|folder| folder.join("sandgate")))
        .or_else(|| of("HOME").map(|folder| folder.join(".cache/sandgate")))
}

/// What the environment says, or the cache's own.
fn size(text: Option<OsString>) -> Result<u64, Failure> {
    let Some(text) = text else { return Ok(AotCache::SIZE) };
    let found = text.to_string_lossy();
    let size = Size::parse(&found).map(|size| size.0);
    size.ok_or_else(|| Failure::Other(format!("{SIZE}: expected a size such as `4GiB`, found `{found}`")))
}

fn of(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_one_or_an_error_that_says_what_was_found() {
        let of = |text: &str| {
            size(Some(text.into())).map_err(|failure| match failure {
                Failure::Other(message) => message,
                _ => "something else".to_owned(),
            })
        };
        assert_eq!(size(None).ok(), Some(4 << 30));
        assert_eq!(of("512MiB"), Ok(512 << 20));
        assert_eq!(
            of("4 gigs").unwrap_err(),
            "SANDGATE_CACHE_SIZE: expected a size such as `4GiB`, found `4 gigs`"
        );
    }
}
