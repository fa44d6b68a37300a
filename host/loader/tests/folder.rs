//! A folder of files is one configuration, and its errors name the right file. `UPDATE=1` writes the reports anew.

#![expect(clippy::unwrap_used, reason = "what a test prepares has to work")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use config::Config;
use document::{FILE_LIMIT, FOLDER_LIMIT, Report};
use tempfile::TempDir;

const BASE: &str = "version: 1\nlisteners: [{ name: web, address: '127.0.0.1:0' }]\n";

/// Relative, so that reports are the same on every machine: tests run in their crate's folder.
fn case(name: &str) -> PathBuf {
    Path::new("tests/folders").join(name)
}

fn load(folder: &Path) -> Result<Config, Report> {
    loader::load(folder).map(|loaded| loaded.config)
}

/// A folder of these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn refusal(files: &[(&str, &str)]) -> String {
    load(folder(files).path()).unwrap_err().to_string()
}

#[test]
fn maps_are_merged_and_lists_follow_one_another() {
    let config = load(&case("whole")).unwrap();
    let names: Vec<&str> = config.routes.iter().map(|route| &*route.name).collect();
    assert_eq!(names, ["first", "second", "third"], "in the order of the files' names");
    assert_eq!(config.upstreams.keys().map(AsRef::as_ref).collect::<Vec<&str>>(), ["app", "secure"]);
    let server = &config.server;
    assert_eq!((server.workers.get(), server.limits.uri, server.limits.headers), (1, 4096, 50));
    assert_eq!(server.trusted_proxies.len(), 2);
}

#[test]
fn paths_are_relative_to_the_folder() {
    let config = load(&case("whole")).unwrap();
    let tls = config.upstreams["secure"].tls.as_ref().unwrap();
    let ca = std::path::absolute(case("whole")).unwrap().join("certs/ca.pem");
    assert!(tls.files().any(|file| *file == ca), "{:?}", tls.files().collect::<Vec<_>>());
}

#[test]
fn bad_folders_are_refused_with_their_reports() {
    for name in ["clashes", "syntax"] {
        let report = format!("{}\n", load(&case(name)).unwrap_err());
        let golden = case(name).with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(golden, report).unwrap();
        } else {
            assert_eq!(report, fs::read_to_string(golden).unwrap(), "{name}: UPDATE=1 accepts the change");
        }
    }
}

#[test]
fn a_file_alone_means_the_same_in_a_folder() {
    let text = include_str!("good/full.yaml");
    let alone = loader::parse("full.yaml", text, Path::new("/etc/sandgate"));
    let names = |config: &Config| config.routes.iter().map(|route| route.name.clone()).collect::<Vec<_>>();
    let folder = folder(&[("full.yaml", text)]);
    assert_eq!(names(&load(folder.path()).unwrap()), names(&alone.unwrap()));
}

#[test]
fn anchors_are_those_of_their_file() {
    let error = refusal(&[
        ("a.yaml", &format!("{BASE}log: &mine {{ level: warn }}\n")),
        ("b.yaml", "tracing: *mine\n"),
    ]);
    assert!(error.contains("b.yaml:1:10") && error.contains("anchor"), "{error}");
}

#[test]
fn an_error_is_in_the_line_of_its_file_whatever_stands_before() {
    let comments = "# é\n".repeat(100);
    for first in
        [BASE.to_owned(), format!("\u{feff}{BASE}"), format!("{comments}{BASE}"), BASE.trim_end().to_owned()]
    {
        let error = refusal(&[("a.yaml", &first), ("b.yaml", "\n# é\nlog: { levl: warn }\n")]);
        assert!(error.contains("b.yaml:3:8"), "{error}");
    }
}

#[test]
fn a_folder_without_a_configuration_is_refused() {
    assert!(
        refusal(&[("notes.txt", BASE), (".a.yaml", BASE)]).contains("the folder has no configuration files")
    );
    let error = refusal(&[("a.yaml", "# nothing\n"), ("b.yaml", "")]);
    assert!(error.contains("a.yaml:1:1") && error.contains("a map of sections, found nothing"), "{error}");
    let error = refusal(&[("a.yaml", "- 1\n"), ("b.yaml", "# nothing\n")]);
    assert!(error.contains("found a list") && !error.contains("found nothing"), "{error}");
}

#[test]
fn a_link_is_followed_and_a_dangling_one_is_an_error() {
    let folder = folder(&[("..data", BASE)]);
    symlink("..data", folder.path().join("site.yaml")).unwrap();
    assert!(load(folder.path()).is_ok());
    symlink("nowhere", folder.path().join("other.yaml")).unwrap();
    let error = load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("other.yaml") && error.contains("can't be read"), "{error}");
}

#[test]
fn a_folder_has_a_limit_of_its_own() {
    let long = "#".repeat(FILE_LIMIT - 1);
    let names = ["b.yaml", "c.yaml", "d.yaml", "e.yaml", "f.yaml"];
    let files: Vec<(&str, &str)> = names.iter().map(|name| (*name, long.as_str())).collect();
    let error = refusal(&files);
    assert!(error.contains(&FOLDER_LIMIT.to_string()), "{error}");
    let error = refusal(&[("a.yaml", BASE), ("b.yaml", &format!("{long}\n#"))]);
    assert!(error.contains("b.yaml") && error.contains(&FILE_LIMIT.to_string()), "{error}");
}
