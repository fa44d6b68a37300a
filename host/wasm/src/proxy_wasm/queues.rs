//! Queues that the VMs of a plugin share: one puts in, and the one that registered the queue last is told.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use super::abi::Status;
use super::place::Place;
use super::timer;

/// How many queues a plugin may have.
const QUEUES: usize = 64;
/// How long a queue's name may be, in bytes.
const NAME: usize = 256;
/// How many things wait in a queue.
const LENGTH: usize = 1024;
/// How many bytes they have, all in all.
const BYTES: usize = 1 << 20;

/// The queues of a plugin.
#[derive(Default)]
pub(crate) struct Queues(Mutex<Vec<Queue>>);

struct Queue {
    name: Box<[u8]>,
    items: VecDeque<Vec<u8>>,
    bytes: usize,
    listener: Option<(Weak<Place>, u64)>,
}

impl Queues {
    /// The number of the queue of that name, which is made if there is none. The VM is told what is put in.
    pub(super) fn register(&self, name: &[u8], place: Weak<Place>, vm: u64) -> Result<u32, Status> {
        let mut queues = self.queues();
        let number = match queues.iter().position(|queue| *queue.name == *name) {
            Some(number) => number,
            None if queues.len() < QUEUES && name.len() <= NAME => {
                queues.push(Queue { name: name.into(), items: VecDeque::new(), bytes: 0, listener: None });
                queues.len() - 1
            }
            None => return Err(Status::InternalFailure),
        };
        if let Some(queue) = queues.get_mut(number) {
            queue.listener = Some((place, vm));
        }
        numbered(number)
    }

    /// The number of the queue of that name.
    pub(super) fn resolve(&self, name: &[u8]) -> Result<u32, Status> {
        let number = self.queues().iter().position(|queue| *queue.name == *name);
        numbered(number.ok_or(Status::NotFound)?)
    }

    /// Puts something into a queue.
    pub(super) fn put(&self, number: u32, item: &[u8]) -> Result<(), Status> {
        let mut queues = self.queues();
        let queue = of(&mut queues, number)?;
        if queue.items.len() >= LENGTH || queue.bytes + item.len() > BYTES {
            return Err(Status::InternalFailure);
        }
        queue.bytes += item.len();
        queue.items.push_back(item.to_vec());
        let listener = queue.listener.clone();
        drop(queues);
        if let Some((place, vm)) = listener {
            timer::queue(&place, vm, number);
        }
        Ok(())
    }

    /// Takes what was put in first.
    pub(super) fn take(&self, number: u32) -> Result<Vec<u8>, Status> {
        let mut queues = self.queues();
        let queue = of(&mut queues, number)?;
        let item = queue.items.pop_front().ok_or(Status::Empty)?;
        queue.bytes -= item.len();
        Ok(item)
    }

    fn queues(&self) -> MutexGuard<'_, Vec<Queue>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers begin with 1, since some take 0 for none.
fn numbered(at: usize) -> Result<u32, Status> {
    u32::try_from(at + 1).map_err(|_| Status::InternalFailure)
}

fn of(queues: &mut [Queue], number: u32) -> Result<&mut Queue, Status> {
    let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    at.and_then(|at| queues.get_mut(at)).ok_or(Status::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(queues: &Queues, name: &[u8]) -> Result<u32, Status> {
        queues.register(name, Weak::new(), 0)
    }

    #[test]
    fn what_was_put_in_first_comes_out_first() {
        let queues = Queues::default();
        let jobs = registered(&queues, b"jobs").unwrap();
        assert_eq!((registered(&queues, b"jobs"), queues.resolve(b"jobs")), (Ok(jobs), Ok(jobs)));
        assert_eq!(queues.resolve(b"other"), Err(Status::NotFound));
        assert_eq!((queues.put(jobs, b"a"), queues.put(jobs, b"b")), (Ok(()), Ok(())));
        assert_eq!((queues.take(jobs), queues.take(jobs)), (Ok(b"a".to_vec()), Ok(b"b".to_vec())));
        assert_eq!((queues.take(jobs), queues.take(0)), (Err(Status::Empty), Err(Status::NotFound)));
    }

    #[test]
    fn there_is_an_end_to_queues_and_to_what_is_in_them() {
        let queues = Queues::default();
        let jobs = registered(&queues, b"jobs").unwrap();
        assert_eq!(queues.put(jobs, &vec![0; BYTES + 1]), Err(Status::InternalFailure));
        (0..LENGTH).for_each(|_| queues.put(jobs, b"x").unwrap());
        assert_eq!(queues.put(jobs, b"x"), Err(Status::InternalFailure));
        for number in 1..QUEUES {
            registered(&queues, number.to_string().as_bytes()).unwrap();
        }
        assert_eq!(registered(&queues, b"more"), Err(Status::InternalFailure));
    }
}
