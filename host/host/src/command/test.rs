//! `sandgate test`.

mod made;
mod stale;

use std::io::stdout;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cases::{Book, Case, Endpoints, Outcome, ProcessError, Scene, Stage, Tally, Tree};
use tempfile::TempDir;
use wasm::Plugin;

use crate::arguments::Test;
use crate::command::{engine, read, runtime};
use crate::exit::{Failure, colour, print};

/// The configuration of a plugin's folder.
const CONFIGURATION: &str = "sandgate.yaml";
/// Its cases.
const CASES: &str = "cases.yaml";

/// What is tested with what.
struct Subject {
    config: PathBuf,
    cases: PathBuf,
    /// Where a configuration is that was made; gone with it.
    _made: Option<TempDir>,
}

/// Runs a plugin's cases, and says what came of each.
pub(crate) fn test(arguments: &Test) -> Result<(), Failure> {
    let subject = subject(arguments)?;
    stale::tell(&arguments.place);
    let mut scene = Scene::read(&subject.config)?;
    let book = Book::read(&subject.cases, &scene).map_err(Failure::File)?;
    match &arguments.module {
        Some(module) => put(&mut scene, module)?,
        // Says what is wrong with the configuration as the author has it, and leaves the component compiled.
        None => drop(read(&subject.config, None)?),
    }
    let wanted = |case: &&Case| arguments.filter.as_ref().is_none_or(|text| case.claim.contains(text));
    let chosen: Vec<&Case> = book.cases.iter().filter(wanted).collect();
    if chosen.is_empty() {
        let filter = arguments.filter.as_deref().unwrap_or_default();
        return Err(Failure::Usage(format!("no case has {filter:?} in its claim")));
    }
    run(arguments, &scene, &book, &chosen)
}

fn run(arguments: &Test, scene: &Scene, book: &Book, chosen: &[&Case]) -> Result<(), Failure> {
    let began = Instant::now();
    let endpoints = Endpoints::start(scene)?;
    let stage = Stage::start(&std::env::current_exe()?, scene, &endpoints).map_err(failed)?;
    let mut tally = Tally::default();
    for case in chosen {
        let outcome: Outcome = stage.run(case).map_err(failed)?;
        tally.count(&outcome);
        print(&match arguments.json {
            true => outcome.json(case, book),
            false => outcome.text(case, book, colour(&stdout())),
        })?;
    }
    if !arguments.json {
        print(&format!("\n{}", tally.line(began.elapsed())))?;
    }
    match tally.failed {
        0 => Ok(()),
        1 => Err(Failure::Other("a case failed".to_owned())),
        failed => Err(Failure::Other(format!("{failed} cases failed"))),
    }
}

fn failed(error: ProcessError) -> Failure {
    Failure::Other(error.to_string())
}

fn subject(arguments: &Test) -> Result<Subject, Failure> {
    let place = &arguments.place;
    if place.is_dir() {
        // Of the folder that we are in, files have their names alone.
        let folder = place.strip_prefix(".").unwrap_or(place);
        let of_folder = |given: &Option<PathBuf>, name| given.clone().unwrap_or_else(|| folder.join(name));
        if arguments.settings.is_some() {
            let message = "--settings are for a component; those of a folder are in its configuration";
            return Err(Failure::Usage(message.to_owned()));
        }
        let config = of_folder(&arguments.config, CONFIGURATION);
        return Ok(Subject { config, cases: of_folder(&arguments.cases, CASES), _made: None });
    }
    let cases = arguments.cases.clone().unwrap_or_else(|| place.with_file_name(CASES));
    match &arguments.config {
        None => of_component(arguments, place, cases),
        Some(_) => {
            Err(Failure::Usage("--config goes with a folder; `--module` names the component".to_owned()))
        }
    }
}

/// A component alone gets a configuration of its own.
fn of_component(arguments: &Test, component: &Path, cases: PathBuf) -> Result<Subject, Failure> {
    let component = std::path::absolute(component)?;
    let engine = engine()?;
    let of_it = |error| Failure::Other(format!("{}: {error}", component.display()));
    let anatomy = runtime()?.block_on(Plugin::inspect(&engine, &component)).map_err(of_it)?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join(CONFIGURATION);
    std::fs::write(&config, made::configuration(&component, &anatomy, arguments.settings.as_ref()))?;
    Ok(Subject { config, cases, _made: Some(folder) })
}

/// Another component in the place of the one that the configuration has.
fn put(scene: &mut Scene, module: &Path) -> Result<(), Failure> {
    let module = std::path::absolute(module)?;
    let count = scene.plugins().len();
    match scene.plugins_mut().as_mut_slice() {
        [plugin] => {
            *plugin.section("wasm") = Tree::Text(module.display().to_string());
            Ok(())
        }
        _ => Err(Failure::Usage(format!(
            "--module needs a configuration with one plugin: this one has {count}"
        ))),
    }
}
