//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use workshop::blank::Name;
use workshop::{Kind, Language};

const EXAMPLES: &str = "\
Examples:
  sandgate run sandgate.yaml           serve; saving the file or `kill -HUP` reloads it
  sandgate run conf.d                  the same, with all *.yaml, *.yml and *.json of a folder
  sandgate check sandgate.yaml         all that is wrong with it, before anything is started
  sandgate routes sandgate.yaml --host example.com --path /blog/
  sandgate new my-filter               a folder with a plugin that builds; `sandgate dev` in it serves with it
  sandgate test                        hold the folder's plugin against its cases.yaml
  sandgate bench plugins/greet.wasm    what a call of it costs
  sandgate inspect plugins/greet.wasm --settings @greet.json
  sandgate top 127.0.0.1:9901          what plugins cost, as it changes; `--once` for one table
  sandgate schema > sandgate.schema.json

Exit codes: 0 done, 1 failed, 2 wrong usage or a mistake in a file of cases, 78 bad configuration.";

/// A reverse proxy, load balancer and API gateway whose every decision can be a WebAssembly component.
#[derive(Parser)]
#[command(name = "sandgate", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve with a configuration, until SIGTERM or SIGINT
    Run(Configuration),
    /// Say all that is wrong with a configuration; start nothing
    Check(Configuration),
    /// Say which route a request would take, and why not another
    Routes(Routes),
    /// Say what a component is, and whether it could be loaded
    Inspect(Inspect),
    /// Show what the plugins of a running Sandgate cost, by plugin and hook
    Top(Top),
    /// Make the folder of a new plugin, which builds and serves as it is
    New(New),
    /// Build a plugin by its language's own tool, and see whether it is one
    Build(Folder),
    /// Serve with a plugin while it is written: an origin behind it, a build whenever a source is saved
    Dev(Folder),
    /// Hold a plugin against its cases, in a Sandgate of its own with the limits of production
    Test(Test),
    /// Measure what a call of a component costs, in the sandbox it would serve in
    Bench(Bench),
    /// Print the JSON Schema of the configuration, for editors
    Schema(Schema),
}

#[derive(Args)]
pub(crate) struct New {
    /// Its name, and that of its folder; asked for on a terminal if it is missing
    #[arg(value_parser = name)]
    pub(crate) name: Option<Name>,
    /// What it is written in: rust, js, ts, python, go or c
    #[arg(long)]
    pub(crate) language: Option<Language>,
    /// What it is: filter, router, picker or weigher
    #[arg(long)]
    pub(crate) kind: Option<Kind>,
}

fn name(text: &str) -> Result<Name, &'static str> {
    Name::parse(text)
}

#[derive(Args)]
pub(crate) struct Folder {
    /// The plugin's folder
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
}

#[derive(Args)]
pub(crate) struct Bench {
    /// The component
    pub(crate) module: PathBuf,
    /// Its settings, as JSON, or `@FILE` that holds them
    #[arg(long, value_name = "JSON", value_parser = settings)]
    pub(crate) settings: Option<Settings>,
    /// The request's method
    #[arg(long, default_value = "GET")]
    pub(crate) method: http::Method,
    /// The request's path, perhaps with a query
    #[arg(long, default_value = "/", value_parser = target)]
    pub(crate) path: String,
    /// A header field of the request; may be given several times
    #[arg(long, value_name = "NAME: VALUE", value_parser = field)]
    pub(crate) header: Vec<(http::HeaderName, http::HeaderValue)>,
    /// A file with the body of request and response; without it, hooks that see bodies are not called
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,
    /// How many exchanges of each kind
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) rounds: u32,
}

#[derive(Args)]
pub(crate) struct Schema {
    /// Of a tenant's own file
    #[arg(long)]
    pub(crate) tenant: bool,
}

