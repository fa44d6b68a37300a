//! `sandgate`: arguments, signals and exit codes. What it does is in the other crates.

mod arguments;
mod cache;
mod command;
mod exit;
mod logging;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Run(arguments) => command::run::run(&arguments),
        Command::Check(arguments) => command::check::check(&arguments),
        Command::Routes(arguments) => command::routes::routes(&arguments),
        Command::Inspect(arguments) => command::inspect::inspect(&arguments),
        Command::Top(arguments) => command::top::top(&arguments),
        Command::New(arguments) => command::new::new(&arguments),
        Command::Build(arguments) => command::build::build(&arguments),
        Command::Dev(arguments) => command::dev::dev(&arguments),
        Command::Test(arguments) => command::test::test(&arguments),
        Command::Bench(arguments) => command::bench::bench(&arguments),
        Command::Schema(arguments) => command::schema::schema(&arguments),
    };
    exit::code(outcome)
}
