//! Doors for `tests/fuzz`: parts of rewriting that have no way in of their own.
//!
//! Compiled for a fuzzer only, which sets `cfg(fuzzing)`.

use config::{CookieRewrite, LocationRewrite, PathRewrite};
use http::HeaderMap;
use model::Exchange;

use crate::{cookies, location};

/// What becomes of the cookies that an upstream sets.
pub fn change_cookies(fields: &mut HeaderMap, rewrite: &CookieRewrite) {
    cookies::change(fields, rewrite);
}

/// What becomes of an answer's Location.
pub fn map_back(exchange: &mut Exchange, path: Option<&PathRewrite>) {
    location::map_back(exchange, &[LocationRewrite::Auto], path);
}
