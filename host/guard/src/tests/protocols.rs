//! Versions that are written otherwise, and requests after which the protocol may change.

use super::super::lists_upgrade;
use super::{Guard, Judgement, LIMITS};

const WISH: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// How many bytes go on of those that are left.
fn held(guard: &mut Guard, bytes: &[u8]) -> usize {
    match guard.judge(bytes) {
        Judgement::Hold(size) => size,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_higher_minor_version_is_written_as_the_highest_known() {
    let get = |version: &str| format!("\r\nGET /HTTP/1.3 {version}\r\nHost: a\r\n\r\n");
    let mut bytes =
        [get("HTTP/1.2"), get("HTTP/1.1"), get("HTTP/1.9"), get("HTTP/1.0")].concat().into_bytes();
    let mut guard = Guard::new(LIMITS);
    assert!(matches!(guard.judge(&bytes), Judgement::Pass));
    guard.rewrite(&mut bytes);
    let expected = [get("HTTP/1.1"), get("HTTP/1.1"), get("HTTP/1.1"), get("HTTP/1.0")].concat();
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn what_follows_a_wish_waits_until_the_protocol_is_known() {
    let mut guard = Guard::new(LIMITS);
    let next = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(held(&mut guard, &[WISH, next].concat()), WISH.len());
    assert!(guard.is_undecided());
    assert_eq!(held(&mut guard, b"\x00\xff no request"), 0);
    guard.stay();
    assert!(matches!(guard.judge(next), Judgement::Pass));
}

#[test]
fn a_wish_must_be_whole() {
    let whole = String::from_utf8(WISH.to_vec()).unwrap();
    let changed = [
        ("HTTP/1.1", "HTTP/1.0"),
        ("Connection: x, Upgrade", "Connection: x, Upgraded"),
        ("Connection: x, Upgrade", "X: Upgrade"),
        ("Upgrade: websocket", "Upgrades: websocket"),
        ("Host: a\r\n", "Host: a\r\nContent-Length: 1\r\n"),
        ("Host: a\r\n", "Host: a\r\nTransfer-Encoding: chunked\r\n"),
    ];
    for (old, new) in changed {
        let mut guard = Guard::new(LIMITS);
        guard.judge(whole.replace(old, new).as_bytes());
        assert!(!guard.is_undecided(), "{new}");
    }
    for same in [whole.clone(), whole.replace("Host: a\r\n", "Host: a\r\ncontent-length: 0\r\n")] {
        let mut guard = Guard::new(LIMITS);
        guard.judge(same.as_bytes());
        assert!(guard.is_undecided(), "{same}");
    }
}

#[test]
fn a_wish_is_named_as_one_of_a_list_whatever_its_case() {
    for value in ["upgrade", "keep-alive, Upgrade", " ,UPGRADE\t,x"] {
        assert!(lists_upgrade(value.as_bytes()), "{value}");
    }
    for value in ["", "upgraded", "up grade", "upgrade;x", "\u{b}upgrade"] {
        assert!(!lists_upgrade(value.as_bytes()), "{value}");
    }
}
