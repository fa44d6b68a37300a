//! Watching the files a generation was built from.
//!
//! What is watched are folders, not files: editors and deployment tools put a new file in the place of the old one,
//! and Kubernetes swaps a symbolic link two folders up. Events only say that something happened; whether it matters is
//! told by comparing what the paths lead to. Of a folder of configuration files, which may be watched as one of the files, that
//! is what its files lead to: others that come and go in it are no change.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// So long nothing more must happen before a change counts as complete.
const QUIET: Duration = Duration::from_millis(50);
/// So long a change is waited for at most.
const PATIENCE: Duration = Duration::from_secs(1);

/// Watches files.
pub struct Watch {
    watcher: RecommendedWatcher,
    events: mpsc::Receiver<()>,
    files: Vec<PathBuf>,
    folders: BTreeSet<PathBuf>,
    seen: Vec<Option<Identity>>,
}

/// What tells one content of a path from another.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Identity {
    File { target: PathBuf, device: u64, inode: u64, size: u64, modified: (i64, i64) },
    Folder(Vec<(PathBuf, Option<Identity>)>),
}

impl Watch {
    /// Watches nothing yet.
    pub fn new() -> notify::Result<Watch> {
        // One event that waits says as much as many.
        let (tell, events) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let reads_only = event.is_ok_and(|event| event.kind.is_access());
            if !reads_only {
                let _ = tell.try_send(());
            }
        })?;
        Ok(Watch { watcher, events, files: Vec::new(), folders: BTreeSet::new(), seen: Vec::new() })
    }

    /// Watches these files from now on, as they were when they were read, which began at `read_since`.
    pub fn set(&mut self, files: Vec<PathBuf>, read_since: SystemTime) {
        let before: HashMap<PathBuf, Option<Identity>> =
            self.files.drain(..).zip(self.seen.drain(..)).collect();
        let mut folders = Folders::default();
        self.seen = files.iter().map(|file| as_read(file, &before, read_since, &mut folders)).collect();
        self.files = files;
        self.follow();
    }

    /// Waits until one of the files is another than it was.
    pub async fn changed(&mut self) {
        let mut is_settled = false;
        loop {
            // Looked at before any event is waited for: it may have come while nobody did. But what has just changed may be
            // half of what is being written.
            let now = self.identities();
            if now != self.seen && is_settled {
                self.seen = now;
                return;
            }
            if now == self.seen && self.events.recv().await.is_none() {
                return std::future::pending().await;
            }
            self.settle().await;
            self.follow();
            is_settled = true;
        }
    }

    /// Lets a burst of events pass.
    async fn settle(&mut self) {
        let end = Instant::now() + PATIENCE;
        loop {
            let quiet = (Instant::now() + QUIET).min(end);
            if timeout_at(quiet, self.events.recv()).await.is_err() {
                return;
            }
        }
    }

    fn identities(&self) -> Vec<Option<Identity>> {
        let mut folders = Folders::default();
        self.files.iter().map(|file| identity(file, &mut folders)).collect()
    }

    /// Watches the folders that the files are in at present, links on the way followed.
    fn follow(&mut self) {
        let folders = folders_to_watch(&self.files);
        for gone in self.folders.difference(&folders) {
            // It may have been removed, and the watch with it.
            let _ = self.watcher.unwatch(gone);
        }
        for folder in &folders {
            // Also those watched already: a folder of the same name may be another now.
            if let Err(error) = self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                tracing::warn!(folder = %folder.display(), %error, "a folder can't be watched");
            }
        }
        self.folders = folders;
    }
}

