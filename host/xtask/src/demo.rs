//! `cargo xtask demo [--for TIME]`: the proxy with a filter, before two small origins, for whoever wants to see it.
//!
//! It builds what it needs, starts everything, asks one request itself, and says what to try and what to change next.
//! It is no test: what is claimed is tested by tests/suite.

mod log_line;
mod probe;
mod proxy;
mod story;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::{Error, Result};
use crate::product;
use crate::say::{say, step};
use proxy::Proxy;
use workshop::origin;

/// The example that is shown.
const EXAMPLE: &str = "add-header";
/// Where the origins listen: the endpoints of the examples' configurations.
const ORIGINS: [u16; 2] = [9001, 9002];
/// Where the example's configuration has the proxy listen.
const WEB: u16 = 8080;
/// Where the example's configuration has the admin API listen.
const ADMIN: u16 = 9901;
/// How long the proxy may take to be ready; it compiles the filter first.
const READY_IN: Duration = Duration::from_secs(60);

/// What may happen while the demo runs.
#[derive(Debug, PartialEq)]
enum Event {
    /// The proxy accepts requests.
    Ready,
    /// The proxy has ended.
    Ended,
    /// Ctrl-C, or SIGTERM.
    Stop,
}

/// Shows it for that time, or until Ctrl-C.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result {
    let time = time(arguments)?;
    for port in [WEB, ADMIN] {
        listen(port)?;
    }
    for port in ORIGINS {
        origin::start(listen(port)?);
    }
    build(root)?;
    show(root, time)
}

fn time(arguments: &[String]) -> Result<Option<Duration>> {
    match arguments {
        [] => Ok(None),
        [option, time] if option == "--for" => match humantime::parse_duration(time) {
            Ok(time) => Ok(Some(time)),
            Err(error) => Err(Error::Failed(format!("--for {time:?} is no time: {error}; write `10s`"))),
        },
        _ => Err(Error::Usage("usage: cargo xtask demo [--for TIME], with TIME as 10s or 5m")),
    }
}

/// Takes a port. For those of the proxy it is given back at once: better to know before everything is built.
fn listen(port: u16) -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        Error::Failed(format!(
            "can't listen on 127.0.0.1:{port}: {error}\n  `ss -ltnp 'sport = :{port}'` tells who does; end it and try again"
        ))
    })
}

fn build(root: &Path) -> Result {
    step(format_args!("demo: building the filter {EXAMPLE}"));
    product::build_guests(root, &[EXAMPLE])?;
    step("demo: building the proxy (its dev profile; a few minutes the first time)");
    let mut cargo = product::cargo(root);
    cargo.args(["build", "--package", "sandgate"]);
    product::run(cargo, "the proxy doesn't compile")
}

fn show(root: &Path, time: Option<Duration>) -> Result {
    let configuration = Path::new("examples-wasm").join(EXAMPLE).join("sandgate.yaml");
    let (tell, events) = channel();
    listen_to_signals(tell.clone())?;
    step(format_args!("demo: sandgate run {}", configuration.display()));
    let proxy = Proxy::start(root, &product::binary(root), &configuration, tell)?;
    if wait_until_ready(&events)? == Event::Ready {
        story::tell(&probe::get(WEB, "/hello")?);
        wait_for_the_end(&events, time)?;
    }
    proxy.stop(&events)
}

fn listen_to_signals(tell: Sender<Event>) -> Result {
    let mut signals = Signals::new([SIGINT, SIGTERM])
        .map_err(|e| Error::Failed(format!("can't listen to signals: {e}")))?;
    thread::spawn(move || signals.forever().try_for_each(|_signal| tell.send(Event::Stop)));
    Ok(())
}

/// `Ready`, or `Stop` when somebody would not wait so long.
fn wait_until_ready(events: &Receiver<Event>) -> Result<Event> {
    match events.recv_timeout(READY_IN) {
        Ok(event @ (Event::Ready | Event::Stop)) => Ok(event),
        Ok(Event::Ended) | Err(RecvTimeoutError::Disconnected) => {
            Err(Error::Failed("the proxy ended before it was ready: see its messages above".to_owned()))
        }
        Err(RecvTimeoutError::Timeout) => {
            Err(Error::Failed(format!("the proxy was not ready after {READY_IN:?}")))
        }
    }
}

fn wait_for_the_end(events: &Receiver<Event>, time: Option<Duration>) -> Result {
    let event = match time {
        Some(time) => events.recv_timeout(time),
        None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
    };
    match event {
        Ok(Event::Ended) | Err(RecvTimeoutError::Disconnected) => {
            Err(Error::Failed("the proxy ended by itself: see its messages above".to_owned()))
        }
        Ok(Event::Stop | Event::Ready) | Err(RecvTimeoutError::Timeout) => {
            say("");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_optional_and_has_a_unit() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(time(&[]).unwrap(), None);
        assert_eq!(time(&words("--for 90s")).unwrap(), Some(Duration::from_secs(90)));
        assert!(time(&words("--for soon")).unwrap_err().to_string().contains("\"soon\""));
        assert_eq!(time(&words("--fast")).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn the_ports_are_those_of_the_example() {
        let path = crate::root().join("examples-wasm").join(EXAMPLE).join("sandgate.yaml");
        let text = std::fs::read_to_string(path).unwrap();
        for port in [WEB, ADMIN, ORIGINS[0]] {
            assert!(text.contains(&format!("127.0.0.1:{port}\"")), "{port} in {text}");
        }
    }

    #[test]
    fn a_port_in_use_is_named_with_what_to_do() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = listen(port).unwrap_err().to_string();
        assert!(error.contains(&format!("127.0.0.1:{port}")) && error.contains("end it"), "{error}");
    }

    #[test]
    fn a_proxy_that_ends_early_is_an_error_and_a_signal_is_none() {
        let (tell, events) = channel();
        tell.send(Event::Ended).unwrap();
        assert!(wait_until_ready(&events).unwrap_err().to_string().contains("before it was ready"));
        tell.send(Event::Stop).unwrap();
        assert!(wait_for_the_end(&events, None).is_ok());
        assert!(wait_for_the_end(&events, Some(Duration::ZERO)).is_ok());
    }
}
