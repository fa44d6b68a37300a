//! A component's file: what was read of it, and whether it has to be read again.
//!
//! A reload looks at the files of all plugins. To read and sum up thousands of them, of which one has changed, would take
//! longer than all else together; to ask the system when they were changed takes a microsecond each.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aot::Source;
use model::Stamp;

/// What a file held.
pub struct Reading {
    /// All of it.
    pub bytes: Arc<[u8]>,
    /// By what it is known.
    pub content: Source,
    stamp: Option<Stamp>,
}

/// How the file was known the last time that it was read. As many are kept as there are plugins.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Option<Stamp>>>);

impl Reading {
    /// Reads a file.
    pub fn of(path: &Path) -> io::Result<Reading> {
        let since = SystemTime::now();
        let mut file = File::open(path)?;
        let before = file.metadata()?;
        let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or_default());
        file.read_to_end(&mut bytes)?;
        let after = Stamp::now(&file.metadata()?);
        let stamp = Stamp::settled(&before, since).filter(|stamp| *stamp == after);
        Ok(Reading { content: Source::component(&bytes), bytes: bytes.into(), stamp })
    }

    /// How it is known from now on.
    pub fn seen(&self) -> Seen {
        Seen(Arc::new(Mutex::new(self.stamp.clone())))
    }
}

impl Seen {
    /// Whether what the path leads to is what was read.
    pub fn is_still(&self, path: &Path) -> bool {
        let stamp = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stamp) = &*stamp else { return false };
        std::fs::metadata(path).is_ok_and(|meta| Stamp::now(&meta) == *stamp)
    }

    /// It was read again, and held the same.
    pub fn again(&self, reading: &Reading) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reading.stamp.clone();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    /// A file that was last changed long ago. Its time of change can't be set, so it is waited for.
    fn settled(path: &Path, content: &str) -> Reading {
        fs::write(path, content).unwrap();
        let end = SystemTime::now() + Duration::from_secs(10);
        loop {
            let reading = Reading::of(path).unwrap();
            if reading.stamp.is_some() || SystemTime::now() > end {
                return reading;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_file_that_has_just_been_written_is_read_again_until_it_has_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it");
        fs::write(&path, "one").unwrap();
        let first = Reading::of(&path).unwrap();
        let seen = first.seen();
        assert!(!seen.is_still(&path), "it may be written again within the same tick");
        let later = settled(&path, "one");
        assert!(later.content == first.content);
        seen.again(&later);
        assert!(seen.is_still(&path));
        for change in ["two", "longer"] {
            fs::write(&path, change).unwrap();
            assert!(!seen.is_still(&path), "{change}");
        }
        fs::remove_file(&path).unwrap();
        assert!(!seen.is_still(&path));
    }
}
