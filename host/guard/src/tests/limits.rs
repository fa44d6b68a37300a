//! Limits: refused as soon as it is certain and not before, and no byte is looked at again and again.

use model::FaultKind;

use super::super::State;
use super::{Ending, Fate, Guard, Judgement, LIMITS, Limits, feed, whole};

/// A head of exactly so many bytes.
fn head_of(size: usize) -> Vec<u8> {
    let (before, after) = ("GET / HTTP/1.1\r\nHost: a\r\nA: ", "\r\n\r\n");
    [before, &"x".repeat(size - before.len() - after.len()), after].concat().into_bytes()
}

fn target_of(size: usize) -> Vec<u8> {
    format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(size - 1)).into_bytes()
}

fn fields_of(count: usize) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "A: b\r\n".repeat(count - 1)).into_bytes()
}

fn chunked(body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes()
}

fn passes(message: &[u8]) {
    assert_eq!(whole(message).0, Ending { passed: message.len(), fate: Fate::Passed });
}

fn is_rejected(message: &[u8], kind: FaultKind) {
    assert_eq!(whole(message).0, Ending { passed: 0, fate: Fate::Rejected(kind) });
}

/// The number of bytes, given one by one, at which the message is refused.
fn refused_after(message: &[u8]) -> usize {
    let mut guard = Guard::new(LIMITS);
    let refused = |end: &usize| !matches!(guard.judge(&message[..*end]), Judgement::Hold(0));
    (1..=message.len()).find(refused).expect("it is refused")
}

#[test]
fn a_head_may_fill_its_limit() {
    passes(&head_of(LIMITS.head));
    is_rejected(&head_of(LIMITS.head + 1), FaultKind::HeadTooLarge);
    assert_eq!(refused_after(&head_of(LIMITS.head + 9)), LIMITS.head);
}

#[test]
fn a_target_may_fill_its_limit() {
    passes(&target_of(LIMITS.uri));
    is_rejected(&target_of(LIMITS.uri + 1), FaultKind::UriTooLong);
    assert_eq!(refused_after(&target_of(1000)), "GET ".len() + LIMITS.uri + 1);
}

#[test]
fn fields_may_fill_their_limit() {
    passes(&fields_of(LIMITS.fields));
    is_rejected(&fields_of(LIMITS.fields + 1), FaultKind::HeadTooLarge);
}

#[test]
fn a_method_without_end_is_not_held() {
    assert_eq!(refused_after(&[b'A'; 100]), 33);
    passes(format!("{} / HTTP/1.0\r\n\r\n", "A".repeat(32)).as_bytes());
}

#[test]
fn a_version_without_end_is_not_held() {
    let message = format!("GET / {}", "A".repeat(400));
    assert_eq!(refused_after(message.as_bytes()), "GET ".len() + LIMITS.uri + 1);
}

#[test]
fn trailers_have_the_limits_of_a_head() {
    let section = |size: usize| chunked(&format!("0\r\nA: {}\r\n\r\n", "x".repeat(size - 7)));
    passes(&section(LIMITS.head));
    let (ending, _) = whole(&section(LIMITS.head + 1));
    assert_eq!(
        ending,
        Ending { passed: chunked("0\r\n").len(), fate: Fate::Spoiled(FaultKind::HeadTooLarge) }
    );

    passes(&chunked(&format!("0\r\n{}\r\n", "A: b\r\n".repeat(LIMITS.fields))));
    let (ending, _) = whole(&chunked(&format!("0\r\n{}\r\n", "A: b\r\n".repeat(LIMITS.fields + 1))));
    assert_eq!(ending.fate, Fate::Spoiled(FaultKind::HeadTooLarge));
}

#[test]
fn extensions_have_a_limit_for_each_chunk_and_one_for_the_body() {
    let chunk = |bytes: usize| format!("1;{}\r\na\r\n", "x".repeat(bytes));
    passes(&chunked(&chunk(256)));
    assert_eq!(whole(&chunked(&chunk(257))).0.fate, Fate::Spoiled(FaultKind::BadRequest));
    passes(&chunked(&chunk(256).repeat(64)));
    let (ending, _) = whole(&chunked(&(chunk(256).repeat(64) + "1;x")));
    let passed = chunked(&(chunk(256).repeat(64) + "1;")).len();
    assert_eq!(ending, Ending { passed, fate: Fate::Spoiled(FaultKind::BadRequest) });
}

#[test]
fn a_large_body_is_passed_over() {
    let mut guard = Guard::new(LIMITS);
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999999999999\r\n\r\n";
    assert!(matches!(guard.judge(head), Judgement::Pass));
    assert!(matches!(guard.judge(&[b'\n'; 70_000]), Judgement::Pass));
    assert!(matches!(guard.state, State::Length(left) if left == 9_999_999_999_999_999_999 - 70_000));

    let mut guard = Guard::new(LIMITS);
    assert!(matches!(guard.judge(&chunked("fffffffffffffff\r\n")), Judgement::Pass));
    assert!(matches!(guard.judge(&[b'\n'; 70_000]), Judgement::Pass));
}

#[test]
fn limits_of_nothing_and_of_everything_are_limits() {
    let message = head_of(100);
    for (bound, fate) in [(0, Fate::Rejected(FaultKind::HeadTooLarge)), (usize::MAX, Fate::Passed)] {
        let mut guard = Guard::new(Limits { head: bound, uri: usize::MAX, fields: usize::MAX });
        assert_eq!(feed(&mut guard, &message, [message.len()]).0.fate, fate);
    }
}

/// What a slow sender costs: each call may look only at what is new, so after each call all of it has been
/// seen.
#[test]
fn a_slow_sender_is_looked_at_once() {
    let message = head_of(LIMITS.head);
    let mut guard = Guard::new(LIMITS);
    for end in 1..message.len() {
        assert!(matches!(guard.judge(&message[..end]), Judgement::Hold(0)));
        let State::Head(head) = &guard.state else { panic!("the head is not complete") };
        assert_eq!(head.scanned(), end);
    }
}
