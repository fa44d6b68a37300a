//! Lookup: what a request says under a name, in its cookies and its query.
//!
//! Nothing is decoded: both sides of a comparison come from the same client.

use http::header::COOKIE;

use crate::RequestHead;

impl RequestHead {
    /// The value of the first cookie of that name (RFC 6265 section 5.4), if it has visible ASCII only.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let lines = self.fields.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        lines.flat_map(|line| line.split(';')).find_map(|pair| value_of(pair.trim(), name))
    }

    /// The value of the first parameter of that name in the query.
    pub fn query_parameter(&self, name: &str) -> Option<&str> {
        self.uri.query()?.split('&').find_map(|pair| value_of(pair, name))
    }
}

fn value_of<'a>(pair: &'a str, name: &str) -> Option<&'a str> {
    pair.strip_prefix(name)?.strip_prefix('=')
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name_in_any_line() {
        let mut fields = HeaderMap::new();
        fields.append(COOKIE, HeaderValue::from_static("xa=1; a=2;b=3"));
        fields.append(COOKIE, HeaderValue::from_static("c=x=y; a=9"));
        let head = RequestHead { fields, ..RequestHead::default() };
        let found = ["a", "b", "c", "d"].map(|name| head.cookie(name));
        assert_eq!(found, [Some("2"), Some("3"), Some("x=y"), None]);
    }

    #[test]
    fn a_parameter_is_found_by_its_whole_name() {
        let head = RequestHead { uri: "/p?aa=1&a=2&b&c=".parse().unwrap(), ..RequestHead::default() };
        let found = ["aa", "a", "b", "c", "d"].map(|name| head.query_parameter(name));
        assert_eq!(found, [Some("1"), Some("2"), None, Some(""), None]);
    }
}
