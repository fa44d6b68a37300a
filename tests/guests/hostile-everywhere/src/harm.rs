//! What can be done in any hook: harm that takes time, memory, stack or the host's patience.

use std::hint::black_box;
use std::time::Duration;

use sandgate_sdk::{clock, log};

/// How much memory is asked for at a time.
const CHUNK_BYTES: usize = 1 << 20;
/// More than the host copies of a guest in one call, and less than a guest may have.
const LONG: usize = 4 << 20;
/// More than a guest can have.
const GIGABYTE: usize = 1 << 30;

/// Does it. What is no harm, or is done to the log alone, comes back.
pub(crate) fn act(deed: &str) {
    match deed {
        "loop" => spin(),
        "recurse" => _ = black_box(recurse(black_box(0))),
        "grow" => grow(),
        "trap" => std::process::abort(),
        "panic" => panic(),
        "calls" => while black_box(clock::wall()) < Duration::MAX {},
        "utf8" => log::info(text_of(&[0xff, 0xfe, b'a'], 3)),
        "gigabyte" => log::info(text_of(b"a", GIGABYTE)),
        "long" => log::info("x".repeat(LONG)),
        "log-flood" => (0..1000).for_each(|_| log::warn("x".repeat(100))),
        _ => {}
    }
}

fn spin() -> ! {
    loop {
        black_box(());
    }
}

/// Calls itself until the stack is used up. What it computes has no meaning, but needs every call.
fn recurse(depth: u64) -> u64 {
    if depth == u64::MAX {
        return depth;
    }
    recurse(depth + 1).rotate_left(7).wrapping_mul(depth | 1)
}

/// Takes memory until it is refused, and then traps.
fn grow() -> ! {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1_u8; CHUNK_BYTES]));
    }
}

#[expect(clippy::panic, reason = "that is what the test asks for")]
fn panic() -> ! {
    panic!("a panic of the guest")
}

/// What is no text, or is longer than what is there: only ever handed to the host.
#[expect(unsafe_code, reason = "safe code can't lie about text")]
fn text_of(bytes: &'static [u8], length: usize) -> &'static str {
    // SAFETY: none. That the host does not trust a guest's word is what is tested.
    unsafe { std::str::from_utf8_unchecked(std::slice::from_raw_parts(bytes.as_ptr(), length)) }
}
