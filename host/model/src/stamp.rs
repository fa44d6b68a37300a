//! What tells that a file is still the one that was read, without reading it again.
//!
//! It is made of what the system says of the file; nothing is asked here. Whoever writes a file changes its time of change
//! (`ctime`), which nobody can set back. But clocks tick: what is written within the tick in which the file was read does not show. So a
//! file that has changed shortly before it was read has no stamp yet, as in git's index ("racy git").

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// So long a file must have been what it is when it is read. The coarsest clocks of file systems tick every two seconds (FAT).
const SETTLED: Duration = Duration::from_secs(2);

/// Which file it is, how long it is, and when it was changed last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// That of a file of which this was said before it was read, which began at that time. None if it may yet change without
    /// showing it.
    pub fn settled(meta: &Metadata, read_since: SystemTime) -> Option<Stamp> {
        let stamp = Stamp::now(meta);
        let then = read_since.checked_sub(SETTLED)?.duration_since(UNIX_EPOCH).ok()?;
        let then = (i64::try_from(then.as_secs()).ok()?, i64::from(then.subsec_nanos()));
        (stamp.changed < then && stamp.modified < then).then_some(stamp)
    }

    /// What it is at present, to be compared with what it was.
    pub fn now(meta: &Metadata) -> Stamp {
        Stamp {
            device: meta.dev(),
            inode: meta.ino(),
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    fn later(seconds: u64) -> SystemTime {
        SystemTime::now() + Duration::from_secs(seconds)
    }

    #[test]
    fn a_file_that_has_just_changed_has_no_stamp_yet() {
        let meta = tempfile::tempfile().unwrap().metadata().unwrap();
        assert_eq!(Stamp::settled(&meta, SystemTime::now()), None);
        assert_eq!(Stamp::settled(&meta, later(1)), None);
        assert_eq!(Stamp::settled(&meta, later(3)), Some(Stamp::now(&meta)));
    }

    #[test]
    fn a_file_of_times_to_come_has_none() {
        let file = tempfile::tempfile().unwrap();
        file.set_modified(later(3600)).unwrap();
        assert_eq!(Stamp::settled(&file.metadata().unwrap(), later(3)), None);
    }

    #[test]
    fn times_that_are_set_back_hide_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it");
        fs::write(&path, "before").unwrap();
        let before = fs::metadata(&path).unwrap();
        fs::write(&path, "behind").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(before.modified().unwrap()).unwrap();
        let after = fs::metadata(&path).unwrap();
        assert_eq!((before.len(), before.modified().unwrap()), (after.len(), after.modified().unwrap()));
        // Within one tick of the clock the two may be the same, which is why a stamp has to have settled.
        let is_same_tick = (before.ctime(), before.ctime_nsec()) == (after.ctime(), after.ctime_nsec());
        assert_eq!(Stamp::now(&before) == Stamp::now(&after), is_same_tick);
    }

    #[test]
    fn another_file_of_the_same_times_is_another() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
        fs::write(&one, "same").unwrap();
        fs::write(&other, "same").unwrap();
        let [one, other] = [one, other].map(|path| Stamp::now(&fs::metadata(path).unwrap()));
        assert_ne!(one, other);
    }
}
