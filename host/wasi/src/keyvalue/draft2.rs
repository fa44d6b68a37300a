//! The draft of `wasi:keyvalue` that Spin has.

use sandbox::{Context, KvError};
use state::Wanted;
use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::WasiView;

use super::{Bucket, KEYS, MANY, Values, is_store, refusal};

/// The contract, as Rust.
#[allow(missing_docs, unreachable_pub, dead_code, reason = "generated")]
mod contract {
    wasmtime::component::bindgen!({
        path: "wit/keyvalue-draft2",
        imports: { default: trappable },
        with: {
            "wasi:keyvalue/store.bucket": crate::keyvalue::Bucket,
            "wasi:keyvalue/atomics.cas": crate::keyvalue::draft2::Cas,
         },
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
        cursor: Option<String>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        let keys = self.keys_after(cursor.as_deref(), KEYS)?;
        let cursor = keys.last().filter(|_| keys.len() == KEYS).cloned();
        Ok(Ok(KeyResponse { keys, cursor }))
    }

    fn drop(&mut self, _: Resource<Bucket>) -> wasmtime::Result<()> {
        Ok(())
    }
}

/// A value as it was when a guest began to change it.
#[expect(unreachable_pub, reason = "what is generated names it, and is public")]
pub struct Cas {
    key: String,
    value: Option<Vec<u8>>,
    /// What is to be there still.
    wanted: Wanted,
}

/// Values that are read, and written if they are still what they were.
trait Changes {
    fn begin_change(&mut self, key: String) -> wasmtime::Result<Resource<Cas>>;
}

impl Changes for Context {
    fn begin_change(&mut self, key: String) -> wasmtime::Result<Resource<Cas>> {
        let held = self.held(&key)?;
        let wanted = held.as_ref().map_or(Wanted::Nothing, |(_, version)| Wanted::Version(*version));
        let cas = Cas { key, value: held.map(|(value, _)| value), wanted };
        Ok(self.ctx().table.push(cas)?)
    }
}

impl atomics::HostCas for Context {
    fn new(&mut self, _: Resource<Bucket>, key: String) -> wasmtime::Result<Result<Resource<Cas>, Error>> {
        self.begin_change(key).map(Ok)
    }

    fn current(&mut self, cas: Resource<Cas>) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        self.count_call()?;
        Ok(Ok(self.ctx().table.get(&cas)?.value.clone()))
    }

    fn drop(&mut self, cas: Resource<Cas>) -> wasmtime::Result<()> {
        self.ctx().table.delete(cas)?;
        Ok(())
    }
}

impl atomics::Host for Context {
    fn increment(
        &mut self,
        _: Resource<Bucket>,
        key: String,
        delta: i64,
    ) -> wasmtime::Result<Result<i64, Error>> {
        let sum = self.increment_value(&key, i128::from(delta))?;
        let told = |sum| i64::try_from(sum).map_err(|_| Error::Other(format!("{sum} is too great")));
        Ok(sum.map_err(Error::Other).and_then(told))
    }

    fn swap(
        &mut self,
        cas: Resource<Cas>,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), atomics::CasError>> {
        let Cas { key, wanted, .. } = self.ctx().table.delete(cas)?;
        Ok(match self.keep(&key, &value, wanted)? {
            Ok(()) => Ok(()),
            Err(KvError::Conflict) => Err(atomics::CasError::CasFailed(self.begin_change(key)?)),
            Err(error) => Err(atomics::CasError::StoreError(Error::Other(refusal(error)))),
        })
    }
}

impl batch::Host for Context {
    fn get_many(
        &mut self,
        _: Resource<Bucket>,
        keys: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<(String, Option<Vec<u8>>)>, Error>> {
        if keys.len() > MANY {
            return Ok(Err(too_many()));
        }
        let mut values = Vec::new();
        for key in keys {
            let value = self.value(&key)?;
            values.push((key, value));
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
