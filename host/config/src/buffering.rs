//! Bodies that are kept on their way.

use std::path::PathBuf;

use document::Span;

/// Which bodies are kept on their way, and how much of them.
#[derive(Clone, Debug)]
pub struct Buffering {
    /// Whether a request is sent only when its body is here.
    pub request: Switch,
    /// Whether an answer is read ahead of a client that takes it slowly.
    pub response: Switch,
    /// How much of a body is kept in memory, in bytes.
    pub memory: usize,
    /// How much of a request's body is kept in a file, in bytes.
    pub disk: u64,
    /// The folder of that file.
    pub path: PathBuf,
    /// Where the file says it; its start where it doesn't.
    pub span: Span,
}

/// What all bodies that a worker keeps may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerBuffers {
    /// Memory, in bytes.
    pub memory: u64,
    /// Space in files, in bytes.
    pub disk: u64,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It is done.
    On,
    /// It is not.
    Off,
}

impl Default for Buffering {
    fn default() -> Self {
        Buffering {
            request: Switch::Off,
            response: Switch::Off,
            memory: 64 << 10,
            disk: 64 << 20,
            path: std::env::temp_dir(),
            span: Span::default(),
        }
    }
}

impl Default for WorkerBuffers {
    fn default() -> Self {
        WorkerBuffers { memory: 128 << 20, disk: 4 << 30 }
    }
}
