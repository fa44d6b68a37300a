//! What the READMEs show is what happens.

use sandgate_tests::{Connection, Origin, Readme, Request, play};

/// The origins that the READMEs' configurations name.
const PORTS: [u16; 2] = [9001, 9002];

/// One test for all of them: their ports are written down, so that they can't run side by side.
#[test]
fn every_readme_does_what_it_says() {
    let _origins = PORTS.map(|port| Origin::on_port(port, move |connection| serve(connection, port)));
    let readmes = Readme::all();
    for readme in &readmes {
        assert!(!readme.blocks.is_empty(), "{} has nothing to run", readme.path.display());
        play(readme);
    }
}

#[test]
fn the_filter_in_the_readme_is_the_example() {
    let readme = include_str!("../../../README.md");
    let source = include_str!("../../../examples-wasm/add-header/rust/src/lib.rs");
    let shown =
        readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a block of Rust");
    assert!(source.contains(shown), "the README shows another filter than the example's source");
    let lines = shown.lines().filter(|line| !line.is_empty()).count();
    assert!(lines <= 15, "{lines} lines");
}

/// Answers `/echo` and what is below with the request's head, a POST with its body, everything else with the port's number.
fn serve(connection: Connection, port: u16) {
    connection.answer_all(|request: &Request| {
        let kind = request.field("content-type").unwrap_or("text/plain");
        let body = match (request.method(), request.target()) {
            (_, target) if target.starts_with("/echo") => {
                String::from_utf8_lossy(&request.raw).replace('\r', "")
            }
            ("POST", _) => String::from_utf8_lossy(&request.body).into_owned(),
            _ => format!("hello from {port}\n"),
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nx-backend: {port}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        (head + &body).into_bytes()
    });
}
