//! Doors for `tests/fuzz`: parts of the loader that have no way in of their own.
//!
//! Compiled for a fuzzer only, which sets `cfg(fuzzing)`.

use std::path::Path;
use std::time::Duration;

use config::Config;
use document::{Report, Source};
use raw::{Size, Time};

use crate::check::address::host_and_port;
use crate::load::read_source;
use crate::tenants::Base;

/// Checks the texts of a folder's files, by their names, without a folder.
pub fn parse_folder(files: &[(&str, &str)]) -> Result<Config, Report> {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let nowhere = Path::new("/nonexistent");
    read_source(Source::new(files), Base { folder: nowhere, shown: nowhere }).map(|(config, _)| config)
}

/// A duration.
pub fn time(text: &str) -> Option<Duration> {
    Time::parse(text).map(|time| time.0)
}

/// A size, and how messages write it.
pub fn size(text: &str) -> Option<(u64, String)> {
    Size::parse(text).map(|size| (size.0, size.to_string()))
}

/// Host and port of an endpoint's authority.
pub fn authority(text: &str, default_port: u16) -> Option<(&str, u16)> {
    host_and_port(text, default_port)
}
