//! Rewriting of answers: doors to files that know no door.

#[path = "../../../host/proxy/src/rewrite/cookies.rs"]
mod cookies;
#[path = "../../../host/proxy/src/rewrite/location.rs"]
mod location;

use config::{CookieRewrite, LocationRewrite, PathRewrite};
use http::HeaderMap;
use model::Exchange;

/// As long as a target may become in the proxy.
const TARGET_LIMIT: usize = 16 * 1024;

/// What becomes of the cookies that an upstream sets.
pub fn change_cookies(fields: &mut HeaderMap, rewrite: &CookieRewrite) {
    cookies::change(fields, rewrite);
}

/// What becomes of an answer's Location.
pub fn map_back(exchange: &mut Exchange, path: Option<&PathRewrite>) {
    location::map_back(exchange, &[LocationRewrite::Auto], path);
}
