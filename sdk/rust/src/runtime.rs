//! What generated bindings need at run time. It stands in for the crate `wit-bindgen`, of which a guest of Sandgate
//! would use these few functions only.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::{NonNull, null_mut};

/// Memory for a value on its way to the host, freed when dropped.
pub(crate) struct Cleanup {
    start: NonNull<u8>,
    layout: Layout,
}

impl Cleanup {
    /// Memory of that layout, and its owner; null and nobody for an empty one.
    pub(crate) fn new(layout: Layout) -> (*mut u8, Option<Cleanup>) {
        if layout.size() == 0 {
            return (null_mut(), None);
        }
        // SAFETY: the layout is not empty.
        let Some(start) = NonNull::new(unsafe { alloc(layout) }) else { handle_alloc_error(layout) };
        (start.as_ptr(), Some(Cleanup { start, layout }))
    }

    /// Leaves the memory to whoever has its address.
    pub(crate) fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        // SAFETY: `new` got it from `alloc` with the same layout.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

/// Called by generated code, which must refer to this crate for its `cabi_realloc` to be linked.
pub(crate) fn maybe_link_cabi_realloc() {}

/// The component model's way to get memory in a guest, for values on their way in. On WASI 0.2 libc has one.
#[cfg(all(target_arch = "wasm32", not(target_env = "p2")))]
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(old: *mut u8, old_size: usize, align: usize, new_size: usize) -> *mut u8 {
    if new_size == 0 {
        return std::ptr::without_provenance_mut(align);
    }
    // SAFETY: the canonical ABI gives a power of two as `align`, and as `old` null or what this function gave before.
    let start = unsafe {
        if old_size == 0 {
            alloc(Layout::from_size_align_unchecked(new_size, align))
        } else {
            std::alloc::realloc(old, Layout::from_size_align_unchecked(old_size, align), new_size)
        }
    };
    if start.is_null() {
        std::arch::wasm32::unreachable();
    }
    start
}
