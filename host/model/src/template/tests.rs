use std::sync::Arc;
use std::time::Instant;

use http::{HeaderName, Uri};
use proptest::prelude::*;

use super::*;
use crate::{ExchangeId, RequestHead, WorkerId};

fn exchange() -> Exchange {
    let mut request = RequestHead { uri: Uri::from_static("/a%20b?x=1&q=c%26d"), ..RequestHead::default() };
    for (name, value) in
        [("host", "a.example:8080"), ("x-user", "<ann> 100%"), ("cookie", "a=1; sid=\"s\"; b=2")]
    {
        request.fields.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let client = "[::ffff:192.0.2.1]:4711".parse().unwrap();
    let mut exchange = Exchange::new(ExchangeId(1), WorkerId(0), client, Instant::now(), request);
    exchange.captures.add(Arc::from("id"), "a%2Fb \u{e9}?%".to_owned());
    exchange
}

fn of(names: &[&str]) -> Template {
    let mut template = Template::default();
    for name in names {
        template.push_variable(Variable::named(name).unwrap(), "");
        template.push_text("|");
    }
    template
}

fn rendered(name: &str, escape: Escape) -> String {
    of(&[name]).render(&exchange(), escape, 1000).unwrap().trim_end_matches('|').to_owned()
}

#[test]
fn a_variable_says_what_it_is_named_for() {
    for (name, value) in [
        ("client.ip", "192.0.2.1"),
        ("client.port", "4711"),
        ("request.id", "00000000000000000000000000000001"),
        ("request.method", "GET"),
        ("request.scheme", "http"),
        ("request.host", "a.example:8080"),
        ("request.hostname", "a.example"),
        ("request.path", "/a%20b"),
        ("request.query", "x=1&q=c%26d"),
        ("request.uri", "/a%20b?x=1&q=c%26d"),
        ("request.query.q", "c%26d"),
        ("request.query.none", ""),
        ("request.cookie.sid", "\"s\""),
        ("request.cookie.d", ""),
        ("request.header.X-User", "<ann> 100%"),
        ("path.id", "a%2Fb \u{e9}?%"),
        ("tls.version", ""),
        ("route.name", ""),
        ("note.a", ""),
        ("response.status", "200"),
    ] {
        assert_eq!(rendered(name, Escape::Plain), value, "{name}");
    }
}

#[test]
fn a_value_is_escaped_for_where_it_goes() {
    assert_eq!(rendered("path.id", Escape::Path), "a%2Fb%20%C3%A9%3F%25");
    assert_eq!(rendered("request.path", Escape::Path), "/a%20b");
    assert_eq!(rendered("request.header.x-user", Escape::Path), "%3Cann%3E%20100%25");
    assert_eq!(rendered("request.query.q", Escape::Query), "c%26d");
    assert_eq!(rendered("request.query", Escape::Query), "x=1&q=c%26d");
    assert_eq!(rendered("request.uri", Escape::Query), "%2Fa%2520b%3Fx%3D1%26q%3Dc%2526d");
    assert_eq!(rendered("request.host", Escape::Query), "a.example%3A8080");
    assert_eq!(rendered("request.uri", Escape::Uri), "/a%20b?x=1&q=c%26d");
    assert_eq!(rendered("request.header.x-user", Escape::Html), "&lt;ann&gt; 100%");
    assert_eq!(rendered("request.cookie.sid", Escape::Json), "\\\"s\\\"");
}

#[test]
fn behind_a_question_mark_a_value_can_not_become_a_parameter() {
    let mut template = Template::default();
    template.push_text("/find?id=");
    template.push_variable(Variable::named("note.id").unwrap(), "");
    let mut exchange = exchange();
    exchange.notes.keep("id", "1&admin=1#x");
    for escape in [Escape::Path, Escape::Uri] {
        let text = template.render(&exchange, escape, 100);
        assert_eq!(text.as_deref(), Some("/find?id=1%26admin%3D1%23x"));
    }
}

#[test]
fn what_has_no_value_gives_way_to_the_default() {
    let mut template = Template::default();
    template.push_variable(Variable::named("note.tenant").unwrap(), "nobody");
    assert_eq!(template.render(&exchange(), Escape::Field, 10).as_deref(), Some("nobody"));
}

#[test]
fn text_beyond_the_limit_is_none() {
    let template = of(&["request.path", "request.path"]);
    assert_eq!(template.render(&exchange(), Escape::Plain, 14).as_deref(), Some("/a%20b|/a%20b|"));
    assert_eq!(template.render(&exchange(), Escape::Plain, 13), None);
    assert_eq!(template.render(&exchange(), Escape::Plain, 3), None);
}

#[test]
fn a_field_of_empty_variables_has_no_value() {
    let mut template = Template::default();
    template.push_variable(Variable::named("note.a").unwrap(), "");
    assert_eq!(FieldText::Template(template).value(&exchange()), Ok(None));
}

#[test]
fn neighbouring_texts_are_one_literal() {
    let mut template = Template::default();
    for text in ["a", "", "b"] {
        template.push_text(text);
    }
    assert_eq!(template.literal(), Some("ab"));
}

proptest! {
    #[test]
    fn no_value_of_a_field_holds_a_control_byte(id in ".*", note in ".*", field in "[ -~\t\u{80}-\u{ff}]*") {
        let mut exchange = exchange();
        exchange.captures.add(Arc::from("evil"), format!("{id}\r\nset-cookie: a=b\0"));
        exchange.notes.keep("evil", &note);
        if let Ok(value) = HeaderValue::from_bytes(field.as_bytes()) {
            exchange.request.fields.insert("x-evil", value);
        }
        let template = of(&["path.evil", "note.evil", "request.header.x-evil"]);
        if let Ok(Some(value)) = FieldText::Template(template).value(&exchange) {
            prop_assert!(!value.as_bytes().iter().any(|b| (*b < 0x20 && *b != b'\t') || *b == 0x7f));
        }
    }

    #[test]
    fn what_is_escaped_for_a_path_is_one(id in ".*", note in ".*") {
        let mut exchange = exchange();
        exchange.captures.add(Arc::from("evil"), id);
        exchange.notes.keep("evil", &note);
        for escape in [Escape::Path, Escape::Query, Escape::Uri] {
            let text = of(&["path.evil", "note.evil"]).render(&exchange, escape, 1 << 20).unwrap().replace('|', "");
            prop_assert!(format!("/{text}").parse::<Uri>().is_ok(), "{text}");
        }
    }
}
