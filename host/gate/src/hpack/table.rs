//! The table of HPACK, by the sizes of its entries (RFC 7541 section 2.3).

use std::collections::VecDeque;

use super::OVERHEAD;

/// The largest table that clients may have us keep: SETTINGS_HEADER_TABLE_SIZE, which we leave as it is at first.
const LIMIT: usize = 4096;

/// An entry, or a field that is like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name's length.
    pub(super) name: usize,
    /// What it counts for.
    pub(super) size: usize,
    /// Whether it is a pseudo-field.
    pub(super) is_pseudo: bool,
}

/// The entries that a client may refer to.
#[derive(Debug)]
pub(super) struct Table {
    entries: VecDeque<Entry>,
    size: usize,
    limit: usize,
}

impl Default for Table {
    fn default() -> Self {
        Table { entries: VecDeque::new(), size: 0, limit: LIMIT }
    }
}

impl Table {
    /// The entry with an index; the first is 1.
    pub(super) fn entry(&self, index: usize) -> Option<Entry> {
        let at = index.checked_sub(1)?;
        match STATIC.get(at) {
            Some((name, value)) => Some(Entry {
                name: name.len(),
                size: name.len() + value.len() + OVERHEAD,
                is_pseudo: at < PSEUDO,
            }),
            None => self.entries.get(at - STATIC.len()).copied(),
        }
    }

    /// Adds an entry, in place of the oldest ones. One that is too large for the table empties it.
    pub(super) fn insert(&mut self, entry: Entry) {
        self.shrink(self.limit.saturating_sub(entry.size));
        if entry.size <= self.limit {
            self.size += entry.size;
            self.entries.push_front(entry);
        }
    }

    /// Changes the size that it may have. False: it may not.
    pub(super) fn resize(&mut self, limit: usize) -> bool {
        if limit > LIMIT {
            return false;
        }
        self.limit = limit;
        self.shrink(limit);
        true
    }

    fn shrink(&mut self, size: usize) {
        while self.size > size {
            let Some(oldest) = self.entries.pop_back() else { return };
            self.size -= oldest.size;
        }
    }
}

/// Entries of the static table that are pseudo-fields: the first ones.
const PSEUDO: usize = 14;
/// The static table (RFC 7541 appendix A).
const STATIC: [(&str, &str); 61] = [
    (":authority", ""),
    (":method", "GET"),
    (":method", "POST"),
    (":path", "/"),
    (":path", "/index.html"),
    (":scheme", "http"),
    (":scheme", "https"),
    (":status", "200"),
    (":status", "204"),
    (":status", "206"),
    (":status", "304"),
    (":status", "400"),
    (":status", "404"),
    (":status", "500"),
    ("accept-charset", ""),
    ("accept-encoding", "gzip, deflate"),
    ("accept-language", ""),
    ("accept-ranges", ""),
    ("accept", ""),
    ("access-control-allow-origin", ""),
    ("age", ""),
    ("allow", ""),
    ("authorization", ""),
    ("cache-control", ""),
    ("content-disposition", ""),
    ("content-encoding", ""),
    ("content-language", ""),
    ("content-length", ""),
    ("content-location", ""),
    ("content-range", ""),
    ("content-type", ""),
    ("cookie", ""),
    ("date", ""),
    ("etag", ""),
    ("expect", ""),
    ("expires", ""),
    ("from", ""),
    ("host", ""),
    ("if-match", ""),
    ("if-modified-since", ""),
    ("if-none-match", ""),
    ("if-range", ""),
    ("if-unmodified-since", ""),
    ("last-modified", ""),
    ("link", ""),
    ("location", ""),
    ("max-forwards", ""),
    ("proxy-authenticate", ""),
    ("proxy-authorization", ""),
    ("range", ""),
    ("referer", ""),
    ("refresh", ""),
    ("retry-after", ""),
    ("server", ""),
    ("set-cookie", ""),
    ("strict-transport-security", ""),
    ("transfer-encoding", ""),
    ("user-agent", ""),
    ("vary", ""),
    ("via", ""),
    ("www-authenticate", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(size: usize) -> Entry {
        Entry { name: 1, size, is_pseudo: false }
    }

    #[test]
    fn new_entries_push_the_oldest_out() {
        let mut table = Table::default();
        (0..3).for_each(|at| table.insert(entry(2000 + at)));
        assert_eq!(
            [62, 63, 64].map(|index| table.entry(index).map(|e| e.size)),
            [Some(2002), Some(2001), None]
        );
        table.insert(entry(LIMIT + 1));
        assert_eq!(table.entry(62), None, "one that is too large empties it");
    }

    #[test]
    fn a_smaller_table_forgets() {
        let mut table = Table::default();
        table.insert(entry(100));
        assert!(!table.resize(LIMIT + 1));
        assert!(table.resize(99));
        assert_eq!((table.entry(62), table.entry(0)), (None, None));
        assert!(table.resize(LIMIT));
        table.insert(entry(100));
        assert!(table.entry(62).is_some());
    }

    #[test]
    fn pseudo_fields_come_first() {
        let table = Table::default();
        assert!((1..=PSEUDO).all(|index| table.entry(index).is_some_and(|entry| entry.is_pseudo)));
        assert!((PSEUDO + 1..=61).all(|index| table.entry(index).is_some_and(|entry| !entry.is_pseudo)));
        assert!(STATIC.iter().enumerate().all(|(at, (name, _))| name.starts_with(':') == (at < PSEUDO)));
    }
}
