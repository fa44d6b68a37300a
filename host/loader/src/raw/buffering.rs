//! What the file says of bodies that are kept on their way.

use document::Field;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::scalar::Size;

/// Which bodies are kept on their way, and how much of them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map such as `{ request: on, memory: 64KiB }`")]
pub(crate) struct Buffering {
    /// Whether a request is sent to an endpoint only when its body is here. Default: the server's.
    pub(crate) request: Field<Switch>,
    /// Whether an answer is read ahead of a client that takes it slowly. Default: the server's.
    pub(crate) response: Field<Switch>,
    /// How much of a body is kept in memory. Default: the server's.
    pub(crate) memory: Field<Size>,
    /// How much of a request's body is kept in a file; 0 keeps none there. Default: the server's.
    pub(crate) disk: Field<Size>,
    /// The folder of that file, which has no name there. Default: the server's.
    pub(crate) path: Field<String>,
}

/// What routes do that say nothing else, and what bodies that are kept may take altogether.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map such as `{ request: on, memory: 64KiB }`")]
pub(crate) struct ServerBuffering {
    /// Whether a request is sent to an endpoint only when its body is here. Default: `off`.
    pub(crate) request: Field<Switch>,
    /// Whether an answer is read ahead of a client that takes it slowly. Default: `off`.
    pub(crate) response: Field<Switch>,
    /// How much of a body is kept in memory. Default: `64KiB`.
    pub(crate) memory: Field<Size>,
    /// How much of a request's body is kept in a file; 0 keeps none there. Default: `64MiB`.
    pub(crate) disk: Field<Size>,
    /// The folder of that file, which has no name there. Default: the system's for temporary files.
    pub(crate) path: Field<String>,
    /// Memory of all bodies that a worker keeps. Default: `128MiB`.
    pub(crate) worker_memory: Field<Size>,
    /// Space in files of all bodies that a worker keeps. Default: `4GiB`.
    pub(crate) worker_disk: Field<Size>,
}

/// On or off.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "`on` or `off`")]
pub(crate) enum Switch {
    /// It is done.
    On,
    /// It is not.
    Off,
}
