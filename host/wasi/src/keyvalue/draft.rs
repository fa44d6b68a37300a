//! The draft of `wasi:keyvalue` that `wasmtime serve` has.

use sandbox::Context;
use wasmtime::component::{HasSelf, Linker, Resource};

use super::{Bucket, KEYS, MANY, Values, is_store};

/// The contract, as Rust.
#[allow(missing_docs, unreachable_pub, dead_code, reason = "generated")]
mod contract {
    wasmtime::component::bindgen!({
        path: "wit/keyvalue-draft",
        imports: { default: trappable },
        with: { "wasi:keyvalue/store.bucket": crate::keyvalue::Bucket },
    });
}

use contract::wasi::keyvalue::{atomics, batch, store};
use store::{Error, KeyResponse};

pub(super) fn add_to_linker(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    store::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    atomics::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    batch::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)
}

impl store::Host for Context {
    fn open(&mut self, name: String) -> wasmtime::Result<Result<Resource<Bucket>, Error>> {
        self.count_call()?;
        Ok(if is_store(&name) { Ok(Resource::new_own(0)) } else { Err(Error::NoSuchStore) })
    }
}

impl store::HostBucket for Context {
    fn get(&mut self, _: Resource<Bucket>, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        self.value(&key).map(Ok)
    }

    fn set(
        &mut self,
        _: Resource<Bucket>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        Ok(self.set_value(&key, &value)?.map_err(Error::Other))
    }

    fn delete(&mut self, _: Resource<Bucket>, key: String) -> wasmtime::Result<Result<(), Error>> {
        self.remove_value(&key).map(Ok)
    }

    fn exists(&mut self, _: Resource<Bucket>, key: String) -> wasmtime::Result<Result<bool, Error>> {
        Ok(Ok(self.held(&key)?.is_some()))
    }

    fn list_keys(
        &mut self,
        _: Resource<Bucket>,
        cursor: Option<u64>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        let skipped = usize::try_from(cursor.unwrap_or(0)).unwrap_or(usize::MAX);
        let upto = skipped.saturating_add(KEYS);
        let keys = self.keys_after(None, upto)?;
        let next = (keys.len() == upto).then(|| u64::try_from(upto).unwrap_or(u64::MAX));
        Ok(Ok(KeyResponse { keys: keys.into_iter().skip(skipped).collect(), cursor: next }))
    }

    fn drop(&mut self, _: Resource<Bucket>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl atomics::Host for Context {
    fn increment(
        &mut self,
        _: Resource<Bucket>,
        key: String,
        delta: u64,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let sum = self.increment_value(&key, i128::from(delta))?;
        let told = |sum| u64::try_from(sum).map_err(|_| Error::Other(format!("{sum} is too great")));
        Ok(sum.map_err(Error::Other).and_then(told))
    }
}

impl batch::Host for Context {
    fn get_many(
        &mut self,
        _: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<Option<(String, Vec<u8>)>>, Error>> {
        if keys.len() > MANY {
            return Ok(Err(too_many()));
        }
        let mut values = Vec::new();
        for key in keys {
            let value = self.value(&key)?;
            values.push(value.map(|value| (key, value)));
        }
        Ok(Ok(values))
    }

    fn set_many(
        &mut self,
        _: Resource<Bucket>,
        values: Vec<(String, Vec<u8>)>,
    ) -> wasmtime::Result<Result<(), Error>> {
        if values.len() > MANY {
            return Ok(Err(too_many()));
        }
        for (key, value) in values {
            if let Err(refused) = self.set_value(&key, &value)? {
                return Ok(Err(Error::Other(refused)));
            }
        }
        Ok(Ok(()))
    }

    fn delete_many(&mut self, _: Resource<Bucket>, keys: Vec<String>) -> wasmtime::Result<Result<(), Error>> {
        if keys.len() > MANY {
            return Ok(Err(too_many()));
        }
        for key in keys {
            self.remove_value(&key)?;
        }
        Ok(Ok(()))
    }
}

fn too_many() -> Error {
    Error::Other(format!("more than {MANY} keys"))
}
