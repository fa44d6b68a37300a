//! Load tools for the proxy bench. Loopback only.
//!
//!   loadtools backend --ports 19001,19002
//!   loadtools rate --port P [--path /small] [--conns 64] [--rate 4000] [--secs 10] [--warmup 1]
//!                  [--header 'name: value']
//!
//! `backend` is a one-thread epoll HTTP/1.1 origin, cheap on purpose, so that it
//! takes little of the core it shares with the load generator.
//! `rate` is an open-loop (constant rate) HTTP/1.1 client. A request's latency
//! counts from the instant it was due, not from when it could be written, so a
//! stalled proxy is charged for every request it delayed. `--rate 0` is a closed loop.

mod backend;
mod hist;
mod rate;
mod sys;

fn main() {
    let mut args = std::env::args().skip(1);
    let cmd = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    match cmd.as_str() {
        "backend" => backend::run(&rest),
        "rate" => rate::run(&rest),
        _ => {
            eprintln!("usage: loadtools backend|rate ...");
            std::process::exit(2);
        }
    }
}

/// Value of `--name`, or the default.
pub fn opt(args: &[String], name: &str, default: &str) -> String {
    args.iter()
        .position(|a| a == name)
        .and_then(|i| args.get(i + 1))
        .cloned()
        .unwrap_or_else(|| default.to_string())
}
