//! What the cache takes, and what it removes.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::thread;
use std::time::Duration;

use super::*;

const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

struct Setup {
    folder: tempfile::TempDir,
    cache: AotCache,
    engine: wasmtime::Engine,
}

impl Setup {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = AotCache::open(folder.path()).unwrap();
        Setup { folder, cache, engine: wasmtime::Engine::default() }
    }

    /// Compiles a component that is called by that name, and says where it was kept.
    fn keep(&self, name: &str) -> PathBuf {
        self.cache.component(&self.engine, named(name), EMPTY_COMPONENT).unwrap();
        self.path(name)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(named(name).compiled_by(&self.engine).file_name())
    }

    fn has(&self, name: &str) -> bool {
        self.cache.find(&self.engine, named(name)).is_some()
    }
}

fn named(name: &str) -> Source {
    Source::of([name.as_bytes()])
}

fn age(path: &Path, hours: u64) {
    let then = SystemTime::now() - Duration::from_secs(3600 * hours);
    fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

#[test]
fn a_component_is_compiled_once() {
    let setup = Setup::new();
    let written = fs::metadata(setup.keep("it")).unwrap().ino();
    assert!(setup.has("it"));
    assert_eq!(fs::metadata(setup.keep("it")).unwrap().ino(), written, "not written again");
}

#[test]
fn what_others_could_have_written_is_not_taken() {
    let setup = Setup::new();
    let file = setup.keep("it");
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    for mode in [0o620, 0o602, 0o666] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        assert!(!setup.has("it"), "{mode:o}");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(setup.has("it"));
}

#[test]
fn a_changed_byte_anywhere_is_found() {
    let setup = Setup::new();
    let file = setup.keep("it");
    let whole = fs::read(&file).unwrap();
    for at in [0, MAGIC.len(), HEADER - 1, HEADER, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&file, changed).unwrap();
        assert!(!setup.has("it"), "byte {at} of {}", whole.len());
    }
    for length in [0, 1, HEADER - 1, HEADER, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        assert!(!setup.has("it"), "cut to {length}");
    }
    setup.keep("it");
    assert!(setup.has("it"), "it is written anew in place of the damaged one");
}

#[test]
fn a_file_under_anothers_name_is_not_taken() {
    let setup = Setup::new();
    let (good, bad) = (setup.keep("good"), setup.keep("bad"));
    fs::rename(bad, good).unwrap();
    assert!(!setup.has("good"));
}

#[test]
fn a_link_is_not_followed() {
    let setup = Setup::new();
    let file = setup.keep("it");
    let elsewhere = setup.folder.path().join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    assert!(!setup.has("it"));
    fs::remove_file(&file).unwrap();
    fs::rename(&elsewhere, &file).unwrap();
    assert!(setup.has("it"), "it was the link");
}

#[test]
fn what_another_engine_compiled_is_not_looked_at() {
    let setup = Setup::new();
    setup.keep("it");
    let other = wasmtime::Engine::new(wasmtime::Config::new().epoch_interruption(true)).unwrap();
    assert!(setup.cache.find(&other, named("it")).is_none());
}

#[test]
fn a_folder_that_others_may_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(AotCache::open(folder.path()).is_err());
}

#[test]
fn what_was_used_longest_ago_goes_first_and_nothing_of_others() {
    let mut setup = Setup::new();
    let (old, used) = (setup.keep("old"), setup.keep("used"));
    let foreign = setup.folder.path().join("thesis.txt");
    fs::write(&foreign, [0; 100_000]).unwrap();
    [&old, &used, &foreign].into_iter().zip([3, 4, 9]).for_each(|(path, hours)| age(path, hours));
    assert!(setup.has("used"), "which makes it young");
    let one = fs::metadata(&old).unwrap().len();
    setup.cache.limit = 2 * one + one / 2;
    setup.keep("new");
    assert_eq!([old, used, setup.path("new"), foreign].map(|path| path.exists()), [false, true, true, true]);
}

#[test]
fn many_that_write_the_same_leave_one_whole_file() {
    let setup = Setup::new();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                (0..8)
                    .for_each(|_| setup.cache.keep(named("it").compiled_by(&setup.engine), b"code").unwrap());
            });
        }
    });
    let names: Vec<_> =
        fs::read_dir(setup.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(names, [setup.path("it")], "and no drafts");
    assert_eq!(setup.cache.read(named("it").compiled_by(&setup.engine)).unwrap(), b"code");
}
