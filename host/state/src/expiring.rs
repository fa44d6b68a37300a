//! A map whose entries may have an end, ordered by key and by end both.
//!
//! Reading sees none whose end has come. Taking them out is the caller's, as many at a time as it likes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

/// The map.
#[derive(Debug)]
pub(crate) struct Expiring<V> {
    entries: BTreeMap<Arc<str>, Entry<V>>,
    ends: BTreeSet<(Instant, Arc<str>)>,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    end: Option<Instant>,
}

impl<V> Entry<V> {
    fn is_over(&self, now: Instant) -> bool {
        self.end.is_some_and(|end| end <= now)
    }
}

impl<V> Default for Expiring<V> {
    fn default() -> Self {
        Expiring { entries: BTreeMap::new(), ends: BTreeSet::new() }
    }
}

impl<V> Expiring<V> {
    /// How many there are, those that are over included.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The value of a key, if it is not over, and its end.
    pub(crate) fn get(&self, key: &str, now: Instant) -> Option<(&V, Option<Instant>)> {
        let entry = self.entries.get(key).filter(|entry| !entry.is_over(now))?;
        Some((&entry.value, entry.end))
    }

    /// Puts a value in the place of the key's, and gives that back.
    pub(crate) fn put(&mut self, key: &str, value: V, end: Option<Instant>) -> Option<V> {
        let (key, old) = match self.entries.remove_entry(key) {
            Some((key, old)) => {
                self.forget_end(&key, old.end);
                (key, Some(old.value))
            }
            None => (Arc::from(key), None),
        };
        if let Some(end) = end {
            self.ends.insert((end, Arc::clone(&key)));
        }
        self.entries.insert(key, Entry { value, end });
        old
    }

    /// Takes out a key, over or not.
    pub(crate) fn remove(&mut self, key: &str) -> Option<V> {
        let (key, old) = self.entries.remove_entry(key)?;
        self.forget_end(&key, old.end);
        Some(old.value)
    }

    /// Takes out one that is over.
    pub(crate) fn pop_over(&mut self, now: Instant) -> Option<(Arc<str>, V)> {
        self.ends.first().filter(|(end, _)| *end <= now)?;
        self.pop_first()
    }

    /// Takes out the one whose end comes first.
    pub(crate) fn pop_first(&mut self) -> Option<(Arc<str>, V)> {
        let (_, key) = self.ends.pop_first()?;
        let entry = self.entries.remove(&key)?;
        Some((key, entry.value))
    }

    /// Keys that begin so and come after that one, in their order. Those that are over are among them.
    pub(crate) fn keys<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<str>> {
        let start = match after.filter(|after| *after >= prefix) {
            Some(after) => Bound::Excluded(after),
            None => Bound::Included(prefix),
        };
        let all = self.entries.range::<str, _>((start, Bound::Unbounded));
        all.map(|(key, _)| key).take_while(move |key| key.starts_with(prefix))
    }

    fn forget_end(&mut self, key: &Arc<str>, end: Option<Instant>) {
        if let Some(end) = end {
            self.ends.remove(&(end, Arc::clone(key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_over_is_not_seen_and_can_be_taken_out() {
        let (mut map, now) = (Expiring::default(), Instant::now());
        let later = now + Duration::from_secs(1);
        map.put("a", 1, Some(later));
        map.put("b", 2, None);
        assert_eq!((map.get("a", now), map.get("a", later)), (Some((&1, Some(later))), None));
        assert_eq!(map.pop_over(now), None);
        assert_eq!(map.pop_over(later), Some((Arc::from("a"), 1)));
        assert_eq!((map.len(), map.pop_first(), map.get("b", later)), (1, None, Some((&2, None))));
    }

    #[test]
    fn writing_a_key_again_and_again_leaves_one_end() {
        let (mut map, now) = (Expiring::default(), Instant::now());
        for second in 1..100 {
            map.put("a", second, Some(now + Duration::from_secs(second)));
        }
        assert_eq!((map.entries.len(), map.ends.len()), (1, 1));
        assert_eq!((map.remove("a"), map.ends.len()), (Some(99), 0));
    }

    #[test]
    fn keys_come_in_order_and_go_on_after_one() {
        let mut map = Expiring::default();
        for key in ["b:2", "a:1", "b:1", "b:3", "c:1"] {
            map.put(key, (), None);
        }
        let keys = |prefix, after| map.keys(prefix, after).map(AsRef::as_ref).collect::<Vec<&str>>();
        assert_eq!(keys("b:", None), ["b:1", "b:2", "b:3"]);
        assert_eq!(keys("b:", Some("b:1")), ["b:2", "b:3"]);
        assert_eq!(keys("b:", Some("a:9")), ["b:1", "b:2", "b:3"], "before the beginning");
        assert_eq!(keys("b:", Some("c")), [""; 0]);
    }
}
