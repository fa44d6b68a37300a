//! A filter that tells what is left of its configuration: how often it was configured, what it made of the settings, and
//! what other requests have left behind.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use sandgate_sdk::{Configure, Filter, Reply, Request, Result, filter, log};
use serde::Deserialize;

/// How often `configure` was called in the memory that this instance has.
static CONFIGURED: AtomicU32 = AtomicU32::new(0);
/// How many requests this instance has seen.
static SEEN: AtomicU32 = AtomicU32::new(0);

/// The plugin's settings.
#[derive(Deserialize)]
struct Settings {
    /// What is put into answers.
    greeting: String,
    /// How many words are made of it, so that there is something to be done once.
    #[serde(default)]
    words: u32,
    /// What else `configure` does.
    #[serde(default)]
    deed: Deed,
}

/// What `configure` does beside reading settings.
#[derive(Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Deed {
    /// Nothing.
    #[default]
    None,
    /// Takes all the memory it may have, so that no more is left for a look at it.
    Hoard,
    /// Never ends.
    Loop,
    /// Traps.
    Trap,
    /// Says no.
    Refuse,
}

/// What was made of them.
struct Configured {
    greeting: String,
    words: Vec<String>,
}

impl Configure for Configured {
    const SCHEMA: Option<&'static str> = Some(include_str!("settings.json"));

    fn configure(settings: &str) -> Result<Self, String> {
        CONFIGURED.fetch_add(1, Relaxed);
        log::info("configure was called");
        let Settings { greeting, words, deed } =
            serde_json::from_str(settings).map_err(|error| error.to_string())?;
        act(&deed)?;
        let words = (0..words).map(|number| format!("{greeting}-{number}")).collect();
        Ok(Configured { greeting, words })
    }
}

fn act(deed: &Deed) -> Result<(), String> {
    match deed {
        Deed::None => {}
        Deed::Hoard => hoard(),
        Deed::Loop => loop {
            std::hint::spin_loop();
        },
        #[expect(clippy::panic, reason = "that is the deed")]
        Deed::Trap => panic!("trapped as asked"),
        Deed::Refuse => return Err("refused as asked".to_owned()),
    }
    Ok(())
}

#[cfg(target_arch = "wasm32")]
fn hoard() {
    while std::arch::wasm32::memory_grow(0, 1) != usize::MAX {}
}

#[cfg(not(target_arch = "wasm32"))]
fn hoard() {}

impl Filter for Configured {
    fn on_request(&mut self, request: &mut Request) -> Result {
        let seen = SEEN.fetch_add(1, Relaxed) + 1;
        if request.header("x-misbehave").as_deref() == Some("trap") {
            #[expect(clippy::panic, reason = "that is the deed")]
            {
                panic!("trapped as asked");
            }
        }
        let last = self.words.last().cloned().unwrap_or_default();
        let text = format!("{} {} {seen} {last}\n", self.greeting, CONFIGURED.load(Relaxed));
        self.greeting.push_str(" spoiled");
        Ok(Reply::new(200).with_body(text).into())
    }
}

filter!(Configured: configure, on_request);

#[cfg(test)]
mod tests {
    use super::*;
    use sandgate_sdk::Verdict;

    #[test]
    fn it_tells_what_it_was_told() {
        let mut plugin = Configured::configure(r#"{"greeting": "hello", "words": 3}"#).unwrap();
        let Verdict::Reply(reply) = plugin.on_request(&mut Request::get("/")).unwrap() else { panic!() };
        assert_eq!(reply.body, b"hello 1 1 hello-2\n");
    }
}
