//! The room that all bodies kept by a worker share, and leases of it.
//!
//! A lease goes where the bytes go, to threads that write files too, so that what an exchange leaves behind when it ends early is
//! still counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use model::Counter;

/// What all bodies that a worker keeps may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BufferRoom {
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes in files.
    pub disk: u64,
}

/// What the bodies that a worker keeps take now, and how many there were.
#[derive(Debug, Default)]
pub struct BufferStats {
    memory: AtomicU64,
    disk: AtomicU64,
    /// Requests that were kept until they were whole.
    pub requests: Counter,
    /// Those of them that went on in a file.
    pub spilled: Counter,
    /// Answers that were read ahead.
    pub answers: Counter,
}

impl BufferStats {
    /// Bytes in memory.
    pub fn memory(&self) -> u64 {
        self.memory.load(Relaxed)
    }

    /// Bytes in files.
    pub fn disk(&self) -> u64 {
        self.disk.load(Relaxed)
    }

    fn of(&self, place: Place) -> &AtomicU64 {
        match place {
            Place::Memory => &self.memory,
            Place::Disk => &self.disk,
        }
    }
}

/// Where bytes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Memory,
    Disk,
}

/// A part of the room; given back when it is dropped.
pub(super) struct Lease {
    stats: Arc<BufferStats>,
    place: Place,
    bytes: u64,
}

impl Lease {
    /// Of nothing yet.
    pub(super) fn new(stats: &Arc<BufferStats>, place: Place) -> Self {
        Lease { stats: Arc::clone(stats), place, bytes: 0 }
    }

    /// Takes so many bytes more, if all leases together stay within the limit.
    pub(super) fn grow(&mut self, by: u64, limit: u64) -> bool {
        let taken = self.stats.of(self.place).fetch_add(by, Relaxed).saturating_add(by);
        if taken > limit {
            self.stats.of(self.place).fetch_sub(by, Relaxed);
            return false;
        }
        self.bytes += by;
        true
    }

    /// Takes so many bytes more: they are here already.
    pub(super) fn take(&mut self, by: u64) {
        self.stats.of(self.place).fetch_add(by, Relaxed);
        self.bytes += by;
    }

    /// Gives so many bytes back.
    pub(super) fn give(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.stats.of(self.place).fetch_sub(bytes, Relaxed);
        self.bytes -= bytes;
    }

    pub(super) fn stats(&self) -> &Arc<BufferStats> {
        &self.stats
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.give(self.bytes);
    }
}

/// A length as it is counted.
pub(super) fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_share_a_room_and_give_it_back() {
        let stats = Arc::new(BufferStats::default());
        let (mut one, mut other) = (Lease::new(&stats, Place::Memory), Lease::new(&stats, Place::Memory));
        assert!(one.grow(60, 100) && !other.grow(41, 100) && other.grow(40, 100));
        one.give(10);
        assert_eq!(stats.memory(), 90);
        drop(one);
        assert_eq!((stats.memory(), stats.disk()), (40, 0));
        drop(other);
        assert_eq!(stats.memory(), 0);
    }
}
