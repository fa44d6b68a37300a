//! Tests of versions: what is compatible with what, and that lines can stand side by side.

use std::path::Path;

use super::*;

#[test]
fn the_newest_version_is_the_one_of_the_contract_in_this_repository() {
    let types = include_str!("../../../../wit/types.wit");
    assert_eq!(types.lines().next(), Some(format!("package {};", newest()).as_str()));
}

#[test]
fn every_earlier_version_of_a_line_is_archived() {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/archive");
    for line in Line::ALL {
        let (first, newest) = line.versions();
        let [Version([major, minor, from]), Version([.., to])] =
            [first, newest].map(|v| Version::parse(v).unwrap());
        for patch in from..to {
            let folder = archive.join(format!("{major}.{minor}.{patch}"));
            assert!(folder.join("types.wit").is_file(), "{}", folder.display());
        }
    }
}

#[test]
fn lines_are_looked_for_from_the_newest_on() {
    let newest = Line::ALL.map(|line| Version::parse(line.versions().1).unwrap());
    assert!(newest.is_sorted_by(|a, b| a > b), "{newest:?}");
    assert_eq!(Line::ALL[0], Line::default());
}

#[test]
fn versions_of_a_line_are_known_as_far_as_they_go() {
    for (version, is) in [
        ("0.1.0", Known::Here),
        ("0.1.1", Known::Here),
        ("0.1.99", Known::Earlier),
        ("0.2.0", Known::Elsewhere),
        ("1.1.0", Known::Elsewhere),
        ("0.1.0-rc.1", Known::Elsewhere),
        ("0.1", Known::Elsewhere),
        ("0.1.0.0", Known::Elsewhere),
        ("", Known::Elsewhere),
    ] {
        assert_eq!(known(version), is, "{version}");
    }
}

#[test]
fn what_is_a_hook_is_told_by_its_name() {
    assert!(is_hook("sandgate:proxy/on-request@0.1.0") && is_hook("sandgate:proxy/on-request@0.9.0"));
    for other in
        ["sandgate:proxy/log@0.1.0", "sandgate:proxy/on-request", "other:proxy/on-request@0.1.0", "run"]
    {
        assert!(!is_hook(other), "{other}");
    }
}

/// A component that imports the clock in two versions, and calls nothing of them.
const TWO_CLOCKS: &str = r#"(component
    (import "sandgate:proxy/clock@0.1.0" (instance (export "wall" (func (result u64)))))
    (import "sandgate:proxy/clock@0.2.0" (instance (export "wall" (func (result string))))))"#;

#[test]
fn a_later_line_stands_beside_the_one_there_is() {
    let mut config = wasmtime::Config::new();
    config.wasm_component_model(true).concurrency_support(false);
    let engine = wasmtime::Engine::new(&config).unwrap();
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker).unwrap();
    let component = Component::new(&engine, wat::parse_str(TWO_CLOCKS).unwrap()).unwrap();
    let error = linker.instantiate_pre(&component).err().expect("one of the clocks is not there yet");
    assert!(format!("{error:#}").contains("clock@0.2.0"), "{error:#}");
    let mut later = linker.instance("sandgate:proxy/clock@0.2.0").unwrap();
    later.func_wrap("wall", |_, (): ()| Ok((String::from("noon"),))).unwrap();
    linker.instantiate_pre(&component).expect("each import is served by its own line");
}
