//! Cookies that an upstream sets. None is lost, none gets another name or value, and changing them twice is changing them once.
#![no_main]

use config::CookieRewrite;
use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use rewriting::fuzzing::change_cookies;
use sandgate_fuzz::fields;

fuzz_target!(|data: &[u8]| {
    let mut changed = fields("set-cookie", data.split(|byte| *byte == b'\n'));
    let before: Vec<Vec<u8>> = changed.get_all("set-cookie").iter().map(pair).collect();
    let rules = CookieRewrite {
        domain: vec![
            ("inner.example".to_owned(), "example.com".to_owned()),
            ("gone.example".to_owned(), String::new()),
        ],
        path: vec![("/inner/".to_owned(), "/".to_owned())],
        secure: Some(true),
        http_only: Some(true),
        same_site: Some("Strict"),
    };
    change_cookies(&mut changed, &rules);
    let after: Vec<Vec<u8>> = changed.get_all("set-cookie").iter().map(pair).collect();
    assert_eq!(before, after);
    for value in changed.get_all("set-cookie") {
        if let Ok(text) = std::str::from_utf8(value.as_bytes()) {
            let ends = "; Secure; HttpOnly; SameSite=Strict";
            assert!(text.ends_with(ends), "{text:?}");
            let attributes: Vec<&str> = text
                .split(';')
                .skip(1)
                .map(|part| part.split('=').next().unwrap_or_default().trim())
                .collect();
            let count = |name: &str| attributes.iter().filter(|one| one.eq_ignore_ascii_case(name)).count();
            assert_eq!((count("secure"), count("httponly"), count("samesite")), (1, 1, 1), "{text:?}");
        }
    }
});

fn pair(value: &HeaderValue) -> Vec<u8> {
    value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().to_vec()
}
