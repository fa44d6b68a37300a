//! Whether something that was built is newer than all that it was built from.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders that package managers and compilers fill.
const FILLED: [&str; 4] = ["node_modules", "__pycache__", "build.tmp", ".zig-cache"];

/// Whether a file is newer than every file of these folders.
pub(super) fn is_newer(file: &Path, folders: &[PathBuf]) -> bool {
    let Some(built) = changed(file) else { return false };
    folders.iter().filter_map(|folder| newest(folder)).all(|source| source < built)
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let each = entries.filter_map(|path| match path.is_dir() {
        true if FILLED.iter().any(|name| path.ends_with(name)) => None,
        true => newest(&path),
        false => changed(&path),
    });
    each.max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{File, FileTimes, create_dir_all, write};
    use std::time::Duration;

    #[test]
    fn a_source_that_changed_later_tells_and_what_tools_fill_does_not() {
        let root = tempfile::tempdir().unwrap();
        let (built, folder) = (root.path().join("a.wasm"), root.path().join("src"));
        create_dir_all(folder.join("node_modules")).unwrap();
        let touch = |path: &Path, seconds| {
            write(path, "").unwrap();
            let times = FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            File::options().write(true).open(path).unwrap().set_times(times).unwrap();
        };
        touch(&folder.join("a.js"), 10);
        touch(&folder.join("node_modules/b.js"), 30);
        assert!(!is_newer(&built, std::slice::from_ref(&folder)), "it is not there");
        touch(&built, 20);
        assert!(is_newer(&built, std::slice::from_ref(&folder)));
        touch(&folder.join("a.js"), 25);
        assert!(!is_newer(&built, &[folder]));
    }
}
