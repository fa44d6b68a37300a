//! `wasi:keyvalue`: the values that the interface `kv` has, by two drafts of another contract.
//!
//! Nothing is told of a key's version there, so what is read and written in one go is tried again where it was changed meanwhile.

mod draft;
mod draft2;

use std::time::Instant;

use sandbox::{Context, KvError};
use state::Wanted;
use wasmtime::component::Linker;

/// The only store that there is, by the names that components give it.
const STORES: [&str; 2] = ["default", ""];
/// Keys that are told at a time.
const KEYS: usize = 1000;
/// Keys that one call for many may name.
const MANY: usize = 1000;
/// How often a number is tried to be changed that others change as well.
const ATTEMPTS: usize = 100;

/// What a guest has opened.
#[expect(unreachable_pub, reason = "what is generated names it, and is public")]
pub struct Bucket;

/// What went wrong, in words for the guest.
type Refused = String;

pub(super) fn add_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    draft::add_to_linker(linker)?;
    draft2::add_to_linker(linker)
}

/// Whether there is a store of this name.
fn is_store(name: &str) -> bool {
    STORES.contains(&name)
}

/// The plugin's values, as both drafts have them.
trait Values {
    /// The value of a key, with its version.
    fn held(&mut self, key: &str) -> wasmtime::Result<Option<(Vec<u8>, u64)>>;

    fn value(&mut self, key: &str) -> wasmtime::Result<Option<Vec<u8>>>;

    fn keep(&mut self, key: &str, value: &[u8], wanted: Wanted) -> wasmtime::Result<Result<(), KvError>>;

    fn set_value(&mut self, key: &str, value: &[u8]) -> wasmtime::Result<Result<(), Refused>>;

    fn remove_value(&mut self, key: &str) -> wasmtime::Result<()>;

    fn keys_after(&mut self, after: Option<&str>, limit: usize) -> wasmtime::Result<Vec<String>>;

    /// Adds to a number that is kept as text.
    fn increment_value(&mut self, key: &str, delta: i128) -> wasmtime::Result<Result<i128, Refused>>;
}

impl Values for Context {
    fn held(&mut self, key: &str) -> wasmtime::Result<Option<(Vec<u8>, u64)>> {
        let held = self.values()?.0.get(key, Instant::now());
        Ok(held.map(|held| (held.value.to_vec(), held.version)))
    }

    fn value(&mut self, key: &str) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self.held(key)?.map(|(value, _)| value))
    }

    fn keep(&mut self, key: &str, value: &[u8], wanted: Wanted) -> wasmtime::Result<Result<(), KvError>> {
        Ok(self.put(key, value, None, wanted)?.map(drop))
    }

    fn set_value(&mut self, key: &str, value: &[u8]) -> wasmtime::Result<Result<(), Refused>> {
        Ok(self.keep(key, value, Wanted::Anything)?.map_err(refusal))
    }

    fn remove_value(&mut self, key: &str) -> wasmtime::Result<()> {
        self.values()?.0.remove(key, Instant::now());
        Ok(())
    }

    fn keys_after(&mut self, after: Option<&str>, limit: usize) -> wasmtime::Result<Vec<String>> {
        let keys = self.values()?.0.keys("", after, limit, Instant::now());
        Ok(keys.iter().map(ToString::to_string).collect())
    }

    fn increment_value(&mut self, key: &str, delta: i128) -> wasmtime::Result<Result<i128, Refused>> {
        for _ in 0..ATTEMPTS {
            let held = self.held(key)?;
            let (number, wanted) = match &held {
                None => (Some(0), Wanted::Nothing),
                Some((value, version)) => (number(value), Wanted::Version(*version)),
            };
            let Some(number) = number else { return Ok(Err("the value is no number".to_owned())) };
            let sum = number.saturating_add(delta);
            match self.keep(key, sum.to_string().as_bytes(), wanted)? {
                Ok(()) => return Ok(Ok(sum)),
                Err(KvError::Conflict) => {}
                Err(error) => return Ok(Err(refusal(error))),
            }
        }
        Ok(Err("others change it all the time".to_owned()))
    }
}

fn number(value: &[u8]) -> Option<i128> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn refusal(error: KvError) -> Refused {
    match error {
        KvError::Invalid => "the key or the value is longer than it may be, or the key is empty",
        KvError::Quota => "the quota is used up",
        KvError::Conflict => "there is another value",
    }
    .to_owned()
}
