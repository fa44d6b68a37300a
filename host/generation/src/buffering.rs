//! Bodies that a route keeps on their way: what the configuration says, as exchanges use it.
//!
//! A route that keeps none has none of this, and pays for a look at an `Option`.

use std::sync::Arc;

use config::Switch;
use message::{BufferRoom, BufferRule};

/// What a route keeps.
#[derive(Clone, Debug)]
pub struct Buffering {
    /// Of requests, until they are whole.
    pub request: Option<BufferRule>,
    /// Bytes of an answer that are read ahead of its client.
    pub response: Option<usize>,
    /// What all that a worker keeps may take.
    pub room: BufferRoom,
}

impl Buffering {
    /// As the configuration says; none where it says that nothing is kept.
    pub fn of(route: &config::Buffering, worker: config::WorkerBuffers) -> Option<Box<Self>> {
        let is_on = |switch| switch == Switch::On;
        if !is_on(route.request) && !is_on(route.response) {
            return None;
        }
        let rule =
            BufferRule { memory: route.memory, disk: route.disk, folder: Arc::from(route.path.as_path()) };
        Some(Box::new(Buffering {
            request: is_on(route.request).then_some(rule),
            response: is_on(route.response).then_some(route.memory),
            room: BufferRoom { memory: worker.memory, disk: worker.disk },
        }))
    }
}
