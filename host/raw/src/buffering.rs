//! What the file says of bodies that are kept on their way.

use document::Field;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::scalar::Size;

/// Which bodies are kept on their way, and how much of them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map such as `{ request: on, memory: 64KiB }`")]
pub struct Buffering {
    /// Whether a request is sent to an endpoint only when its body is here. Default: the server's.
    pub request: Field<Switch>,
    /// Whether an answer is read ahead of a client that takes it slowly. Default: the server's.
    pub response: Field<Switch>,
    /// How much of a body is kept in memory. Default: the server's.
    pub memory: Field<Size>,
    /// How much of a request's body is kept in a file; 0 keeps none there. Default: the server's.
    pub disk: Field<Size>,
    /// The folder of that file, which has no name there. Default: the server's.
    pub path: Field<String>,
}

/// What routes do that say nothing else, and what bodies that are kept may take altogether.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a map such as `{ request: on, memory: 64KiB }`")]
pub struct ServerBuffering {
    /// Whether a request is sent to an endpoint only when its body is here. Default: `off`.
    pub request: Field<Switch>,
    /// Whether an answer is read ahead of a client that takes it slowly. Default: `off`.
    pub response: Field<Switch>,
    /// How much of a body is kept in memory. Default: `64KiB`.
    pub memory: Field<Size>,
    /// How much of a request's body is kept in a file; 0 keeps none there. Default: `64MiB`.
    pub disk: Field<Size>,
    /// The folder of that file, which has no name there. Default: the system's for temporary files.
    pub path: Field<String>,
    /// Memory of all bodies that a worker keeps. Default: `128MiB`.
    pub worker_memory: Field<Size>,
    /// Space in files of all bodies that a worker keeps. Default: `4GiB`.
    pub worker_disk: Field<Size>,
}

/// On or off.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", expecting = "`on` or `off`")]
pub enum Switch {
    /// It is done.
    On,
    /// It is not.
    Off,
}

impl From<Switch> for config::Switch {
    fn from(switch: Switch) -> Self {
        match switch {
            Switch::On => config::Switch::On,
            Switch::Off => config::Switch::Off,
        }
    }
}
