//! What the repository does to itself, as `cargo xtask COMMAND`: one module a command.
//!
//! Not a part of the product: nothing here is shipped.

mod bindings;
mod cargo;
mod demo;
mod error;
mod fuzz;
mod guests;
mod product;
mod say;
mod test;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

use error::Error;
use say::say;

const USAGE: &str = "usage: cargo xtask COMMAND

  demo [--for TIME]      build the proxy and a filter, and run them before two small origins until Ctrl-C
  test [-- ARGUMENT...]  build what tests need and run every test; the arguments are the runner's
  tidy                   say where the tree breaks the rules of the house
  guests [NAME...]       build the guests in examples-wasm/ and tests/ into target/guests/NAME.wasm
  guests --language js|python|go|c|zig|all [EXAMPLE...]  build the examples of another language into target/guests/EXAMPLE.js.wasm
  fuzz [--for TIME] [TARGET...]  run the fuzz targets of tests/fuzz, each for 60 s or that time
  bindings               generate sdk/rust/src/bindings/ from wit/";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let outcome = match command.as_str() {
        "demo" => demo::run(root(), &rest),
        "test" => test::run(root(), &rest),
        "tidy" => tidy::run(root(), &rest),
        "guests" => guests::run(root(), &rest),
        "fuzz" => fuzz::run(root(), &rest),
        "bindings" => bindings::run(root(), &rest),
        _ => Err(Error::Usage(USAGE)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever failed has said so, in words that are to stay the last.
        Err(Error::Told(code)) => ExitCode::from(code),
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
