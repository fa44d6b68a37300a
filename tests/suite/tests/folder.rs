//! A folder of files is a configuration: what is added, changed and removed in it is applied, and errors name the file.

use std::fs;
use std::path::PathBuf;

use sandgate_tests::{Finished, Origin, PATIENCE, Sandgate, get, sandgate_command, wait_for, yaml};

/// Where the configuration is, in the folder of the test.
const FOLDER: &str = "conf.d";

/// A file of one upstream and one route, both named so.
fn site(name: &str, origin: &Origin) -> String {
    format!(
        "upstreams:\n  {name}: {{ endpoints: [\"{}\"] }}\n\
         routes:\n  - {{ name: {name}, match: {{ path: {{ prefix: /{name} }} }}, upstream: {name} }}\n",
        origin.url()
    )
}

/// Serving `/one`, from two files.
fn with_one_site(origin: &Origin) -> Sandgate {
    Sandgate::with_config(yaml::entry()).start_from(|folder, entry| {
        let folder = folder.join(FOLDER);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("00-entry.yaml"), entry).unwrap();
        fs::write(folder.join("one.yaml"), site("one", origin)).unwrap();
        folder
    })
}

fn put(sandgate: &Sandgate, name: &str, text: &str) {
    sandgate.put(&format!("{FOLDER}-{name}"), text.as_bytes());
    fs::rename(sandgate.folder().join(format!("{FOLDER}-{name}")), path(sandgate, name)).unwrap();
}

fn path(sandgate: &Sandgate, name: &str) -> PathBuf {
    sandgate.folder().join(FOLDER).join(name)
}

fn wait_for_status(sandgate: &Sandgate, path: &str, status: u16) {
    wait_for("the change to be applied", PATIENCE, || get(sandgate.web(), path).status() == status);
}

fn wait_for_refusal(sandgate: &Sandgate, mark: usize) -> String {
    sandgate.log_line_after(mark, |line| line.message() == "configuration refused").text("error")
}

#[test]
fn files_that_come_change_and_go_are_applied() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_one_site(&origin);
    assert_eq!((get(sandgate.web(), "/one").status(), get(sandgate.web(), "/two").status()), (200, 404));
    put(&sandgate, "two.yaml", &site("two", &origin));
    wait_for_status(&sandgate, "/two", 200);
    fs::write(path(&sandgate, "two.yaml"), site("three", &origin)).unwrap();
    wait_for_status(&sandgate, "/three", 200);
    assert_eq!(get(sandgate.web(), "/two").status(), 404);
    fs::remove_file(path(&sandgate, "two.yaml")).unwrap();
    wait_for_status(&sandgate, "/three", 404);
    assert_eq!(get(sandgate.web(), "/one").status(), 200, "what was not touched stays");
}

#[test]
fn a_new_file_with_a_mistake_changes_nothing_until_it_is_mended() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_one_site(&origin);
    let mark = sandgate.log_mark();
    put(&sandgate, "two.yaml", &site("one", &origin));
    let error = wait_for_refusal(&sandgate, mark);
    let second = path(&sandgate, "two.yaml");
    assert!(error.contains(&format!("{}:2:3", second.display())), "{error}");
    assert!(error.contains("line 2 of `one.yaml`"), "{error}");
    assert_eq!(get(sandgate.web(), "/one").status(), 200);
    fs::write(&second, site("two", &origin)).unwrap();
    wait_for_status(&sandgate, "/two", 200);
}

#[test]
fn what_is_no_configuration_may_lie_beside_the_files() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_one_site(&origin);
    for name in [".two.yaml.swp", ".#two.yaml", "two.yaml~", "notes.txt"] {
        fs::write(path(&sandgate, name), "not: [a configuration").unwrap();
    }
    fs::create_dir(path(&sandgate, "certs.yaml")).unwrap();
    put(&sandgate, "two.yaml", &site("two", &origin));
    wait_for_status(&sandgate, "/two", 200);
    assert_eq!(sandgate.metrics().sum("sandgate_generation", &[]), 2.0, "the first change is that of a file");
}

#[test]
fn a_folder_without_files_is_refused_and_the_old_one_serves_on() {
    let origin = Origin::replying(200, "hello");
    let sandgate = with_one_site(&origin);
    let mark = sandgate.log_mark();
    fs::rename(path(&sandgate, ""), sandgate.folder().join("elsewhere")).unwrap();
    wait_for_refusal(&sandgate, mark);
    assert_eq!(get(sandgate.web(), "/one").status(), 200);
    fs::write(sandgate.folder().join("elsewhere/two.yaml"), site("two", &origin)).unwrap();
    fs::rename(sandgate.folder().join("elsewhere"), path(&sandgate, "")).unwrap();
    wait_for_status(&sandgate, "/two", 200);
}

fn command(subcommand: &str, files: &[(&str, &str)]) -> Finished {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    sandgate_command(&[subcommand, folder.path().to_str().unwrap()])
}

#[test]
fn check_and_routes_read_a_folder_and_all_its_errors() {
    let origin = Origin::refusing();
    let (entry, one) = (yaml::entry(), site("one", &origin));
    let good = [("a.yaml", entry.as_str()), ("b.yaml", one.as_str())];
    let finished = command("check", &good);
    assert!(finished.stdout.contains("ok: 1 listeners, 1 routes, 1 upstreams"), "{finished:?}");
    assert!(command("routes", &good).stdout.starts_with("one: "));
    let finished =
        command("check", &[("a.yaml", &entry), ("b.yml", "lg: 1\n"), ("c.json", "{\"routes\": 3}")]);
    assert_eq!(finished.status.code(), Some(78));
    assert!(finished.stderr.contains("b.yml:1:1") && finished.stderr.contains("c.json:1:12"), "{finished:?}");
}
