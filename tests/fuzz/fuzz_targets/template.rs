//! Templates. Whatever a client puts where variables take their values from, what is rendered keeps to the place that it is for.
#![no_main]

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Uri};
use libfuzzer_sys::fuzz_target;
use model::{Escape, Exchange, RequestHead, Template, Variable};

const VARIABLES: [&str; 13] = [
    "request.header.x-a",
    "request.cookie.c",
    "request.query.q",
    "request.query",
    "request.uri",
    "request.path",
    "request.host",
    "request.hostname",
    "request.user",
    "path.id",
    "request.method",
    "client.ip",
    "request.scheme",
];
const LIMIT: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let [uri, host, field, cookie, user, captured] = sandgate_fuzz::parts::<6>(data);
    let mut request = RequestHead { uri: Uri::try_from(uri).unwrap_or_default(), ..RequestHead::default() };
    for (name, value) in [("host", host), ("x-a", field), ("cookie", cookie), ("authorization", user)] {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            request.fields.append(HeaderName::from_static(name), value);
        }
    }
    let mut exchange = sandgate_fuzz::exchange(request);
    exchange.captures.add(Arc::from("id"), String::from_utf8_lossy(captured).into_owned());
    for name in VARIABLES {
        hold(name, &exchange);
    }
});

fn hold(name: &str, exchange: &Exchange) {
    let render = |escape: Escape| rendered(name, exchange, escape);
    for (escape, allowed) in ALLOWED {
        let text = render(escape);
        let wrong = text.chars().find(|char| !allowed(*char));
        assert_eq!(wrong, None, "{name} for {escape:?}: {text:?}");
    }
    let json = format!("\"{}\"", render(Escape::Json));
    assert!(serde_json::from_str::<String>(&json).is_ok(), "{name}: {json:?}");
    // Behind a `?` no value becomes another parameter, but that of the whole query or target.
    let text = render(Escape::Query);
    let is_whole = matches!(name, "request.query");
    assert!(is_whole || !text.contains('&') && !text.contains('#'), "{name}: {text:?}");
}

type Allowed = fn(char) -> bool;

const ALLOWED: [(Escape, Allowed); 7] = [
    (Escape::Field, |char| !char.is_ascii_control() || char == '\t'),
    (Escape::Path, |char| char.is_ascii_graphic() && !"?#\"<>\\^`{|}".contains(char)),
    (Escape::Query, |char| char.is_ascii_graphic() && !"#\"<>\\^`{|}".contains(char)),
    (Escape::Uri, |char| char.is_ascii_graphic() && !"#\"<>\\^`{|}".contains(char)),
    (Escape::Html, |char| !"<>\"'".contains(char)),
    (Escape::Json, |char| !char.is_ascii_control()),
    (Escape::Log, |char| (char.is_ascii_graphic() || char == ' ') && char != '"'),
];

fn rendered(name: &str, exchange: &Exchange, escape: Escape) -> String {
    let mut template = Template::default();
    template.push_variable(Variable::named(name).expect("a variable of ours"), "");
    let text = template.line(exchange, escape, LIMIT);
    let whole = template.render(exchange, escape, LIMIT);
    assert!(whole.is_none_or(|whole| whole == text), "{name}: one text by both ways");
    text
}
