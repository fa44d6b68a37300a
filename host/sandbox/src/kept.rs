//! What contracts keep with an engine: their linkers, and what guests of one of them share. Each is made when it is first asked for.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// A thing of each type that was asked for.
#[derive(Default)]
pub struct Kept(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Kept {
    /// The one of this type, made by `make` if this is the first time.
    pub fn get_or_make<T: Any + Send + Sync, E>(
        &self,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(&TypeId::of::<T>()).and_then(|known| Arc::clone(known).downcast().ok())
        {
            return Ok(known);
        }
        let made = Arc::new(make()?);
        kept.insert(TypeId::of::<T>(), Arc::<T>::clone(&made));
        Ok(made)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn each_type_is_made_once() {
        let kept = Kept::default();
        assert_eq!(kept.get_or_make(|| Err::<u8, _>("no")), Err("no"));
        let first = kept.get_or_make(|| Ok::<_, Infallible>(1u8)).unwrap();
        let again = kept.get_or_make(|| Ok::<_, Infallible>(2u8)).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(*kept.get_or_make(|| Ok::<_, Infallible>(3u16)).unwrap(), 3);
    }
}
