//! Location on its way back. A path stays one: no mapping turns it into the authority of somebody else, as a browser would read it.
#![no_main]

use config::PathRewrite;
use http::HeaderValue;
use http::header::{HOST, LOCATION};
use libfuzzer_sys::fuzz_target;
use model::RequestHead;
use rewriting::fuzzing::map_back;
use sandgate_fuzz::exchange;

const PREFIXES: [(&str, &str); 5] =
    [("/name/", "/remote/"), ("/name", "/"), ("/", "/remote"), ("/", "/"), ("/name/", "/remote")];

fuzz_target!(|data: &[u8]| {
    let Ok(location) = HeaderValue::from_bytes(data) else { return };
    let prefixes =
        PREFIXES.map(|(matched, to)| PathRewrite::Prefix { matched: matched.to_owned(), to: to.to_owned() });
    for path in prefixes.iter().chain([&PathRewrite::Strip("/api".to_owned())]).map(Some).chain([None]) {
        let mut exchange = exchange(RequestHead::default());
        exchange.request.fields.insert(HOST, HeaderValue::from_static("www.example"));
        exchange.response.fields.insert(LOCATION, location.clone());
        map_back(&mut exchange, path);
        let mapped = &exchange.response.fields[LOCATION];
        if mapped != location {
            hold(&location, mapped);
        }
    }
});

/// Of those that are mapped. Browsers read `\` as `/`.
fn hold(before: &HeaderValue, after: &HeaderValue) {
    let [before, after] = [before, after].map(|value| value.to_str().expect("what is no text stays"));
    let own = after.to_ascii_lowercase();
    let rest = own.strip_prefix("http://www.example").or_else(|| own.strip_prefix("https://www.example"));
    let path = rest.unwrap_or(&own);
    assert!(path.is_empty() || path.starts_with(['/', '?', '#']), "{before:?} became {after:?}");
    assert!(rest.is_some() || !path.replace('\\', "/").starts_with("//"), "{before:?} became {after:?}");
}
