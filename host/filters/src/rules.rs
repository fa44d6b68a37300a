//! Rules: which header fields to remove, set and add.
//!
//! What they may name is checked once, when they are loaded; applying them only counts. The configuration's syntax is
//! not known here.

use http::HeaderMap;
use http::header::HeaderName;
use model::{Exchange, FieldError, FieldText};

/// How many fields a head may hold once it was edited: the same as for guests.
const COUNT_LIMIT: usize = 128;

/// Which fields to remove, set and add, in this order.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Fields that get one value in the place of all they have.
    pub set: Vec<(HeaderName, FieldText)>,
    /// Values that are added to those a field has.
    pub add: Vec<(HeaderName, FieldText)>,
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
            // What a template becomes is checked when it has.
            let FieldText::Fixed(value) = value else { continue };
            model::check_value(value.as_bytes().to_vec())
                .map_err(|cause| RuleError { name: name.clone(), cause })?;
        }
        let written = self.set.iter().chain(&self.add).map(|(name, _)| name);
        for name in written.chain(&self.remove) {
            model::check_name(name.as_str()).map_err(|cause| RuleError { name: name.clone(), cause })?;
        }
        Ok(())
    }

    /// Changes the fields on one of an exchange's sides; on an error, the rules before the one it names were kept.
    pub(crate) fn apply(&self, exchange: &mut Exchange, side: Side) -> Result<(), RuleError> {
        for name in &self.remove {
            side(exchange).remove(name);
        }
        for (name, text) in &self.set {
            let value = text.value(exchange).map_err(|cause| RuleError { name: name.clone(), cause })?;
            let fields = side(exchange);
            let Some(value) = value else {
                fields.remove(name);
                continue;
            };
            if fields.len() >= COUNT_LIMIT && !fields.contains_key(name) {
                return Err(full(name));
            }
            fields.try_insert(name, value).map_err(|_| full(name))?;
        }
        for (name, text) in &self.add {
            let value = text.value(exchange).map_err(|cause| RuleError { name: name.clone(), cause })?;
            let (fields, Some(value)) = (side(exchange), value) else { continue };
            if fields.len() >= COUNT_LIMIT {
                return Err(full(name));
            }
            fields.try_append(name, value).map_err(|_| full(name))?;
        }
        Ok(())
    }
}

/// The fields that rules are for.
pub(crate) type Side = fn(&mut Exchange) -> &mut HeaderMap;

fn full(name: &HeaderName) -> RuleError {
    RuleError { name: name.clone(), cause: FieldError::TooMany }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::{self, HeaderValue};
    use model::{ExchangeId, RequestHead, Template, Variable, WorkerId};

    fn name(name: &'static str) -> HeaderName {
        HeaderName::from_static(name)
    }

    fn pair(field: &'static str, value: &'static str) -> (HeaderName, FieldText) {
        (name(field), FieldText::Fixed(HeaderValue::from_static(value)))
    }

    fn apply(rules: &Rules, fields: &mut HeaderMap) -> Result<(), RuleError> {
        let client = "192.0.2.1:4711".parse().unwrap();
        let request = RequestHead { fields: std::mem::take(fields), ..RequestHead::default() };
        let mut exchange =
            Exchange::new(ExchangeId(1), WorkerId(0), client, std::time::Instant::now(), request);
        let applied = rules.apply(&mut exchange, |exchange| &mut exchange.request.fields);
        *fields = std::mem::take(&mut exchange.request.fields);
        applied
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
        assert_eq!(apply(&rules, &mut fields), Ok(()));
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
        assert_eq!(apply(&rules, &mut fields), Ok(()));
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
        let rules = Rules { set: vec![(name("x-a"), FieldText::Fixed(value))], ..Rules::default() };
        assert_eq!(rules.check(), Err(RuleError { name: name("x-a"), cause: FieldError::InvalidValue }));
    }

    #[test]
    fn a_head_holds_no_more_fields_than_guests_may_make_it() {
        let mut fields = head(COUNT_LIMIT);
        assert_eq!(model::append_field(&mut fields, "x-new", "v"), Err(FieldError::TooMany));
        let too_many = Err(RuleError { name: name("x-new"), cause: FieldError::TooMany });
        let set = Rules { set: vec![pair("x-new", "v")], ..Rules::default() };
        let add = Rules { add: vec![pair("x-new", "v")], ..Rules::default() };
        assert_eq!(apply(&set, &mut fields), too_many);
        assert_eq!(apply(&add, &mut fields), too_many);
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
        assert_eq!(apply(&rules, &mut fields), Ok(()));
        assert_eq!(fields.len(), COUNT_LIMIT);
    }

    #[test]
    fn a_template_says_what_the_exchange_has_and_is_left_out_where_it_has_nothing() {
        let template = |name: &str| {
            let mut template = Template::default();
            template.push_variable(Variable::named(name).unwrap(), "");
            FieldText::Template(template)
        };
        let rules = Rules {
            set: vec![(name("x-0"), template("client.ip")), (name("x-1"), template("note.none"))],
            add: vec![(name("x-2"), template("note.none")), (name("x-3"), template("request.header.x-0"))],
            remove: vec![],
        };
        let mut fields = head(4);
        assert_eq!(apply(&rules, &mut fields), Ok(()));
        assert_eq!(values(&fields, "x-0"), ["192.0.2.1"]);
        assert!(values(&fields, "x-1").is_empty(), "what has no value is not there");
        assert_eq!(values(&fields, "x-2"), ["old"]);
        assert_eq!(values(&fields, "x-3"), ["old", "192.0.2.1"]);
    }

    #[test]
    fn an_error_names_the_field() {
        let rules = Rules { remove: vec![header::HOST], ..Rules::default() };
        assert!(rules.check().unwrap_err().to_string().starts_with("host: belongs to the connection"));
    }
}
