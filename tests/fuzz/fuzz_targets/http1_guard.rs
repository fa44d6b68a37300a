//! The guard of HTTP/1. What it lets pass is the same however the bytes are cut into pieces, and is a row of messages that another
//! parser reads in the same way, head by head and chunk by chunk.
#![no_main]

use guard::Limits;
use guard::fuzzing::judge_http1;
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { head: 1024, uri: 256, fields: 16 };

fuzz_target!(|data: &[u8]| {
    let Some((bytes, pieces)) = sandgate_fuzz::pieces(data) else { return };
    let whole = judge_http1(LIMITS, [bytes].into_iter());
    let cut = judge_http1(LIMITS, pieces);
    assert_eq!(whole.passed, cut.passed);
    assert_eq!(whole.refused.is_some(), cut.refused.is_some(), "{:?} {:?}", whole.refused, cut.refused);
    let mut rest = whole.passed.as_slice();
    while !rest.is_empty() && rest != b"\r\n" {
        rest = after_message(rest);
    }
});

/// What follows one message; nothing, if its body is not complete.
fn after_message(bytes: &[u8]) -> &[u8] {
    let mut fields = [httparse::EMPTY_HEADER; 16];
    let mut request = httparse::Request::new(&mut fields);
    let head = match request.parse(bytes) {
        Ok(httparse::Status::Complete(size)) => size,
        other => panic!("a head that passed is no head: {other:?} of {:?}", String::from_utf8_lossy(bytes)),
    };
    let target = request.path.expect("a head has a target").as_bytes();
    assert!(target.iter().all(u8::is_ascii_graphic) && target.len() <= LIMITS.uri);
    let own = &bytes[..head];
    assert!(judge_http1(LIMITS, [own].into_iter()).refused.is_none(), "a head that passed passes again");
    let named = |name: &str| {
        let mut found = request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        let first =
            found.next().map(|field| std::str::from_utf8(field.value).expect("framing is ASCII").trim());
        assert!(found.next().is_none(), "two fields {name}");
        first
    };
    let body = &bytes[head..];
    match (named("content-length"), named("transfer-encoding")) {
        (None, None) => body,
        (Some(length), None) => body.get(length.parse::<usize>().expect("a length")..).unwrap_or_default(),
        (None, Some(coding)) => {
            assert!(coding.eq_ignore_ascii_case("chunked"), "{coding}");
            after_chunks(body)
        }
        (Some(_), Some(_)) => panic!("length and coding in one head"),
    }
}

/// What follows a chunked body, read as RFC 9112 section 7.1.3 has it.
fn after_chunks(mut body: &[u8]) -> &[u8] {
    loop {
        let Some((line, rest)) = line(body) else { return &[] };
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let digits = std::str::from_utf8(digits).expect("a size is ASCII");
        let size = usize::from_str_radix(digits, 16).expect("a size");
        if size == 0 {
            return after_trailers(rest);
        }
        let Some(after) = rest.get(size..).filter(|after| after.len() >= 2) else { return &[] };
        assert!(after.starts_with(b"\r\n"), "a chunk is not longer than it says");
        body = &after[2..];
    }
}

fn after_trailers(mut rest: &[u8]) -> &[u8] {
    while let Some((line, after)) = line(rest) {
        if line.is_empty() {
            return after;
        }
        rest = after;
    }
    &[]
}

fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    Some((&bytes[..end], &bytes[end + 2..]))
}
