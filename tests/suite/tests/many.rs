//! Many plugins in one process: what they share, and what a reload looks at again.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use sandgate_tests::{Origin, PATIENCE, Sandgate, Setup, Signal, binary, get, guest, wait_for, yaml};

/// What the guest has in its data: a field and its value. The other is as long.
const SAYS: &[u8] = b"x-served-bysandgate";
const SAYS_OTHERWISE: &[u8] = b"x-served-bysandpits";

#[test]
fn code_is_mapped_from_the_cache_and_its_pages_are_nobodys_until_they_are_used() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start(setup("a: { wasm: it.wasm }").file("it.wasm", &guest("add-header")), &origin);
    let maps = format!("/proc/{}/smaps", sandgate.pid());
    let kib = || resident(&fs::read_to_string(&maps).expect("maps"));
    let code = kib();
    assert_eq!((code.is_empty(), code.iter().sum::<u64>()), (false, 0), "mapped, and settled");
    assert_eq!(sandgate.client().get("/").field("x-served-by"), Some("sandgate"));
    assert!(kib().iter().sum::<u64>() > 0, "what ran is there");
}

#[test]
fn a_component_that_changes_is_taken_up_alone() {
    let origin = Origin::replying(200, "hello");
    let plugins = "a: { wasm: it.wasm }, b: { wasm: other.wasm }, c: { wasm: third.wasm }";
    let setup = setup(plugins).file("it.wasm", &guest("add-header")).file("other.wasm", &guest("add-header"));
    let sandgate = start(setup.file("third.wasm", &guest("rewrite-json-body")), &origin);
    let asked = || sandgate.metrics().sum("sandgate_plugin_compilations_total", &[]);
    let before = asked();
    sandgate.put("it.wasm", &otherwise());
    wait_for_other_words(&sandgate);
    assert_eq!(asked(), before + 1.0, "nothing else was even looked for");
}

#[test]
fn a_change_that_no_clock_shows_is_taken_up() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start(setup("a: { wasm: it.wasm }").file("it.wasm", &guest("add-header")), &origin);
    let path = sandgate.folder().join("it.wasm");
    let then = fs::metadata(&path).and_then(|meta| meta.modified()).expect("a time");
    // In place, as long as before, and with the time of before: a new inode would show.
    fs::write(&path, otherwise()).expect("a file to write");
    File::options().write(true).open(&path).and_then(|file| file.set_modified(then)).expect("a time to set");
    sandgate.signal(Signal::Hangup);
    wait_for_other_words(&sandgate);
}

#[test]
fn a_configuration_that_has_not_changed_goes_on_and_one_that_has_is_read() {
    let origin = Origin::replying(200, "hello");
    let sandgate = start(setup("a: { wasm: it.wasm }").file("it.wasm", &guest("add-header")), &origin);
    // Long enough unchanged to be known by its times, from then on.
    let settled = SystemTime::now() + Duration::from_secs(3);
    wait_for("some time", PATIENCE, || SystemTime::now() > settled);
    for _ in 0..2 {
        let mark = sandgate.log_mark();
        sandgate.signal(Signal::Hangup);
        sandgate.log_line_after(mark, |line| line.message() == "configuration applied");
        assert_eq!(get(sandgate.web(), "/").field("x-served-by"), Some("sandgate"));
    }
    sandgate.reload(&yaml::forwarding());
    assert_eq!(get(sandgate.web(), "/").field("x-served-by"), None);
}

#[test]
fn thousands_of_plugins_of_one_component_share_its_code() {
    const COUNT: usize = 2000;
    let origin = Origin::replying(200, "hello");
    let plugins: Vec<String> = (0..COUNT).map(|number| format!("p{number}: {{ wasm: it.wasm }}")).collect();
    let config = format!("plugins: {{ {} }}\n", plugins.join(", "))
        + &yaml::forwarding_by(&format!("filters: [{{ plugin: p{} }}]", COUNT - 1));
    let setup = Sandgate::with_config(config).file("it.wasm", &guest("add-header"));
    let sandgate = start(setup, &origin);
    let metrics = sandgate.metrics();
    let asked = |result| metrics.sum("sandgate_plugin_compilations_total", &[("result", result)]);
    assert_eq!(asked("compiled") + asked("cached"), 1.0);
    let maps = fs::read_to_string(format!("/proc/{}/maps", sandgate.pid())).expect("maps");
    assert_eq!(maps.lines().filter(|line| line.contains(".cwasm") && line.contains("r-xp")).count(), 1);
    assert_eq!(get(sandgate.web(), "/").field("x-served-by"), Some("sandgate"));
}

#[test]
fn the_size_of_the_cache_is_the_environments_and_no_more_is_kept() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("a mode to set");
    let kept = || fs::read_dir(folder.path()).expect("a folder").count();
    let (code, said) = inspect(folder.path(), "1MiBs");
    assert_eq!(code, Some(1));
    assert!(said.contains("SANDGATE_CACHE_SIZE: expected a size such as `4GiB`, found `1MiBs`"), "{said}");
    for (size, files) in [("1KiB", 0), ("1GiB", 1)] {
        let (code, said) = inspect(folder.path(), size);
        assert_eq!((code, kept()), (Some(0), files), "{size}: {said}");
    }
}

/// Inspects a component with a cache that may hold so much: the exit code, and what it wrote.
fn inspect(cache: &Path, size: &str) -> (Option<i32>, String) {
    let mut command = Command::new(binary());
    command.arg("inspect").arg(guest("add-header"));
    let output = command.env("SANDGATE_CACHE", cache).env("SANDGATE_CACHE_SIZE", size).output();
    let output = output.expect("a command to run");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}

fn setup(plugins: &str) -> Setup {
    let filtering = yaml::forwarding_by("filters: [{ plugin: a }]");
    Sandgate::with_config(format!("plugins: {{ {plugins} }}\n") + &filtering)
}

fn start(setup: Setup, origin: &Origin) -> Sandgate {
    setup.origins("app", &[origin]).start()
}

/// The component with another word in its data.
fn otherwise() -> Vec<u8> {
    let mut bytes = fs::read(guest("add-header")).expect("a guest");
    let at = bytes.windows(SAYS.len()).position(|window| window == SAYS).expect("what it says");
    bytes[at..at + SAYS.len()].copy_from_slice(SAYS_OTHERWISE);
    bytes
}

fn wait_for_other_words(sandgate: &Sandgate) {
    wait_for("the changed component", PATIENCE, || {
        get(sandgate.web(), "/").field("x-served-by") == Some("sandpits")
    });
}

/// Of each mapping of compiled code how much of it is in memory, in KiB.
fn resident(smaps: &str) -> Vec<u64> {
    let (mut code, mut is_code) = (Vec::new(), false);
    for line in smaps.lines() {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("Rss:") if is_code => code.extend(words.next().and_then(|kib| kib.parse::<u64>().ok())),
            Some(place) if !place.ends_with(':') => {
                is_code = line.contains(".cwasm") && line.contains("r-xp");
            }
            _ => {}
        }
    }
    code
}
