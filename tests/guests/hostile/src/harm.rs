//! What takes time, memory or stack without end.

use std::hint::black_box;
use std::time::Duration;

use sandgate_sdk::clock;

/// How much memory is asked for at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// Never ends and never calls the host.
pub(crate) fn spin() -> ! {
    loop {
        black_box(());
    }
}

/// Calls the host until that has enough of it.
pub(crate) fn call_without_end() {
    while black_box(clock::wall()) < Duration::MAX {}
}

/// Panics, which the SDK logs.
#[expect(clippy::panic, reason = "that is what the test asks for")]
pub(crate) fn panic() -> ! {
    panic!("a panic of the guest")
}

/// Takes memory until it is refused, and then traps.
pub(crate) fn grow() -> ! {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1_u8; CHUNK_BYTES]));
    }
}

/// Calls itself until the stack is used up. What it computes has no meaning, but needs every call.
pub(crate) fn recurse(depth: u64) -> u64 {
    if depth == u64::MAX {
        return depth;
    }
    recurse(depth + 1).rotate_left(7).wrapping_mul(depth | 1)
}

/// Keeps the processor busy until then.
pub(crate) fn wait(until: Duration) {
    while clock::monotonic() < until {
        black_box(());
    }
}
