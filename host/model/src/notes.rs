//! Notes: what plugins leave for later hooks and for the access log.

/// How many notes an exchange keeps.
const COUNT_LIMIT: usize = 16;
/// How long a note's name may be, in bytes.
const NAME_LIMIT: usize = 64;
/// How long a note's value may be, in bytes.
const VALUE_LIMIT: usize = 256;

/// A few named strings, in the order they came.
#[derive(Debug, Default)]
pub struct Notes(Vec<(String, String)>);

impl Notes {
    /// Keeps a note, cut to its limits; false when there is no room for another.
    pub fn keep(&mut self, name: &str, value: &str) -> bool {
        let (name, value) = (cut(name, NAME_LIMIT), cut(value, VALUE_LIMIT));
        if let Some((_, old)) = self.0.iter_mut().find(|(n, _)| n == name) {
            value.clone_into(old);
            return true;
        }
        if self.0.len() == COUNT_LIMIT {
            return false;
        }
        self.0.push((name.to_owned(), value.to_owned()));
        true
    }

    /// The note of that name.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The longest prefix of at most `limit` bytes that ends between characters.
fn cut(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_note_of_a_name_replaces_the_first() {
        let mut notes = Notes::default();
        assert!(notes.keep("a", "1") && notes.keep("a", "2"));
        assert_eq!(notes.iter().collect::<Vec<_>>(), [("a", "2")]);
    }

    #[test]
    fn a_seventeenth_note_is_dropped_and_long_ones_are_cut() {
        let mut notes = Notes::default();
        for i in 0..COUNT_LIMIT {
            assert!(notes.keep(&i.to_string(), &"\u{e9}".repeat(VALUE_LIMIT)));
        }
        assert!(!notes.keep("more", "x"));
        assert_eq!(notes.find("0").map(str::len), Some(VALUE_LIMIT));
    }
}
