//! Templates of paths: `/users/{id}/orders/{order}`, `/files/{*rest}`.

use std::fmt;
use std::sync::Arc;

/// The most segments of a template.
pub(crate) const SEGMENT_LIMIT: usize = 64;
/// The longest name of a parameter, in bytes.
const NAME_LIMIT: usize = 64;

/// A path with parameters in place of some of its segments. Equal when it is written the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Template {
    text: String,
    segments: Vec<Segment>,
}

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Segment {
    /// This text.
    Literal(String),
    /// `{name}`: any text but none.
    Parameter(Arc<str>),
    /// `{*name}`, the last: all that follows, slashes included, be it nothing.
    Rest(Arc<str>),
}

impl Template {
    /// Reads one that begins with `/`, or says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.strip_prefix('/').unwrap_or(text).split('/');
        let segments: Vec<Segment> = parts.map(segment).collect::<Result<_, _>>()?;
        if segments.len() > SEGMENT_LIMIT {
            return Err(format!("a template has at most {SEGMENT_LIMIT} segments"));
        }
        let early = segments.iter().rev().skip(1).any(|segment| matches!(segment, Segment::Rest(_)));
        if early {
            return Err("`{*name}` stands for all that follows, and has to be the last segment".to_owned());
        }
        Ok(Template { text: text.to_owned(), segments })
    }

    /// Its segments: one at least.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The names of its parameters.
    pub fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Parameter(name) | Segment::Rest(name) => Some(name),
        })
    }

    /// What comes before the first parameter.
    pub fn beginning(&self) -> &str {
        self.text.split('{').next().unwrap_or_default()
    }

    /// The same for templates that match the same paths.
    pub fn shape(&self) -> String {
        let parts = self.segments.iter().map(|segment| match segment {
            Segment::Literal(text) => text.as_str(),
            Segment::Parameter(_) => "{}",
            Segment::Rest(_) => "{*}",
        });
        parts.collect::<Vec<_>>().join("/")
    }

    /// Whether a path is of this form.
    pub fn is_match(&self, path: &str) -> bool {
        self.pairs(path).is_some()
    }

    /// What its parameters hold in a path.
    pub fn captures<'a>(&'a self, path: &'a str) -> impl Iterator<Item = (&'a Arc<str>, &'a str)> {
        self.pairs(path).into_iter().flatten()
    }

    fn pairs<'a>(&'a self, path: &'a str) -> Option<Vec<(&'a Arc<str>, &'a str)>> {
        let mut rest = path.strip_prefix('/');
        let mut pairs = Vec::new();
        for segment in &self.segments {
            let left = rest?;
            let (part, after) =
                left.split_once('/').map_or((left, None), |(part, after)| (part, Some(after)));
            match segment {
                Segment::Literal(text) if text == part => {}
                Segment::Parameter(name) if !part.is_empty() => pairs.push((name, part)),
                Segment::Rest(name) => {
                    pairs.push((name, left));
                    return Some(pairs);
                }
                Segment::Literal(_) | Segment::Parameter(_) => return None,
            }
            rest = after;
        }
        rest.is_none().then_some(pairs)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn segment(text: &str) -> Result<Segment, String> {
    if !text.contains(['{', '}']) {
        return Ok(Segment::Literal(text.to_owned()));
    }
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let (rest, name) = match inner.map(|inner| (inner, inner.strip_prefix('*'))) {
        Some((_, Some(name))) => (Segment::Rest as fn(Arc<str>) -> Segment, name),
        Some((name, None)) => (Segment::Parameter as fn(Arc<str>) -> Segment, name),
        None => {
            return Err(format!("a parameter is a whole segment, `{{name}}` or `{{*name}}`, not `{text}`"));
        }
    };
    if !is_name(name) {
        return Err(format!("a parameter's name has letters, digits and `_`, not `{name}`"));
    }
    Ok(rest(Arc::from(name)))
}

/// As the names of groups in regular expressions.
fn is_name(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    plain && text.len() <= NAME_LIMIT && text.starts_with(|first: char| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        let template = Template::parse(template).unwrap();
        let pairs: Vec<_> = template.captures(path).map(|(n, v)| (n.to_string(), v.to_owned())).collect();
        template.is_match(path).then_some(pairs)
    }

    #[test]
    fn a_parameter_is_one_segment_and_the_rest_is_all() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(captured("/users/{id}", "/users/7"), Some(vec![pair("id", "7")]));
        assert_eq!(captured("/{a}/x/{b}", "/1/x/2"), Some(vec![pair("a", "1"), pair("b", "2")]));
        assert_eq!(captured("/f/{*rest}", "/f/a/b/"), Some(vec![pair("rest", "a/b/")]));
        assert_eq!(captured("/f/{*rest}", "/f/"), Some(vec![pair("rest", "")]));
        for (template, path) in [
            ("/users/{id}", "/users/"),
            ("/users/{id}", "/users/7/"),
            ("/users/{id}", "/users"),
            ("/users/{id}", "/user/7"),
            ("/f/{*rest}", "/f"),
            ("/a/{b}/", "/a/1"),
        ] {
            assert_eq!(captured(template, path), None, "{template} {path}");
        }
        assert!(captured("/a/{b}/", "/a/1/").is_some());
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for bad in ["/a{b}", "/{a}b", "/{", "/{}", "/{1}", "/{a-b}", "/{*a}/b", "/{*}", "/{{a}}"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
        assert!(Template::parse(&"/a".repeat(65)).is_err());
    }
}
