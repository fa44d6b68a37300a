//! `sandgate dev`.

use std::io::Write;
use std::net::{IpAddr, TcpListener};
use std::time::SystemTime;

use config::{Config, EndpointAddress};
use upkeep::Watch;
use workshop::{Project, origin};

use crate::arguments::{Configuration, Folder};
use crate::command::build::{built, open};
use crate::command::{read, run, runtime};
use crate::exit::Failure;

/// The configuration of a plugin's folder.
const CONFIGURATION: &str = "sandgate.yaml";

/// Serves with a plugin that is built again whenever its sources change; the server sees the new component by itself.
pub(crate) fn dev(arguments: &Folder) -> Result<(), Failure> {
    let project = open(&arguments.folder)?;
    say(&built(&project)?);
    let file = project.folder.join(CONFIGURATION);
    start_origins(&read(&file, None)?.config);
    std::thread::Builder::new().name("rebuild".to_owned()).spawn(move || rebuild(&project))?;
    run::run(&Configuration { file, folder: None })
}

/// Origins at the endpoints on this machine where nothing answers.
fn start_origins(config: &Config) {
    let endpoints = config.upstreams.values().flat_map(|upstream| &upstream.endpoints);
    for (address, port) in endpoints.filter_map(|endpoint| here(&endpoint.address)) {
        let Ok(listener) = TcpListener::bind((address, port)) else { continue };
        origin::start(listener);
        say(&format!("an origin answers at {address}:{port}; /echo shows what it was sent"));
    }
}

/// An endpoint's address, if it is one of this machine's own.
fn here(address: &EndpointAddress) -> Option<(IpAddr, u16)> {
    let EndpointAddress::Tcp { host, port } = address else { return None };
    let address: IpAddr = host.parse().ok()?;
    address.is_loopback().then_some((address, *port))
}

/// Builds whenever a source changes, as long as the process lives.
fn rebuild(project: &Project) {
    if let Err(failure) = follow(project) {
        say(&format!("the sources can't be watched: {failure}"));
    }
}

fn follow(project: &Project) -> Result<(), Failure> {
    let runtime = runtime()?;
    let mut watch = Watch::new().map_err(|error| Failure::Other(error.to_string()))?;
    watch.set(project.sources(), SystemTime::now());
    loop {
        runtime.block_on(watch.changed());
        let began = SystemTime::now();
        match built(project) {
            Ok(said) => say(&said),
            Err(failure) => say(&format!("{failure}; what was built before goes on serving")),
        }
        // Files may have come and gone.
        watch.set(project.sources(), began);
    }
}

fn say(line: &str) {
    // Where nobody watches, the work is done all the same.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
