use super::*;

fn blank(name: &str, kind: Kind) -> Blank {
    Blank { name: Name::parse(name).unwrap(), language: Language::Rust, kind }
}

/// One of each kind in each language.
fn all() -> impl Iterator<Item = Blank> {
    let in_each = |kind| Language::ALL.map(|language| Blank { language, ..blank("my-plugin", kind) });
    Kind::ALL.into_iter().flat_map(in_each)
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
    for (path, content) in all().flat_map(|blank| blank.files()) {
        let text = String::from_utf8_lossy(&content);
        let mut braced = text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}"));
        let gap = braced.find(|(word, _)| word.chars().all(char::is_alphabetic));
        assert_eq!(gap, None, "{}", path.display());
    }
}

#[test]
fn no_file_is_written_twice_or_was_left_by_a_tool() {
    for blank in all() {
        let mut paths: Vec<PathBuf> = blank.files().into_iter().map(|(path, _)| path).collect();
        let written = paths.len();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), written);
        let left = paths.iter().find(|path| path.components().any(|part| part.as_os_str() == "__pycache__"));
        assert_eq!(left, None);
    }
}

#[test]
fn a_new_folder_is_of_its_language_and_has_the_source_and_the_contract() {
    let below = tempfile::tempdir().unwrap();
    for language in Language::ALL {
        let name = Name::parse(&format!("in-{language}")).unwrap();
        let folder = Blank { name, language, kind: Kind::Filter }.write(below.path()).unwrap();
        assert_eq!(crate::Project::open(&folder).unwrap().language, language);
        assert!(folder.join(language.source()).is_file(), "{language}");
        let contract = match language {
            Language::Rust => "sandgate-sdk/src/lib.rs",
            Language::Python => "sandgate/wit/types.wit",
            _ => "sandgate-sdk/wit/types.wit",
        };
        assert!(folder.join(contract).is_file(), "{language}");
    }
}

/// Rust's and C's need no more than the defaults; what they are for others is in the SDKs' README.
#[test]
fn a_configuration_has_the_limits_of_its_language() {
    for blank in all() {
        let files = blank.files();
        let (_, text) = files.iter().find(|(path, _)| path == Path::new("sandgate.yaml")).unwrap();
        let has_limits = String::from_utf8_lossy(text).contains("wasm: build/my-plugin.wasm\n    limits: {");
        assert_eq!(has_limits, !matches!(blank.language, Language::Rust | Language::C), "{blank:?}");
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
