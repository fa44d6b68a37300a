//! X-Forwarded-For and Forwarded from a trusted proxy. Whatever the client wrote before, who the proxy names last is the client, and
//! what upstreams are told ends with the proxy.
#![no_main]

use config::ForwardedForm;
use libfuzzer_sys::fuzz_target;
use sandgate_fuzz::told;

/// Whom the proxy names.
const CLIENT: &str = "203.0.113.9";
const FORMS: [(ForwardedForm, &str, &str); 2] = [
    (ForwardedForm::XForwarded, "x-forwarded-for", "203.0.113.9"),
    (ForwardedForm::Rfc7239, "forwarded", "for=203.0.113.9"),
];

fuzz_target!(|data: &[u8]| {
    let trusted = loader::parse("a.yaml", CONFIG, std::path::Path::new("/")).expect("a configuration");
    let trusted = trusted.server.trusted_proxies;
    for (form, name, element) in FORMS {
        // A list in one line, or lines of their own: both are the same list (RFC 9110 section 5.3).
        let joined = [data, b", ", element.as_bytes()].concat();
        let lines: [Vec<&[u8]>; 2] = [vec![&joined], vec![data, element.as_bytes()]];
        for values in lines {
            let mut fields = sandgate_fuzz::fields(name, values.into_iter());
            if !fields.get_all(name).iter().any(|value| value.as_bytes().ends_with(element.as_bytes())) {
                continue;
            }
            let client = told::client(&mut fields, form, &trusted);
            assert_eq!(client.to_string(), CLIENT, "{form:?} {:?}", String::from_utf8_lossy(data));
            let last = fields.get_all(name).iter().last().expect("it was written").as_bytes();
            assert!(String::from_utf8_lossy(last).contains(&told::PROXY.to_string()));
        }
    }
});

const CONFIG: &str =
    "version: 1\nserver: { trusted_proxies: [10.0.0.0/8] }\nlisteners: [{ name: a, address: '127.0.0.1:0' }]";
