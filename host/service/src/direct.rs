//! Whether a body is taken by the host itself, and for what; no guest sees it then.
//!
//! A guest of `wasi:http` 0.3 may answer with a stream that it was given. wasmtime then takes its source out of the guest's store, so
//! that the body is polled by whoever sends the answer, through bodies of wasmtime's that don't say what is in them. So who polls says it.

use std::cell::Cell;

/// Which of a guest's bodies is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// That of the request that it has passed on.
    Onward,
    /// That of its answer.
    Back,
}

thread_local! {
    static DIRECT: Cell<Option<Way>> = const { Cell::new(None) };
    static IS_OF_OTHERS: Cell<bool> = const { Cell::new(false) };
}

/// Polls a body, and says whether it was one that the guest was given, and has passed on.
pub(super) fn told<T>(poll: impl FnOnce() -> T) -> (T, bool) {
    let before = IS_OF_OTHERS.replace(false);
    let polled = poll();
    (polled, IS_OF_OTHERS.replace(before))
}

/// A body that the guest was given is polled.
pub(super) fn tell() {
    IS_OF_OTHERS.set(true);
}

/// Polls a body for the host.
pub(super) fn directly<T>(way: Way, poll: impl FnOnce() -> T) -> T {
    let before = DIRECT.replace(Some(way));
    let polled = poll();
    DIRECT.set(before);
    polled
}

/// For what a body is polled, if that is not from a guest's store.
pub(super) fn direct() -> Option<Way> {
    DIRECT.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_polls_is_told_whose_it_was() {
        assert_eq!(told(|| 1), (1, false));
        assert_eq!(told(|| (told(tell).1, told(|| ()).1)), ((true, false), false));
        assert!(told(tell).1);
    }

    #[test]
    fn it_is_said_for_the_time_of_the_poll() {
        assert_eq!(direct(), None);
        assert_eq!(directly(Way::Back, direct), Some(Way::Back));
        let both = || (directly(Way::Onward, direct), direct());
        assert_eq!(directly(Way::Back, both), (Some(Way::Onward), Some(Way::Back)));
        assert_eq!(direct(), None);
    }
}
