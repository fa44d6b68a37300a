//! Collecting a request's body until it is whole: in one block of memory, which is written to a file each time it is full.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body::Body;
use model::{Fault, FaultKind};

use super::file::Spill;
use super::room::{Lease, Place, count};
use super::whole::{Buffered, Whole};
use super::{BufferRoom, BufferRule, BufferStats};
use crate::body::BodyError;

/// The smallest piece of memory that is taken for a body.
const SMALLEST: usize = 4 << 10;

/// Reads a body to its end. While it is read nobody else waits for it, and no endpoint knows of it.
pub async fn collect<B>(
    mut body: B,
    rule: &BufferRule,
    room: BufferRoom,
    stats: &Arc<BufferStats>,
) -> Result<Buffered, Fault>
where
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    stats.requests.add(1);
    let announced = body.size_hint().lower();
    if announced > rule.longest() {
        return Err(too_long(rule));
    }
    let block = Block { bytes: Vec::new(), lease: Lease::new(stats, Place::Memory) };
    let mut collecting = Collecting { rule, room, stats, block, spill: None };
    let mut trailers = None;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|BodyError(kind)| Fault::from(kind))?;
        match frame.into_data() {
            Ok(data) => collecting.take(data).await?,
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let Collecting { block, spill, .. } = collecting;
    Ok(Buffered::new(Whole::new(spill, block, trailers)))
}

/// Memory, and the lease of it.
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    pub(super) lease: Lease,
}

struct Collecting<'a> {
    rule: &'a BufferRule,
    room: BufferRoom,
    stats: &'a Arc<BufferStats>,
    block: Block,
    spill: Option<Spill>,
}

impl Collecting<'_> {
    /// Copies the bytes: what comes is a slice of something larger, which is not to be held for it.
    async fn take(&mut self, mut data: Bytes) -> Result<(), Fault> {
        while !data.is_empty() {
            let mut free = self.free();
            if free < data.len() && self.grow(data.len()) {
                free = self.free();
            }
            if free == 0 {
                self.spill().await?;
                continue;
            }
            let part = data.split_to(free.min(data.len()));
            self.block.bytes.extend_from_slice(&part);
        }
        Ok(())
    }

    fn free(&self) -> usize {
        self.block.bytes.capacity().saturating_sub(self.block.bytes.len())
    }

    /// Takes more memory, at least twice what there is, so that it is not copied often.
    fn grow(&mut self, by: usize) -> bool {
        let bytes = &mut self.block.bytes;
        let wanted = bytes.len().saturating_add(by).max(bytes.capacity() * 2).max(SMALLEST);
        let more = wanted.min(self.rule.memory).saturating_sub(bytes.capacity());
        if more == 0 || !self.block.lease.grow(count(more), self.room.memory) {
            return false;
        }
        bytes.reserve_exact(bytes.capacity() + more - bytes.len());
        true
    }

    /// Writes what is in memory to the file.
    async fn spill(&mut self) -> Result<(), Fault> {
        let len = count(self.block.bytes.len());
        if len == 0 {
            return Err(full("no memory is left for bodies"));
        }
        let written = self.spill.as_ref().map_or(0, Spill::len).saturating_add(len);
        if written > self.rule.disk {
            // Less than all its memory may have been free.
            let is_all = self.block.bytes.capacity() >= self.rule.memory;
            return Err(if is_all { too_long(self.rule) } else { full("no memory is left for bodies") });
        }
        let mut spill = match self.spill.take() {
            Some(spill) => spill,
            None => self.open().await?,
        };
        if !spill.reserve(len, self.room.disk) {
            return Err(full("no space is left in files for bodies"));
        }
        let nothing = Block { bytes: Vec::new(), lease: Lease::new(self.stats, Place::Memory) };
        let block = std::mem::replace(&mut self.block, nothing);
        self.block = spill.append(block).await.map_err(|error| failed(&error))?;
        self.spill = Some(spill);
        Ok(())
    }

    async fn open(&self) -> Result<Spill, Fault> {
        self.stats.spilled.add(1);
        let lease = Lease::new(self.stats, Place::Disk);
        Spill::create(&self.rule.folder, lease).await.map_err(|error| failed(&error))
    }
}

fn too_long(rule: &BufferRule) -> Fault {
    Fault::new(FaultKind::BodyTooLarge, format!("more than the {} bytes that are kept", rule.longest()))
}

fn full(what: &'static str) -> Fault {
    Fault::new(FaultKind::BuffersFull, what)
}

pub(super) fn failed(error: &std::io::Error) -> Fault {
    Fault::new(FaultKind::SpillFailed, format!("a file for a body: {error}"))
}