/// What a file was when it was read. One that is watched already was looked at before; a new one that has changed since
/// the reading began counts as not seen yet, so that it is read again.
fn as_read(
    file: &Path,
    before: &HashMap<PathBuf, Option<Identity>>,
    read_since: SystemTime,
    folders: &mut Folders,
) -> Option<Identity> {
    if let Some(seen) = before.get(file) {
        return seen.clone();
    }
    let modified = modified(file).max(listed(file).filter_map(|file| modified(&file)).max())?;
    if modified < read_since { identity(file, folders) } else { None }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

/// Where folders lead, each asked for once: thousands of components may be in one.
#[derive(Default)]
struct Folders(HashMap<PathBuf, Option<PathBuf>>);

impl Folders {
    /// Where a path leads in the end, and what is there.
    fn target(&mut self, path: &Path) -> Option<(PathBuf, Metadata)> {
        let meta = fs::symlink_metadata(path).ok()?;
        let (Some(folder), Some(name), false) = (path.parent(), path.file_name(), meta.is_symlink()) else {
            let target = fs::canonicalize(path).ok()?;
            let meta = fs::metadata(&target).ok()?;
            return Some((target, meta));
        };
        if let Some(real) = self.0.get(folder) {
            return Some((real.as_ref()?.join(name), meta));
        }
        let real = fs::canonicalize(folder).ok();
        self.0.insert(folder.to_owned(), real.clone());
        Some((real?.join(name), meta))
    }
}

fn identity(path: &Path, folders: &mut Folders) -> Option<Identity> {
    let (target, meta) = folders.target(path)?;
    if meta.is_dir() {
        let files = document::listing(path).ok()?;
        return Some(Identity::Folder(files.into_iter().map(|file| identified(file, folders)).collect()));
    }
    let modified = (meta.mtime(), meta.mtime_nsec());
    Some(Identity::File { target, device: meta.dev(), inode: meta.ino(), size: meta.size(), modified })
}

/// Not recursive: what a folder lists are no folders, unless one has just become one.
fn identified(file: PathBuf, folders: &mut Folders) -> (PathBuf, Option<Identity>) {
    let identity = if file.is_dir() { None } else { identity(&file, folders) };
    (file, identity)
}

/// The configuration files of a folder; none of a file.
fn listed(path: &Path) -> impl Iterator<Item = PathBuf> {
    let files = if path.is_dir() { document::listing(path).unwrap_or_default() } else { Vec::new() };
    files.into_iter()
}

/// The folders in which something may happen to files; of a folder, to any of its files or to itself.
fn folders_to_watch(files: &[PathBuf]) -> BTreeSet<PathBuf> {
    let (mut folders, mut done) = (BTreeSet::new(), HashSet::new());
    for path in files {
        // What is no link and no folder is watched as its neighbours are.
        let is_plain = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file());
        if is_plain && !path.parent().is_some_and(|folder| done.insert(folder)) {
            continue;
        }
        folders.extend(folders_of(path));
        if path.is_dir() {
            folders.insert(path.clone());
            folders.extend(listed(path).flat_map(|file| folders_of(&file)));
        }
    }
    folders
}

/// The folder of a file, and those of every link between the path and what it leads to.
fn folders_of(file: &Path) -> Vec<PathBuf> {
    /// As many links as the kernel follows.
    const LINKS: usize = 40;
    let mut folders = Vec::new();
    let mut path = file.to_owned();
    for _ in 0..LINKS {
        let Some(folder) = path.parent().filter(|folder| folder.is_dir()) else { break };
        folders.push(folder.to_owned());
        folders.extend(fs::canonicalize(folder));
        match fs::read_link(&path) {
            Ok(target) => path = folder.join(target),
            Err(_) => break,
        }
    }
    // A link in the middle of a path: the folder it lies in is where it is swapped.
    folders.extend(linked_ancestors(file));
    folders
}

fn linked_ancestors(file: &Path) -> impl Iterator<Item = PathBuf> {
    let direct = fs::read_link(file).ok().map(|target| file.parent().unwrap_or(Path::new("/")).join(target));
    let paths = [Some(file.to_owned()), direct].into_iter().flatten();
    let ancestors = paths.flat_map(|path| path.ancestors().map(Path::to_owned).collect::<Vec<_>>());
    ancestors.filter(|ancestor| ancestor.is_symlink()).filter_map(|link| link.parent().map(Path::to_owned))
}
