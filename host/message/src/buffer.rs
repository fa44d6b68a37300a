//! Bodies that are kept on their way: requests until they are whole, answers ahead of a client that takes them slowly.
//!
//! What is kept is memory first. A request's body that is longer goes on in a file without a name; all that is done with files
//! happens on threads of their own (the runtime's blocking ones), one step of a body at a time. What all bodies of a worker may
//! take together is [`BufferRoom`].

mod ahead;
mod collect;
mod file;
mod gather;
mod room;
mod whole;

use std::path::Path;
use std::sync::Arc;

pub use ahead::ReadAhead;
pub use collect::collect;
pub use file::check_folder;
pub use gather::{Front, Gathered, gather};
pub use room::{BufferRoom, BufferStats};
pub use whole::{Buffered, BufferedBody};

/// What is kept of one request's body.
#[derive(Clone, Debug)]
pub struct BufferRule {
    /// Bytes in memory.
    pub memory: usize,
    /// Bytes in a file.
    pub disk: u64,
    /// The folder of that file.
    pub folder: Arc<Path>,
}

impl BufferRule {
    /// The longest body that is kept.
    pub(crate) fn longest(&self) -> u64 {
        self.disk.saturating_add(u64::try_from(self.memory).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests;
