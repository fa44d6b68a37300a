//! What the guard accepts and refuses, rule by rule; and that it does not matter how the bytes are cut.

mod corpus;
mod limits;
mod properties;
mod protocols;

use model::FaultKind;

use super::{Guard, Judgement, Limits};
use corpus::Case;

const LIMITS: Limits = Limits { head: 512, uri: 64, fields: 8 };

/// Where the judging of a message ended: how many bytes passed, and what became of the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ending {
    passed: usize,
    fate: Fate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    Passed,
    Held,
    Rejected(FaultKind),
    Spoiled(FaultKind),
}

/// The ending, and what is said about it.
type Told = (Ending, String);

/// Gives the guard the message in pieces that end at these offsets, as a connection would: what is held is
/// given again.
fn feed(guard: &mut Guard, message: &[u8], ends: impl IntoIterator<Item = usize>) -> Told {
    let mut passed = 0;
    let mut fate = Fate::Passed;
    for end in ends {
        match guard.judge(&message[passed..end]) {
            Judgement::Pass => (passed, fate) = (end, Fate::Passed),
            Judgement::Hold(size) => {
                passed += size;
                assert!(passed < end, "nothing is held");
                fate = Fate::Held;
            }
            Judgement::Reject(size, fault) => {
                return (
                    Ending { passed: passed + size, fate: Fate::Rejected(fault.kind) },
                    fault.detail.into(),
                );
            }
            Judgement::BadBody(size, fault) => {
                return (
                    Ending { passed: passed + size, fate: Fate::Spoiled(fault.kind) },
                    fault.detail.into(),
                );
            }
        }
    }
    (Ending { passed, fate }, String::new())
}

fn whole(message: &[u8]) -> Told {
    feed(&mut Guard::new(LIMITS), message, [message.len()])
}

fn byte_by_byte(message: &[u8]) -> Told {
    feed(&mut Guard::new(LIMITS), message, 1..=message.len())
}

fn in_two(message: &[u8], cut: usize) -> Told {
    feed(&mut Guard::new(LIMITS), message, [cut, message.len()])
}

fn check(cases: impl IntoIterator<Item = Case>) {
    for Case { message, ending } in cases {
        let (found, detail) = whole(&message);
        assert_eq!(found, ending, "{} ({detail})", message.escape_ascii());
    }
}

#[test]
fn a_request_line_has_one_reading() {
    check(corpus::request_lines());
}

#[test]
fn a_host_is_one_valid_authority() {
    check(corpus::hosts());
}

#[test]
fn a_field_is_a_token_a_colon_and_text() {
    check(corpus::fields());
}

#[test]
fn a_length_is_one_number() {
    check(corpus::lengths());
}

#[test]
fn a_coding_is_chunked_or_refused() {
    check(corpus::codings());
}

#[test]
fn a_chunked_body_has_one_reading() {
    check(corpus::bodies());
}

#[test]
fn whole_exchanges_are_judged_message_by_message() {
    check(corpus::exchanges());
}

#[test]
fn it_does_not_matter_where_the_bytes_are_cut() {
    for Case { message, .. } in corpus::all() {
        let told = whole(&message);
        assert_eq!(byte_by_byte(&message), told, "{} byte by byte", message.escape_ascii());
        for cut in 0..message.len() {
            assert_eq!(in_two(&message, cut), told, "{} cut at {cut}", message.escape_ascii());
        }
    }
}

#[test]
fn it_does_not_matter_what_came_before() {
    let before = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    for Case { message, ending } in corpus::all() {
        let both = [before.as_slice(), &message].concat();
        let expected = Ending { passed: before.len() + ending.passed, ..ending };
        assert_eq!(whole(&both).0, expected, "{}", both.escape_ascii());
    }
}

#[test]
fn a_refusal_is_final() {
    let good = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut guard = Guard::new(LIMITS);
    assert!(matches!(guard.judge(b"BAD\r\n\r\n"), Judgement::Reject(0, _)));
    assert!(matches!(guard.judge(good), Judgement::Reject(0, f) if f.kind == FaultKind::BadRequest));
    assert!(matches!(guard.judge(b""), Judgement::Reject(0, _)));

    let mut guard = Guard::new(LIMITS);
    let spoiled = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nX";
    assert!(matches!(guard.judge(spoiled), Judgement::BadBody(n, _) if n == spoiled.len() - 1));
    assert!(matches!(guard.judge(good), Judgement::BadBody(0, f) if f.kind == FaultKind::BadRequest));
}

#[test]
fn an_empty_line_is_not_the_beginning_of_a_head() {
    let mut guard = Guard::new(LIMITS);
    for held in [b"".as_slice(), b"\r", b"\r\n"] {
        guard.judge(held);
        assert!(guard.is_between_messages() && !guard.is_in_head());
    }
    guard.judge(b"\r\nG");
    assert!(guard.is_in_head() && !guard.is_between_messages());
}

#[test]
fn a_head_lasts_from_its_first_byte_to_its_empty_line() {
    let message = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n";
    let mut guard = Guard::new(LIMITS);
    for end in 1..message.len() {
        assert!(matches!(guard.judge(&message[..end]), Judgement::Hold(0)));
        assert!(guard.is_in_head() && !guard.is_between_messages());
    }
    assert!(matches!(guard.judge(message), Judgement::Pass));
    assert!(!guard.is_in_head() && !guard.is_between_messages());
    assert!(matches!(guard.judge(b"ab"), Judgement::Pass));
    assert!(guard.is_between_messages() && !guard.is_in_head());
}

#[test]
fn trailers_are_not_a_head() {
    let mut guard = Guard::new(LIMITS);
    guard.judge(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n");
    assert!(!guard.is_in_head() && !guard.is_between_messages());
}

#[test]
fn a_refusal_names_what_was_wrong() {
    let told = |message: &[u8]| whole(message).1;
    assert_eq!(told(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), "host is not valid: 'a b'");
    assert_eq!(told(b"G\x00"), "the method has the byte 0x00");
    assert!(told(b"GET / HTTP/1.1\r\nTransfer-Encoding: \x80\r\n\r\n").ends_with(r"'\x80'"));
}
