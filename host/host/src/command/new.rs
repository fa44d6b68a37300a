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
        (Some(name), _) => Blank {
            name: name.clone(),
            language: arguments.language.unwrap_or(Language::Rust),
            kind: arguments.kind.unwrap_or(Kind::Filter),
        },
        (None, true) => asked(arguments)?,
        (None, false) => {
            return Err(Failure::Usage("a NAME is missing: `sandgate new my-filter`".to_owned()));
        }
    };
    let folder = blank.write(Path::new(".")).map_err(|error| Failure::Other(error.to_string()))?;
    let folder = folder.strip_prefix(".").unwrap_or(&folder).display();
    print(&format!(
        "{folder}: a {} in {}\n\n  cd {folder}\n  sandgate dev     # builds it, runs it, and builds it again when you save\n  sandgate test    # once it is built: holds it against its cases\n",
        blank.kind, blank.language,
    ))
}

/// What whoever sits at the terminal wants; what the command line says already is not asked.
fn asked(arguments: &New) -> Result<Blank, Failure> {
    let known = |names: &[&str]| names.join(", ");
    let languages = known(&Language::ALL.map(Language::name));
    let kinds = known(&Kind::ALL.map(Kind::name));
    let name = ask("name", "my-filter", |text| Name::parse(text).map_err(str::to_owned))?;
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

/// Asks until the answer is one; an empty one is `usual`.
fn ask<T>(question: &str, usual: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<T, Failure> {
    let mut input = io::stdin().lock();
    let mut output = io::stderr().lock();
    loop {
        write!(output, "{question} [{usual}]: ")?;
        output.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Err(Failure::Other("nothing was made: the questions have no answers".to_owned()));
        }
        let answer = Some(line.trim()).filter(|answer| !answer.is_empty()).unwrap_or(usual);
        match parse(answer) {
            Ok(value) => return Ok(value),
            Err(expected) => writeln!(output, "{expected}")?,
        }
    }
}
