//! The allocator of guests: memory that the module begins with, then the standard one.
//!
//! A fresh instance serves each exchange, so what its first allocation costs is paid by every request. The standard
//! allocator begins by growing the memory, which costs the host about six microseconds; here a number moves. Memory
//! is taken from what the linker leaves between the module's data and the end of its last 64 KiB, so that a small
//! filter's statics and blocks share a page: what decides about the cost of an exchange is how many were written to.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::null_mut;

/// The largest alignment the arena serves; more goes to the standard allocator.
const ARENA_ALIGN: usize = 16;

/// Memory handed out from front to back. It is taken back when the last block is freed, and whole when all are.
pub(crate) struct Arena {
    state: UnsafeCell<State>,
}

#[derive(Clone, Copy)]
struct State {
    /// Where the arena begins; null before its first use.
    start: *mut u8,
    /// How long it is.
    length: usize,
    /// Where its free part begins, from `start`.
    free: usize,
    /// How many blocks are in use.
    blocks: usize,
}

/// All zeros, so that it takes no room in the module.
const UNUSED: State = State { start: null_mut(), length: 0, free: 0, blocks: 0 };

// SAFETY: a guest has one thread; elsewhere the arena is used by tests only, each with one of its own.
unsafe impl Sync for Arena {}

impl Arena {
    /// An arena that takes what the linker left when it is first used.
    #[cfg(not(test))]
    pub(crate) const fn new() -> Self {
        Arena { state: UnsafeCell::new(UNUSED) }
    }

    fn state(&self) -> State {
        // SAFETY: one thread, and no reference to the state outlives a call.
        unsafe { *self.state.get() }
    }

    fn set_state(&self, state: State) {
        // SAFETY: as in `state`.
        unsafe { *self.state.get() = state }
    }

    /// Where in the arena a block begins, if it is in it.
    fn offset(&self, block: *mut u8) -> Option<usize> {
        let State { start, length, .. } = self.state();
        block.addr().checked_sub(start.addr()).filter(|offset| *offset < length)
    }

    /// Room for a block, or none.
    fn take(&self, layout: Layout) -> Option<*mut u8> {
        if layout.align() > ARENA_ALIGN {
            return None;
        }
        let state = self.state();
        let state = if state.start.is_null() { left_by_the_linker() } else { state };
        let begin = state.free.next_multiple_of(layout.align());
        // An empty block would share its address with the next one.
        let free = begin.checked_add(layout.size().max(1)).filter(|end| *end <= state.length)?;
        self.set_state(State { free, blocks: state.blocks + 1, ..state });
        Some(state.start.wrapping_add(begin))
    }

    fn give_back(&self, offset: usize, size: usize) {
        let state = self.state();
        let blocks = state.blocks.saturating_sub(1);
        let free = match (blocks, offset + size.max(1) == state.free) {
            (0, _) => 0,
            (_, true) => offset,
            (_, false) => state.free,
        };
        self.set_state(State { free, blocks, ..state });
    }

    /// Makes a block longer or shorter where it is: the last one if there is room, any other only shorter.
    fn resize(&self, offset: usize, old: usize, new: usize) -> bool {
        let state = self.state();
        if offset + old.max(1) != state.free {
            return new <= old;
        }
        let Some(free) = offset.checked_add(new.max(1)).filter(|end| *end <= state.length) else {
            return false;
        };
        self.set_state(State { free, ..state });
        true
    }
}

// SAFETY: blocks of the arena don't overlap (`free` only moves back over freed ones); all others are the system's.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        self.take(layout).unwrap_or_else(|| unsafe { System.alloc(layout) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.offset(block) {
            Some(offset) => self.give_back(offset, layout.size()),
            // SAFETY: what is not of the arena is of the system.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let Some(offset) = self.offset(block) else {
            // SAFETY: what is not of the arena is of the system.
            return unsafe { System.realloc(block, layout, new_size) };
        };
        if self.resize(offset, layout.size(), new_size) {
            return block;
        }
        // SAFETY: the caller promises that size and alignment make a layout; the blocks don't overlap.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(new_size, layout.align()));
            if new.is_null() {
                return null_mut();
            }
            new.copy_from_nonoverlapping(block, layout.size().min(new_size));
            self.dealloc(block, layout);
            new
        }
    }
}

/// What lies between the module's data and the end of the memory that it begins with: nobody else uses it, since the
/// standard allocator of this target takes only what it grew.
#[cfg(target_arch = "wasm32")]
fn left_by_the_linker() -> State {
    unsafe extern "C" {
        // The linker sets their addresses; nothing is there to be read.
        static __heap_base: u8;
        static __heap_end: u8;
    }
    let (base, end) = (&raw const __heap_base, &raw const __heap_end);
    let start = base.cast_mut().wrapping_add(base.align_offset(ARENA_ALIGN));
    State { start, length: end.addr().saturating_sub(start.addr()), ..UNUSED }
}

#[cfg(not(target_arch = "wasm32"))]
fn left_by_the_linker() -> State {
    UNUSED
}

#[cfg(all(target_arch = "wasm32", target_os = "unknown", feature = "allocator"))]
#[global_allocator]
static ALLOCATOR: Arena = Arena::new();

#[cfg(test)]
mod tests;
