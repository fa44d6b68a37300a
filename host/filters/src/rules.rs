//! Rules: which header fields to remove, set and add.
//!
//! What they may name is checked once, when they are loaded; applying them only counts. The configuration's syntax is
//! not known here.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use model::FieldError;

/// How many fields a head may hold once it was edited: the same as for guests.
const COUNT_LIMIT: usize = 128;

/// Which fields to remove, set and add, in this order.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Fields that get one value in the place of all they have.
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// Values that are added to those a field has.
    pub add: Vec<(HeaderName, HeaderValue)>,
    /// Fields that lose all their values.
    pub remove: Vec<HeaderName>,
}

/// A rule that can't be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {cause}")]
pub struct RuleError {
    /// The field it is about.
    pub name: HeaderName,
    /// What is wrong with it.
    pub cause: FieldError,
}

impl Rules {
    /// Whether they change nothing.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.add.is_empty() && self.remove.is_empty()
    }

    /// Whether they keep to the fields and values that others than the host may write.
    pub fn check(&self) -> Result<(), RuleError> {
        for (name, value) in self.set.iter().chain(&self.add) {
            model::check_value(value.as_bytes().to_vec())
                .map_err(|cause| RuleError { name: name.clone(), cause })?;
        }
        let written = self.set.iter().chain(&self.add).map(|(name, _)| name);
        for name in written.chain(&self.remove) {
            model::check_name(name.as_str()).map_err(|cause| RuleError { name: name.clone(), cause })?;
        }
        Ok(())
    }

    /// Changes the fields; on an error, the rules before the one it names were kept.
    pub(crate) fn apply(&self, fields: &mut HeaderMap) -> Result<(), RuleError> {
        for name in &self.remove {
            fields.remove(name);
        }
        for (name, value) in &self.set {
            if fields.len() >= COUNT_LIMIT && !fields.contains_key(name) {
                return Err(full(name));
            }
            fields.try_insert(name, value.clone()).map_err(|_| full(name))?;
        }
        for (name, value) in &self.add {
            if fields.len() >= COUNT_LIMIT {
                return Err(full(name));
            }
            fields.try_append(name, value.clone()).map_err(|_| full(name))?;
        }
        Ok(())
    }
}

fn full(name: &HeaderName) -> RuleError {
    RuleError { name: name.clone(), cause: FieldError::TooMany }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header;

    fn name(name: &'static str) -> HeaderName {
        HeaderName::from_static(name)
    }

    fn pair(field: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
        (name(field), HeaderValue::from_static(value))
    }

    fn values(fields: &HeaderMap, name: &str) -> Vec<String> {
        fields.get_all(name).iter().map(|v| v.to_str().unwrap().to_owned()).collect()
    }

    /// A head with so many fields, `x-0` and so on.
    fn head(count: usize) -> HeaderMap {
        let mut fields = HeaderMap::new();
        for i in 0..count {
            model::append_field(&mut fields, &format!("x-{i}"), "old").unwrap();
        }
        fields
    }

    #[test]
    fn a_field_is_removed_then_set_then_added_to() {
        let rules = Rules {
            set: vec![pair("x-0", "set")],
            add: vec![pair("x-0", "added"), pair("x-1", "added"), pair("x-2", "added")],
            remove: vec![name("x-0"), name("x-2"), name("x-absent")],
        };
        let mut fields = head(4);
        assert_eq!(rules.apply(&mut fields), Ok(()));
        assert_eq!(values(&fields, "x-0"), ["set", "added"]);
        assert_eq!(values(&fields, "x-1"), ["old", "added"]);
        assert_eq!(values(&fields, "x-2"), ["added"]);
        assert_eq!(values(&fields, "x-3"), ["old"]);
    }

    #[test]
    fn set_replaces_and_remove_takes_all_values_of_a_field() {
        let rules = Rules { set: vec![pair("x-0", "new")], remove: vec![name("x-1")], ..Rules::default() };
        let mut fields = head(2);
        model::append_field(&mut fields, "x-0", "more").unwrap();
        model::append_field(&mut fields, "x-1", "more").unwrap();
        assert_eq!(rules.apply(&mut fields), Ok(()));
        assert_eq!((values(&fields, "x-0"), fields.len()), (vec!["new".to_owned()], 1));
    }

    #[test]
    fn the_hosts_fields_are_refused_whatever_the_rule() {
        let refused = |name: HeaderName| Err(RuleError { name, cause: FieldError::Forbidden });
        let set = Rules { set: vec![pair("content-length", "1")], ..Rules::default() };
        let add = Rules { add: vec![pair("transfer-encoding", "chunked")], ..Rules::default() };
        let remove = Rules { remove: vec![header::HOST], ..Rules::default() };
        assert_eq!(set.check(), refused(header::CONTENT_LENGTH));
        assert_eq!(add.check(), refused(header::TRANSFER_ENCODING));
        assert_eq!(remove.check(), refused(header::HOST));
    }

    #[test]
    fn a_value_beyond_the_limit_is_refused() {
        let value = HeaderValue::from_str(&"a".repeat(1 << 20)).unwrap();
        let rules = Rules { set: vec![(name("x-a"), value)], ..Rules::default() };
        assert_eq!(rules.check(), Err(RuleError { name: name("x-a"), cause: FieldError::InvalidValue }));
    }

    #[test]
    fn a_head_holds_no_more_fields_than_guests_may_make_it() {
        let mut fields = head(COUNT_LIMIT);
        assert_eq!(model::append_field(&mut fields, "x-new", "v"), Err(FieldError::TooMany));
        let too_many = Err(RuleError { name: name("x-new"), cause: FieldError::TooMany });
        let set = Rules { set: vec![pair("x-new", "v")], ..Rules::default() };
        let add = Rules { add: vec![pair("x-new", "v")], ..Rules::default() };
        assert_eq!(set.apply(&mut fields), too_many);
        assert_eq!(add.apply(&mut fields), too_many);
        assert_eq!(fields.len(), COUNT_LIMIT);
    }

    #[test]
    fn a_full_head_has_room_for_what_takes_no_more() {
        let rules = Rules {
            set: vec![pair("x-1", "set"), pair("x-new", "set")],
            remove: vec![name("x-0")],
            ..Rules::default()
        };
        let mut fields = head(COUNT_LIMIT);
        assert_eq!(rules.apply(&mut fields), Ok(()));
        assert_eq!(fields.len(), COUNT_LIMIT);
    }

    #[test]
    fn an_error_names_the_field() {
        let rules = Rules { remove: vec![header::HOST], ..Rules::default() };
        assert!(rules.check().unwrap_err().to_string().starts_with("host: belongs to the connection"));
    }
}
