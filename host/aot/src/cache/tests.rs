//! What the cache takes, and what it removes.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::thread;
use std::time::{Duration, SystemTime};

use super::file::{MAGIC, SEAL};
use super::room::Removed;
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
        let cache = AotCache::open(folder.path(), AotCache::SIZE).unwrap();
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

    /// The same folder, opened anew, which may hold less.
    fn limit(&mut self, size: u64) {
        self.cache = AotCache::open(self.folder.path(), size).unwrap();
    }

    fn sealed(&self, name: &str) -> Sealed {
        Sealed::open(&self.path(name), named(name).compiled_by(&self.engine)).unwrap()
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
    File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
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
    let image = whole.len() - SEAL;
    for at in [0, image / 2, image - 1, image, image + MAGIC.len(), whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&file, changed).unwrap();
        assert!(!setup.has("it"), "byte {at} of {}", whole.len());
    }
    for length in [0, 1, SEAL, image, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        assert!(!setup.has("it"), "cut to {length}");
    }
    fs::write(&file, [whole.as_slice(), &[0]].concat()).unwrap();
    assert!(!setup.has("it"), "a byte more");
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
    assert!(AotCache::open(folder.path(), AotCache::SIZE).is_err());
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
    setup.limit(2 * one + one / 2);
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
    assert_eq!(setup.sealed("it").image().unwrap(), b"code");
}

/// A component with code and data, that says 42 by a function and by what is in its memory.
const ANSWERING: &str = r#"(component
    (core module $m
        (memory 1) (data (i32.const 8) "\2a")
        (func (export "computed") (result i32) (i32.add (i32.const 40) (i32.const 2)))
        (func (export "kept") (result i32) (i32.load8_u (i32.const 8))))
    (core instance $i (instantiate $m))
    (func (export "computed") (result u32) (canon lift (core func $i "computed")))
    (func (export "kept") (result u32) (canon lift (core func $i "kept"))))"#;

fn answers(engine: &wasmtime::Engine, artifact: &Artifact) -> [u32; 2] {
    let mut store = wasmtime::Store::new(engine, ());
    let linker = wasmtime::component::Linker::new(engine);
    let instance = linker.instantiate(&mut store, artifact.code().component().unwrap()).unwrap();
    ["computed", "kept"].map(|name| {
        let func = instance.get_typed_func::<(), (u32,)>(&mut store, name).unwrap();
        func.call(&mut store, ()).unwrap().0
    })
}

/// How the pages of a component's image are held: the file's name in `/proc/self/smaps`, and KiB by kind.
fn pages(artifact: &Artifact) -> Vec<(String, [u64; 2])> {
    let image = artifact.code().image_range();
    let image = image.start.addr()..image.end.addr();
    let (mut found, mut is_ours) = (Vec::new(), false);
    for line in fs::read_to_string("/proc/self/smaps").unwrap().lines() {
        let mut words = line.split_ascii_whitespace();
        let first = words.next().unwrap();
        if let Some((start, _)) = first.split_once('-') {
            is_ours = usize::from_str_radix(start, 16).is_ok_and(|start| image.contains(&start));
            if is_ours {
                found.push((line.split_ascii_whitespace().nth(5).unwrap_or("").to_owned(), [0; 2]));
            }
        } else if let (true, Some((_, [rss, own])), Some(Ok(kib))) =
            (is_ours, found.last_mut(), words.next().map(str::parse::<u64>))
        {
            match first {
                "Rss:" => *rss += kib,
                "Anonymous:" => *own += kib,
                _ => {}
            }
        }
    }
    found
}

#[test]
fn code_is_mapped_from_its_file_whoever_compiled_it_and_settles_to_nothing() {
    let setup = Setup::new();
    let bytes = wat::parse_str(ANSWERING).unwrap();
    let source = Source::component(&bytes);
    for round in ["compiled", "found"] {
        let found = setup.cache.component(&setup.engine, source, &bytes).unwrap();
        let (("compiled", Found::Compiled(artifact)) | ("found", Found::Cached(artifact))) = (round, found)
        else {
            panic!("not {round}")
        };
        assert_eq!(answers(&setup.engine, &artifact), [42, 42]);
        let used = pages(&artifact);
        assert!(
            !used.is_empty() && used.iter().all(|(file, _)| file.ends_with(".cwasm")),
            "{round}: {used:?}"
        );
        assert_eq!(
            used.iter().map(|(_, [_, own])| own).sum::<u64>(),
            0,
            "{round}: no page is a copy: {used:?}"
        );
        artifact.settle();
        let settled: u64 = pages(&artifact).iter().map(|(_, [rss, _])| rss).sum();
        assert_eq!(settled, 0, "{round}");
        assert_eq!(answers(&setup.engine, &artifact), [42, 42], "{round}: it comes back");
    }
}

#[test]
fn code_that_is_removed_or_replaced_runs_on() {
    let mut setup = Setup::new();
    let bytes = wat::parse_str(ANSWERING).unwrap();
    let source = Source::component(&bytes);
    let Found::Compiled(artifact) = setup.cache.component(&setup.engine, source, &bytes).unwrap() else {
        panic!("it was there")
    };
    artifact.settle();
    setup.limit(0);
    setup.keep("other");
    let path = setup.cache.path(source.compiled_by(&setup.engine));
    assert!(!path.exists());
    fs::write(path, "something else").unwrap();
    assert_eq!(answers(&setup.engine, &artifact), [42, 42]);
}

#[test]
fn code_that_was_read_settles_without_loss() {
    let setup = Setup::new();
    let bytes = wat::parse_str(ANSWERING).unwrap();
    let source = Source::component(&bytes);
    setup.cache.component(&setup.engine, source, &bytes).unwrap();
    let key = source.compiled_by(&setup.engine);
    let image = Sealed::open(&setup.cache.path(key), key).unwrap().image().unwrap();
    let artifact = Artifact::in_memory(file::deserialize(&setup.engine, &image).unwrap());
    artifact.settle();
    assert_eq!(answers(&setup.engine, &artifact), [42, 42], "settling takes nothing that can't be had again");
}

#[test]
fn the_folder_is_looked_at_when_it_may_be_too_full_and_what_is_used_is_missed() {
    let mut setup = Setup::new();
    let one = fs::metadata(setup.keep("0")).unwrap().len();
    setup.limit(40 * one);
    for number in 1..100 {
        setup.keep(&number.to_string());
        let files = fs::read_dir(setup.folder.path()).unwrap().count() as u64;
        assert!(files <= 40 + 40 / 16, "{files}");
    }
    let room = Room::new(10 * one);
    let (size, removed) = room.shrink(setup.folder.path()).unwrap();
    assert!(size <= 10 * one && size > 8 * one, "{size}");
    assert_eq!(removed, Removed::Old, "as nobody used them since");
    fs::read_dir(setup.folder.path()).unwrap().for_each(|entry| {
        File::options()
            .write(true)
            .open(entry.unwrap().path())
            .unwrap()
            .set_modified(SystemTime::now())
            .unwrap();
    });
    let room = Room::new(5 * one);
    for number in 200..210 {
        setup.keep(&number.to_string());
    }
    assert_eq!(room.shrink(setup.folder.path()).unwrap().1, Removed::Used);
}
