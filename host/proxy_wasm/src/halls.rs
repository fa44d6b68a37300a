//! Where the queues of tenants are, and what VMs of one name share: with the engine, so that they outlive the reload of a plugin.
//!
//! What a plugin shares it holds by a [`Member`]: there is nothing of a `vm_id` that no plugin has any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use sandbox::PluginSpec;
use state::KeyValue;

use super::abi::Status;
use super::queues::{Hall, Listener, Owner};

/// The queues of all tenants, and of those who are none.
#[derive(Default)]
pub(crate) struct Halls(Mutex<HashMap<Option<Arc<str>>, Weak<Hall>>>);

/// What a plugin shares with others of its tenant.
pub(crate) struct Member {
    hall: Arc<Hall>,
    owner: Owner,
    values: Arc<KeyValue>,
}

impl Halls {
    /// The part of a plugin, which it has as long as it keeps it.
    pub(crate) fn join(&self, spec: &PluginSpec) -> Member {
        let tenant = spec.tenant.as_ref().map(|tenant| Arc::clone(tenant.name()));
        let owner = match spec.proxy_wasm.vm_id.as_str() {
            "" => Owner::Plugin(Arc::clone(&spec.name)),
            id => Owner::Vm(id.into()),
        };
        let hall = self.of(tenant);
        let values = hall.enter(&owner);
        Member { hall, owner, values }
    }

    fn of(&self, tenant: Option<Arc<str>>) -> Arc<Hall> {
        let mut halls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hall) = halls.get(&tenant).and_then(Weak::upgrade) {
            return hall;
        }
        let hall = Arc::default();
        halls.retain(|_, hall| hall.strong_count() > 0);
        halls.insert(tenant, Arc::downgrade(&hall));
        hall
    }
}

impl Member {
    /// What it shares with all plugins of its `vm_id`, if it has one.
    pub(super) fn values(&self) -> Option<&KeyValue> {
        matches!(self.owner, Owner::Vm(_)).then_some(&*self.values)
    }

    /// Registers a queue of its own.
    pub(super) fn register(&self, name: &[u8], listener: Option<Listener>) -> Result<u32, Status> {
        self.hall.register(&self.owner, name, listener)
    }

    /// Whether it may look for queues of other VMs.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.owner, Owner::Vm(_))
    }

    /// Finds a queue by the `vm_id` of its owner; none is its own.
    pub(super) fn resolve(&self, vm_id: &[u8], name: &[u8]) -> Result<u32, Status> {
        let owner = match std::str::from_utf8(vm_id).map_err(|_| Status::NotFound)? {
            "" => self.owner.clone(),
            id => Owner::Vm(id.into()),
        };
        if !self.owner.reaches(&owner) {
            return Err(Status::NotFound);
        }
        self.hall.resolve(&owner, name)
    }

    /// Puts something into a queue.
    pub(super) fn put(&self, number: u32, item: &[u8]) -> Result<(), Status> {
        self.hall.put(&self.owner, number, item)
    }

    /// Takes what was put in first.
    pub(super) fn take(&self, number: u32) -> Result<Vec<u8>, Status> {
        self.hall.take(&self.owner, number)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.hall.leave(&self.owner);
    }
}
