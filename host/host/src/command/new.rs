//! `sandgate new`.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::str::FromStr;

use workshop::blank::{Blank, Name};
use workshop::{Kind, Language};

use crate::arguments::New;
use crate::exit::{Failure, print};

/// Makes the folder of a new plugin.
pub(crate) fn new(arguments: &New) -> Result<(), Failure> {
    let blank = match (&arguments.name, io::stdin().is_terminal()) {
        (_, true) => asked(arguments)?,
        (Some(name), false) => Blank {
            name: name.clone(),
            language: arguments.language.unwrap_or(Language::Rust),
            kind: arguments.kind.unwrap_or(Kind::Filter),
        },
        (None, false) => {
            return Err(Failure::Usage("a NAME is missing: `sandgate new my-filter`".to_owned()));
        }
    };
    let folder = blank.write(Path::new(".")).map_err(|error| Failure::Other(error.to_string()))?;
    print(&told(&blank, &folder))
}

/// What was made, and what to do next.
fn told(blank: &Blank, folder: &Path) -> String {
    let folder = folder.strip_prefix(".").unwrap_or(folder).display();
    let setup = blank.language.setup().map(|setup| format!("  {setup}\n")).unwrap_or_default();
    let (kind, language, source) = (blank.kind, blank.language.title(), blank.language.source());
    format!(
        "{folder}: a {kind} in {language}\n\n  cd {folder}\n{setup}  \
         sandgate dev     # builds it, runs it, and builds it again when you save {source}\n"
    )
}

/// What whoever sits at the terminal wants; what the command line says already is not asked.
fn asked(arguments: &New) -> Result<Blank, Failure> {
    let known = |names: &[&str]| names.join(", ");
    let languages = known(&Language::ALL.map(Language::name));
    let kinds = known(&Kind::ALL.map(Kind::name));
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => ask("name", "my-filter", free_name)?,
    };
    let language = match arguments.language {
        Some(language) => language,
        None => ask(&format!("language ({languages})"), Language::Rust.name(), Language::from_str)?,
    };
    let kind = match arguments.kind {
        Some(kind) => kind,
        None => ask(&format!("kind ({kinds})"), Kind::Filter.name(), Kind::from_str)?,
    };
    Ok(Blank { name, language, kind })
}

/// A name that nothing in this folder has.
fn free_name(text: &str) -> Result<Name, String> {
    let name = Name::parse(text)?;
    match Path::new(text).symlink_metadata() {
        Ok(_) => Err(format!("{name} is there already")),
        Err(_) => Ok(name),
    }
}

/// Asks until the answer is one; an empty one is `usual`.
fn ask<T>(question: &str, usual: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, Failure> {
    let mut input = io::stdin().lock();
    let mut output = io::stderr().lock();
    loop {
        write!(output, "{question} [{usual}]: ")?;
        output.flush()?;
        // What is no text is no answer either.
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            writeln!(output)?;
            return Err(Failure::Other("nothing was made: the questions have no answers".to_owned()));
        }
        let line = String::from_utf8_lossy(&line);
        let answer = Some(line.trim()).filter(|answer| !answer.is_empty()).unwrap_or(usual);
        match parse(answer) {
            Ok(value) => return Ok(value),
            Err(expected) => writeln!(output, "{expected}")?,
        }
    }
}
