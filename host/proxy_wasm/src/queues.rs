//! Queues of the modules of one tenant: one puts in, and the VM that registered the queue last is told.
//!
//! A queue is known by its owner and its name. Owners with a `vm_id` reach the queues of each other; what belongs to a plugin
//! without one is nobody else's.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use state::KeyValue;

use super::abi::Status;
use super::place::Place;
use super::timer;

/// How many queues an owner may have.
const QUEUES: usize = 64;
/// How long a queue's name may be, in bytes.
const NAME: usize = 256;
/// How many things wait in a queue.
const LENGTH: usize = 1024;
/// How many bytes they have, all in all.
const BYTES: usize = 1 << 20;

/// Whose a queue is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    /// All plugins with this `vm_id`.
    Vm(Arc<str>),
    /// The plugin of that name, which has none.
    Plugin(Arc<str>),
}

/// The VM that is told of what is put in, and where it sits.
pub(super) type Listener = (Weak<Place>, u64);

/// All queues of a tenant's modules, and what those share that share a `vm_id`.
#[derive(Default)]
pub(super) struct Hall(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    newest: u32,
    queues: HashMap<u32, Queue>,
    owners: HashMap<Owner, Present>,
}

/// An owner of which there are plugins.
#[derive(Default)]
struct Present {
    plugins: usize,
    values: Arc<KeyValue>,
}

struct Queue {
    owner: Owner,
    name: Box<[u8]>,
    items: VecDeque<Vec<u8>>,
    bytes: usize,
    listener: Option<Listener>,
}

impl Owner {
    /// Whether it may use what another has.
    pub(super) fn reaches(&self, other: &Owner) -> bool {
        self == other || matches!((self, other), (Owner::Vm(_), Owner::Vm(_)))
    }
}

impl Hall {
    /// There is one plugin more of this owner; what they share.
    pub(super) fn enter(&self, owner: &Owner) -> Arc<KeyValue> {
        let mut inside = self.inside();
        let present = inside.owners.entry(owner.clone()).or_default();
        present.plugins += 1;
        Arc::clone(&present.values)
    }

    /// There is one less. What the last of them leaves is nobody's.
    pub(super) fn leave(&self, owner: &Owner) {
        let mut inside = self.inside();
        let Some(present) = inside.owners.get_mut(owner) else { return };
        present.plugins -= 1;
        if present.plugins == 0 {
            inside.owners.remove(owner);
            inside.queues.retain(|_, queue| queue.owner != *owner);
        }
    }

    /// The number of the owner's queue of that name, which is made if there is none. The VM is told what is put in, if there is
    /// one to be told.
    pub(super) fn register(
        &self,
        owner: &Owner,
        name: &[u8],
        listener: Option<Listener>,
    ) -> Result<u32, Status> {
        let mut inside = self.inside();
        let number = match inside.number_of(owner, name) {
            Some(number) => number,
            None => inside.make(owner, name)?,
        };
        if let Some(queue) = inside.queues.get_mut(&number).filter(|_| listener.is_some()) {
            queue.listener = listener;
        }
        Ok(number)
    }

    /// The number of the queue of that name.
    pub(super) fn resolve(&self, owner: &Owner, name: &[u8]) -> Result<u32, Status> {
        self.inside().number_of(owner, name).ok_or(Status::NotFound)
    }

    /// Puts something into a queue that the owner reaches.
    pub(super) fn put(&self, owner: &Owner, number: u32, item: &[u8]) -> Result<(), Status> {
        let mut inside = self.inside();
        let queue = inside.reached(owner, number)?;
        if queue.items.len() >= LENGTH || queue.bytes.saturating_add(item.len()) > BYTES {
            return Err(Status::InternalFailure);
        }
        queue.bytes += item.len();
        queue.items.push_back(item.to_vec());
        let listener = queue.listener.clone();
        drop(inside);
        if let Some((place, vm)) = listener {
            timer::queue(&place, vm, number);
        }
        Ok(())
    }

