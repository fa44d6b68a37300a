//! Several files as one configuration. Every mistake is in one of them, in a line that it has; and if all is right, it is right in
//! whatever order the files come.
#![no_main]

use std::collections::BTreeSet;

use config::Config;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 3] = ["a.yaml", "b.yaml", "c.json"];

fuzz_target!(|data: &[u8]| {
    let Some(texts) = sandgate_fuzz::texts::<3>(data) else { return };
    if texts.iter().any(|text| text.contains("${file:")) {
        return;
    }
    let files: Vec<(&str, &str)> = NAMES.into_iter().zip(texts).collect();
    let backwards: Vec<(&str, &str)> = files.iter().rev().copied().collect();
    let config = loader::fuzzing::parse_folder(&files);
    let reversed = loader::fuzzing::parse_folder(&backwards);
    match (config, reversed) {
        (Ok(config), Ok(reversed)) => assert_eq!(names(&config), names(&reversed)),
        (Err(report), Err(_)) => {
            for one in &report.diagnostics {
                let (_, text) = files.iter().find(|(name, _)| *name == one.file).expect("a file of ours");
                assert!((1..=text.split('\n').count()).contains(&one.line), "{one}");
                assert!(!one.to_string().is_empty());
            }
        }
        (config, reversed) => panic!("{:?} but {:?}", config.err(), reversed.err()),
    }
});

fn names(config: &Config) -> BTreeSet<String> {
    let routes = config.routes.iter().map(|route| format!("route {}", route.name));
    routes.chain(config.upstreams.keys().map(|name| format!("upstream {name}"))).collect()
}
