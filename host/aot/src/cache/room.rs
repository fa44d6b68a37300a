//! How much the folder holds, and what is removed when that is too much.
//!
//! Looking at all files for each that is written would make a cold start of thousands of components quadratic. So the folder is looked
//! at when enough was written that it may be too full.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// How the names of finished files end, and of those that are being written. No other file is ever removed.
const SUFFIXES: [&str; 2] = [".cwasm", ".cwasm-draft"];
/// Of the limit, how much is written at most between two looks, and how much is free after one that found too much.
const SHARE: u64 = 16;

/// What a folder may hold, and how far it is from that.
#[derive(Debug)]
pub(super) struct Room {
    limit: u64,
    /// How many bytes may be written before the folder is looked at again.
    left: Mutex<u64>,
    since: SystemTime,
    /// Whether it was told that there is not enough.
    is_told: AtomicBool,
}

/// What a look at the folder came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Removed {
    /// What nobody has used since this process began, or nothing.
    Old,
    /// What is used.
    Used,
}

impl Room {
    pub(super) fn new(limit: u64) -> Self {
        Room { limit, left: Mutex::new(0), since: SystemTime::now(), is_told: AtomicBool::new(false) }
    }

    /// So many bytes were written.
    pub(super) fn take(&self, folder: &Path, length: u64) -> io::Result<()> {
        // Held while the folder is looked at: others would find the same.
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rest) = left.checked_sub(length) {
            *left = rest;
            return Ok(());
        }
        let (size, removed) = self.shrink(folder)?;
        *left = self.limit.saturating_sub(size).min(self.limit / SHARE);
        if removed == Removed::Used && !self.is_told.swap(true, Relaxed) {
            let (folder, limit_mib) = (folder.display(), self.limit >> 20);
            tracing::warn!(
                %folder, limit_mib,
                "the cache of compiled components is smaller than what is used: some are compiled again at each start; \
                 SANDGATE_CACHE_SIZE makes it larger"
            );
        }
        Ok(())
    }

    /// If there is too much, removes what was used longest ago, until the rest fits with some room to spare. Another process may
    /// be at it too: what is gone is gone. Says how much is left.
    pub(super) fn shrink(&self, folder: &Path) -> io::Result<(u64, Removed)> {
        let mut files = files(folder)?;
        let mut size: u64 = files.iter().map(|(_, length, _)| length).sum();
        let mut removed = Removed::Old;
        if size <= self.limit {
            return Ok((size, removed));
        }
        files.sort_unstable();
        for (used, length, path) in files {
            if size <= self.limit - self.limit / SHARE {
                break;
            }
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => size = size.saturating_sub(length),
            }
            if used > self.since {
                removed = Removed::Used;
            }
        }
        Ok((size, removed))
    }
}

/// Our files: when each was used last, how long it is, and where.
fn files(folder: &Path) -> io::Result<Vec<(SystemTime, u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_ours = SUFFIXES.iter().any(|suffix| name.as_encoded_bytes().ends_with(suffix.as_bytes()));
        if !is_ours {
            continue;
        }
        // Another process may just have removed it.
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_file() {
            files.push((meta.modified()?, meta.len(), entry.path()));
        }
    }
    Ok(files)
}
