//! Gathering a body in memory, up to a limit, for those who look at all of it. One that turns out to be longer goes on as if
//! nobody had looked: what was read of it is its [`Front`].

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body::Body;
use model::{Fault, FaultKind, WholeBody};

use super::room::{Lease, Place, count};
use super::whole::{Buffered, Whole};
use super::{BufferRoom, BufferStats};
use crate::body::BodyError;

/// The smallest piece of memory that is taken for a body.
const SMALLEST: usize = 4 << 10;

/// What came of gathering.
pub enum Gathered {
    /// All of it is here: to be looked at, and to be sent.
    Whole(WholeBody, Buffered),
    /// It is longer than it may be; nothing where that was known without reading any of it.
    Longer(Option<Front>),
}

/// What was read of a body before it turned out to be too long.
pub struct Front {
    bytes: Bytes,
    _lease: Lease,
}

impl Front {
    /// Its bytes, which now are somebody else's to count.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

/// Reads a body to its end, if that comes within the limit.
pub async fn gather<B>(
    body: &mut B,
    limit: usize,
    room: BufferRoom,
    stats: &Arc<BufferStats>,
) -> Result<Gathered, Fault>
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    let hint = body.size_hint();
    if hint.lower() > count(limit) {
        return Ok(Gathered::Longer(None));
    }
    // More than was announced will not come.
    let most = hint.exact().and_then(|length| usize::try_from(length).ok()).unwrap_or(limit);
    let mut block = Gathering { bytes: Vec::new(), lease: Lease::new(stats, Place::Memory), most, room };
    let mut trailers = None;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        match frame.map_err(|BodyError(kind)| Fault::from(kind))?.into_data() {
            Ok(data) => block.take(&data)?,
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
        if block.bytes.len() > limit {
            let Gathering { bytes, lease, .. } = block;
            return Ok(Gathered::Longer(Some(Front { bytes: Bytes::from(bytes), _lease: lease })));
        }
    }
    let whole = WholeBody::new(block.bytes).ending_with(trailers);
    let buffered = Buffered::new(Whole::gathered(&whole, block.lease));
    Ok(Gathered::Whole(whole, buffered))
}

struct Gathering {
    bytes: Vec<u8>,
    lease: Lease,
    most: usize,
    room: BufferRoom,
}

impl Gathering {
    /// Copies the bytes, into memory of which there is twice as much each time it is used up.
    fn take(&mut self, data: &[u8]) -> Result<(), Fault> {
        let (length, capacity) = (self.bytes.len(), self.bytes.capacity());
        let needed = length.saturating_add(data.len());
        if needed > capacity {
            let wanted = capacity.saturating_mul(2).max(SMALLEST).min(self.most).max(needed);
            if !self.lease.grow(count(wanted - capacity), self.room.memory) {
                return Err(Fault::new(FaultKind::BuffersFull, "no memory is left for bodies"));
            }
            self.bytes.reserve_exact(wanted - length);
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }
}

impl Buffered {
    /// A body that takes the place of one that was gathered, with what ends it.
    pub fn in_place_of(body: &WholeBody, stats: &Arc<BufferStats>) -> Self {
        let mut lease = Lease::new(stats, Place::Memory);
        lease.take(count(body.len()));
        Buffered::new(Whole::gathered(body, lease))
    }
}
