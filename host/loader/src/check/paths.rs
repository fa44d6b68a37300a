//! Checks of a route's path.
//!
//! A request's path is matched in its normal form: unescaped, without dot segments and double slashes. A pattern that
//! no such path can match is a mistake, and is refused rather than kept for show.

use config::{Letters, PathMatch, Pattern, Template};
use document::{Field, Span, Spanned, quoted};
use raw::PathForm;

use super::Check;

/// The longest path of a route, in bytes, which is the longest that a request has by default.
const PATH_LIMIT: usize = 8 << 10;

impl Check<'_> {
    pub(super) fn path(&mut self, path: Field<PathForm>, owner: Span) -> Option<PathMatch> {
        let everything = PathForm::Prefix(Field::Given(Spanned { value: "/".to_owned(), span: owner }));
        match path.or(everything)?.value {
            PathForm::Prefix(Field::Given(prefix)) => self.path_text(prefix).map(PathMatch::Prefix),
            PathForm::Exact(Field::Given(exact)) => self.path_text(exact).map(PathMatch::Exact),
            PathForm::Template(Field::Given(template)) => {
                self.path_template(template).map(PathMatch::Template)
            }
            PathForm::Regex(Field::Given(regex)) => self.path_pattern(&regex).map(PathMatch::Regex),
            PathForm::Prefix(_) | PathForm::Exact(_) | PathForm::Template(_) | PathForm::Regex(_) => None,
        }
    }

    pub(super) fn path_text(&mut self, path: Spanned<String>) -> Option<String> {
        if !path.value.starts_with('/') {
            self.expected("a path that begins with `/`", &path);
            return None;
        }
        if path.value.len() > PATH_LIMIT || path.value.contains(['?', '#']) {
            self.expected(format!("a path without `?` and `#`, at most {PATH_LIMIT} bytes long"), &path);
            return None;
        }
        if let Some(reason) = never_normal(&path.value) {
            let message = format!("no request is matched as {}", quoted(&path.value));
            self.complain(path.span, message, Some(reason.to_owned()));
            return None;
        }
        Some(path.value)
    }

    fn path_template(&mut self, template: Spanned<String>) -> Option<Template> {
        let span = template.span;
        let text = self.path_text(template)?;
        let parsed = Template::parse(&text);
        parsed.map_err(|error| self.complain(span, format!("bad template: {error}"), None)).ok()
    }

    fn path_pattern(&mut self, regex: &Spanned<String>) -> Option<Pattern> {
        let pattern = self.pattern(regex, Letters::Exact)?;
        let beginning = pattern.beginning();
        if !beginning.is_empty() && !beginning.starts_with('/') {
            self.complain(
                regex.span,
                format!("no path begins with {}", quoted(beginning)),
                Some("paths begin with `/`".to_owned()),
            );
            return None;
        }
        Some(pattern)
    }
}

/// Why no path's normal form begins with a text, if none does.
fn never_normal(path: &str) -> Option<&'static str> {
    let segments = || path.split('/');
    if path.contains("//") {
        return Some("slashes are merged before a path is matched");
    }
    if path.bytes().any(|byte| byte.is_ascii_control()) {
        return Some("control characters are matched as `%` and two digits, `%0A`");
    }
    // The last segment of a prefix may go on.
    if segments().rev().skip(1).any(|segment| matches!(segment, "." | "..")) {
        return Some("dot segments are resolved before a path is matched");
    }
    let escapes = path.split('%').skip(1);
    let stays = |rest: &str| rest.get(..2).is_some_and(stays_escaped);
    (!escapes.into_iter().all(stays)).then_some(
        "escapes are resolved before a path is matched: write the character itself; only `/` (`%2F`), `%` (`%25`), \
         control characters and bytes that are no UTF-8 stay escaped, in capitals",
    )
}

fn stays_escaped(digits: &str) -> bool {
    let capitals = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    let byte = u8::from_str_radix(digits, 16).ok().filter(|_| capitals);
    byte.is_some_and(|byte| byte == b'/' || byte == b'%' || byte.is_ascii_control() || !byte.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_path_is_matched_as_is_known() {
        for path in ["/a//b", "/a/../b", "/./a", "/%61", "/a%2fb", "/100%", "/%zz", "/a\nb"] {
            assert!(never_normal(path).is_some(), "{path}");
        }
        for path in ["/", "/a%2Fb", "/caf\u{e9}", "/100%25", "/%FF", "/a/.hidden", "/a/..", "/a b", "/a;b"] {
            assert!(never_normal(path).is_none(), "{path}");
        }
    }
}