    /// Takes what was put in first.
    pub(super) fn take(&self, owner: &Owner, number: u32) -> Result<Vec<u8>, Status> {
        let mut inside = self.inside();
        let queue = inside.reached(owner, number)?;
        let item = queue.items.pop_front().ok_or(Status::Empty)?;
        queue.bytes -= item.len();
        Ok(item)
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn number_of(&self, owner: &Owner, name: &[u8]) -> Option<u32> {
        let mut queues = self.queues.iter();
        queues.find(|(_, queue)| *queue.name == *name && queue.owner == *owner).map(|(number, _)| *number)
    }

    fn make(&mut self, owner: &Owner, name: &[u8]) -> Result<u32, Status> {
        let has = self.queues.values().filter(|queue| queue.owner == *owner).count();
        if has >= QUEUES || name.len() > NAME {
            return Err(Status::InternalFailure);
        }
        // Numbers begin with 1, since some take 0 for none.
        self.newest = self.newest.wrapping_add(1).max(1);
        while self.queues.contains_key(&self.newest) {
            self.newest = self.newest.wrapping_add(1).max(1);
        }
        let queue = Queue {
            owner: owner.clone(),
            name: name.into(),
            items: VecDeque::new(),
            bytes: 0,
            listener: None,
        };
        self.queues.insert(self.newest, queue);
        Ok(self.newest)
    }

    fn reached(&mut self, owner: &Owner, number: u32) -> Result<&mut Queue, Status> {
        let queue = self.queues.get_mut(&number).filter(|queue| owner.reaches(&queue.owner));
        queue.ok_or(Status::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vm(id: &str) -> Owner {
        Owner::Vm(id.into())
    }

    #[test]
    fn what_was_put_in_first_comes_out_first() {
        let (hall, own) = (Hall::default(), vm("a"));
        let jobs = hall.register(&own, b"jobs", None).unwrap();
        assert_eq!((hall.register(&own, b"jobs", None), hall.resolve(&own, b"jobs")), (Ok(jobs), Ok(jobs)));
        assert_eq!(hall.resolve(&own, b"other"), Err(Status::NotFound));
        assert_eq!((hall.put(&own, jobs, b"a"), hall.put(&own, jobs, b"b")), (Ok(()), Ok(())));
        assert_eq!((hall.take(&own, jobs), hall.take(&own, jobs)), (Ok(b"a".to_vec()), Ok(b"b".to_vec())));
        assert_eq!((hall.take(&own, jobs), hall.take(&own, 0)), (Err(Status::Empty), Err(Status::NotFound)));
    }

    #[test]
    fn there_is_an_end_to_queues_and_to_what_is_in_them() {
        let (hall, own) = (Hall::default(), vm("a"));
        let jobs = hall.register(&own, b"jobs", None).unwrap();
        assert_eq!(hall.put(&own, jobs, &vec![0; BYTES + 1]), Err(Status::InternalFailure));
        (0..LENGTH).for_each(|_| hall.put(&own, jobs, b"x").unwrap());
        assert_eq!(hall.put(&own, jobs, b"x"), Err(Status::InternalFailure));
        for number in 1..QUEUES {
            hall.register(&own, number.to_string().as_bytes(), None).unwrap();
        }
        assert_eq!(hall.register(&own, b"more", None), Err(Status::InternalFailure));
        assert!(hall.register(&vm("b"), b"more", None).is_ok(), "others have room of their own");
    }

    #[test]
    fn vms_reach_each_other_and_no_plugin_without_an_id() {
        let (hall, private) = (Hall::default(), Owner::Plugin("a".into()));
        let jobs = hall.register(&vm("a"), b"jobs", None).unwrap();
        let own = hall.register(&private, b"jobs", None).unwrap();
        assert_ne!(own, jobs);
        assert_eq!(hall.put(&vm("b"), jobs, b"x"), Ok(()));
        assert_eq!(hall.put(&private, jobs, b"x"), Err(Status::NotFound));
        assert_eq!(hall.take(&vm("a"), own), Err(Status::NotFound));
        assert_eq!(hall.take(&private, own), Err(Status::Empty));
    }

    #[test]
    fn queues_end_with_the_last_plugin_of_their_owner() {
        let (hall, own) = (Hall::default(), vm("a"));
        hall.enter(&own);
        hall.enter(&own);
        let jobs = hall.register(&own, b"jobs", None).unwrap();
        hall.put(&own, jobs, b"x").unwrap();
        hall.leave(&own);
        assert_eq!(hall.take(&own, jobs), Ok(b"x".to_vec()));
        hall.leave(&own);
        assert_eq!(hall.resolve(&own, b"jobs"), Err(Status::NotFound));
    }
}
