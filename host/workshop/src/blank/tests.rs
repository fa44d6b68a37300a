use super::*;

fn blank(name: &str, kind: Kind) -> Blank {
    Blank { name: Name::parse(name).unwrap(), language: Language::Rust, kind }
}

#[test]
fn names_are_those_that_every_tool_takes() {
    for name in ["a", "my-filter", "x2"] {
        assert!(Name::parse(name).is_ok(), "{name}");
    }
    for name in ["", "-a", "a-", "a--b", "2x", "My", "a_b", "a/b", "..", "ä", &"a".repeat(65)] {
        assert!(Name::parse(name).is_err(), "{name}");
    }
}

#[test]
fn no_template_keeps_a_gap() {
    for kind in Kind::ALL {
        for (path, content) in blank("my-filter", kind).files() {
            let text = String::from_utf8_lossy(&content);
            let is_ours = !path.starts_with("sandgate-sdk/src");
            assert!(!is_ours || !text.contains("{{"), "{}: {text}", path.display());
        }
    }
}

#[test]
fn what_is_there_is_left_as_it_is() {
    let below = tempfile::tempdir().unwrap();
    std::fs::write(below.path().join("mine"), "precious").unwrap();
    let error = blank("mine", Kind::Filter).write(below.path()).unwrap_err();
    assert!(matches!(error, BlankError::Exists(_)), "{error}");
    assert_eq!(std::fs::read_to_string(below.path().join("mine")).unwrap(), "precious");
    assert_eq!(std::fs::read_dir(below.path()).unwrap().count(), 1);
}

#[test]
fn a_new_folder_has_the_sdk_and_is_a_project() {
    let below = tempfile::tempdir().unwrap();
    let folder = blank("my-filter", Kind::Filter).write(below.path()).unwrap();
    assert!(folder.join("sandgate-sdk/src/lib.rs").is_file());
    let project = crate::Project::open(&folder).unwrap();
    assert_eq!((project.language, project.name()), (Language::Rust, "my-filter".to_owned()));
    assert!(project.component().ends_with("my-filter/build/my-filter.wasm"));
    let source = std::fs::read_to_string(folder.join("src/lib.rs")).unwrap();
    assert!(source.contains("filter!(MyFilter: on_request, on_response);"), "{source}");
}

#[test]
fn a_folder_that_can_not_be_written_leaves_nothing() {
    let error = blank("mine", Kind::Filter).write(Path::new("/proc/nowhere")).unwrap_err();
    assert!(matches!(error, BlankError::Write { .. }), "{error}");
}
