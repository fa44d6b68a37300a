//! What the repository does to itself, as `cargo xtask COMMAND`: one module a command.
//!
//! Not a part of the product: nothing here is shipped.

mod bindings;
mod error;
mod guests;
mod say;

use std::path::Path;
use std::process::ExitCode;

use error::Error;
use say::say;

const USAGE: &str = "usage: cargo xtask COMMAND

  guests [NAME...]   build the guests in examples-wasm/ and tests/guests/ into target/guests/NAME.wasm
  bindings           generate sdk/rust/src/bindings/ from wit/";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let outcome = match command.as_str() {
        "guests" => guests::run(root(), &rest),
        "bindings" => bindings::run(root(), &rest),
        _ => Err(Error::Usage(USAGE)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// The repository's root, from where this crate was compiled.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}