#[derive(Args)]
pub(crate) struct Configuration {
    /// The configuration: a file, YAML or JSON, or a folder of them
    pub(crate) file: PathBuf,
    /// The folder that paths in the configuration are relative to; its own when absent
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct Test {
    /// The plugin's folder; or a component, for which a configuration is made
    #[arg(value_name = "DIR|FILE", default_value = ".")]
    pub(crate) place: PathBuf,
    /// The configuration; `sandgate.yaml` of the folder when absent
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The cases; `cases.yaml` of the folder, or beside the component, when absent
    #[arg(long, value_name = "FILE")]
    pub(crate) cases: Option<PathBuf>,
    /// Another component in the place of the configuration's
    #[arg(long, value_name = "FILE")]
    pub(crate) module: Option<PathBuf>,
    /// Settings of a component that is tested without a configuration, as JSON, or `@FILE` that holds them
    #[arg(long, value_name = "JSON", value_parser = settings)]
    pub(crate) settings: Option<Settings>,
    /// Only cases whose claim has this text
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// Print JSON, an object for each case
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Routes {
    /// The configuration: a file, YAML or JSON, or a folder of them
    pub(crate) file: PathBuf,
    /// The host asked for, as in a Host field
    #[arg(long, default_value = "localhost")]
    pub(crate) host: String,
    /// The path asked for, perhaps with a query; without it, all routes are listed
    #[arg(long, value_parser = target)]
    pub(crate) path: Option<String>,
    /// The method
    #[arg(long, default_value = "GET")]
    pub(crate) method: http::Method,
    /// A header field; may be given several times
    #[arg(long, value_name = "NAME: VALUE", value_parser = field)]
    pub(crate) header: Vec<(http::HeaderName, http::HeaderValue)>,
    /// A parameter of the query, besides those in the path
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) query: Vec<String>,
    /// A cookie
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) cookie: Vec<String>,
    /// The client's address
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub(crate) source: std::net::IpAddr,
    /// Whether the client comes over TLS
    #[arg(long, value_enum, default_value_t = Scheme::Http)]
    pub(crate) scheme: Scheme,
    /// The listener it comes by; the first of the file when absent
    #[arg(long, value_name = "NAME")]
    pub(crate) listener: Option<String>,
}

/// How a client comes.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl From<Scheme> for config::Scheme {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Http => config::Scheme::Http,
            Scheme::Https => config::Scheme::Https,
        }
    }
}

fn target(text: &str) -> Result<String, &'static str> {
    let is_path = text.starts_with('/') && !text.contains('#');
    is_path.then(|| text.to_owned()).ok_or("expected a path that begins with `/`, such as `/blog/?page=2`")
}

fn field(text: &str) -> Result<(http::HeaderName, http::HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("expected `name: value`")?;
    let name = name.trim().parse().map_err(|_| format!("{name:?} is no name of a field"))?;
    let value = value.trim().parse().map_err(|_| format!("{value:?} is no value of a field"))?;
    Ok((name, value))
}

#[derive(Args)]
pub(crate) struct Top {
    /// The `admin` address of a Sandgate that runs
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
    /// The time that is looked at
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = interval)]
    pub(crate) interval: Duration,
    /// Print one table, and end
    #[arg(long)]
    pub(crate) once: bool,
    /// What has a row of its own; the rest is added up
    #[arg(long, value_enum, default_value_t = By::Hook)]
    pub(crate) by: By,
    /// The most rows that are shown on a terminal
    #[arg(long, default_value_t = 20)]
    pub(crate) rows: usize,
}

/// What plugins' costs are told of.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum By {
    /// Each hook of each plugin
    Hook,
    /// Each plugin, with all of its hooks
    Plugin,
    /// Each tenant, with all of its plugins
    Tenant,
}

fn interval(text: &str) -> Result<Duration, &'static str> {
    let time = raw::Time::parse(text).map(|time| time.0);
    let sensible = Duration::from_millis(100)..=Duration::from_secs(3600);
    time.filter(|time| sensible.contains(time)).ok_or("expected a time of `100ms` to `1h`, such as `2s`")
}

#[derive(Args)]
pub(crate) struct Inspect {
    /// The component
    pub(crate) module: PathBuf,
    /// Settings to load it with, as JSON, or `@FILE` that holds them
    #[arg(long, value_name = "JSON", value_parser = settings)]
    pub(crate) settings: Option<Settings>,
}

/// Settings of a plugin.
#[derive(Clone)]
pub(crate) struct Settings(serde_json::Value);

impl std::fmt::Display for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

fn settings(text: &str) -> Result<Settings, String> {
    let read = |path| std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"));
    let text = text.strip_prefix('@').map_or_else(|| Ok(text.to_owned()), read)?;
    let wrong = |error| format!("expected JSON such as `{{\"greeting\": \"hello\"}}`, or @FILE: {error}");
    serde_json::from_str(&text).map(Settings).map_err(wrong)
}
