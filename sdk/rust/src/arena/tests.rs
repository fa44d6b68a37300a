use super::*;

const ARENA_BYTES: usize = 32 * 1024;

fn arena() -> Arena {
    // SAFETY: the layout is not empty. The memory is the test's until its process ends.
    let start = unsafe { System.alloc(layout(ARENA_BYTES, ARENA_ALIGN)) };
    Arena { state: UnsafeCell::new(State { start, length: ARENA_BYTES, ..UNUSED }) }
}

fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).unwrap()
}

fn take(arena: &Arena, size: usize) -> *mut u8 {
    arena.take(layout(size, 1)).unwrap()
}

#[test]
fn blocks_are_aligned_and_do_not_overlap() {
    let arena = arena();
    let mut end = 0;
    for (size, align) in [(1, 1), (8, 8), (3, 2), (0, 1), (16, 16), (1, 4)] {
        let block = arena.take(layout(size, align)).unwrap();
        assert_eq!(block.addr() % align, 0);
        assert!(block.addr() >= end);
        end = block.addr() + size.max(1);
    }
}

#[test]
fn the_last_block_freed_is_handed_out_again() {
    let arena = arena();
    let (_kept, first) = (take(&arena, 10), take(&arena, 100));
    // SAFETY: it was just taken with that layout.
    unsafe { arena.dealloc(first, layout(100, 1)) };
    assert_eq!(take(&arena, 50), first);
}

#[test]
fn all_of_it_is_free_when_the_last_block_in_use_is() {
    let arena = arena();
    let (a, b) = (take(&arena, 10_000), take(&arena, 20_000));
    assert!(arena.take(layout(10_000, 1)).is_none());
    // SAFETY: both were taken with these layouts.
    unsafe {
        arena.dealloc(a, layout(10_000, 1));
        arena.dealloc(b, layout(20_000, 1));
    }
    assert_eq!(arena.take(layout(ARENA_BYTES, 1)), Some(a));
}

#[test]
fn the_last_block_grows_where_it_is() {
    let arena = arena();
    let block = take(&arena, 4);
    // SAFETY: it was just taken with that layout.
    let grown = unsafe { arena.realloc(block, layout(4, 1), 400) };
    assert_eq!(grown, block);
    assert_eq!(take(&arena, 1).addr(), block.addr() + 400);
}

#[test]
fn a_block_that_is_not_the_last_moves_with_what_is_in_it() {
    let arena = arena();
    let (first, _second) = (take(&arena, 4), take(&arena, 4));
    // SAFETY: the blocks are as long as what is written and read.
    unsafe {
        first.copy_from_nonoverlapping(b"abcd".as_ptr(), 4);
        let moved = arena.realloc(first, layout(4, 1), 8);
        assert_ne!(moved, first);
        assert_eq!(std::slice::from_raw_parts(moved, 4), b"abcd");
    }
}

#[test]
fn what_does_not_fit_is_the_systems() {
    let arena = arena();
    let big = layout(ARENA_BYTES + 1, 8);
    // SAFETY: allocated, resized and freed with matching layouts.
    unsafe {
        let block = arena.alloc(big);
        assert!(arena.offset(block).is_none());
        let block = arena.realloc(block, big, 2 * ARENA_BYTES);
        arena.dealloc(block, layout(2 * ARENA_BYTES, 8));
    }
    assert_eq!(arena.state().blocks, 0);
    assert!(arena.take(layout(64, 64)).is_none(), "alignments over sixteen are the system's");
}

#[test]
fn where_nothing_is_left_all_is_the_systems() {
    let arena = Arena { state: UnsafeCell::new(UNUSED) };
    // SAFETY: allocated and freed with the same layout.
    unsafe {
        let block = arena.alloc(layout(8, 8));
        assert!(!block.is_null() && arena.offset(block).is_none());
        arena.dealloc(block, layout(8, 8));
    }
}
