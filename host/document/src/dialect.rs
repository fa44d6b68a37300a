//! What the owner of a format says for itself: what words mean is not for the document to know.

/// What messages say that only the format's owner can know.
#[derive(Debug)]
pub struct Dialect {
    /// Words that the format will have and has not yet, by the Rust name of the struct or enum that they will belong to. They
    /// are refused by name: ignoring one would be worse than not having it, and "unknown key" would be a lie.
    pub planned: &'static [(&'static str, &'static [&'static str])],
    /// Those that are written in place of a key that exists, which is then not missing: owner, word, key.
    pub instead: &'static [(&'static str, &'static str, &'static str)],
    /// Where variables have a meaning, for whoever writes one elsewhere.
    pub variables: &'static str,
}

/// A format without words to come.
static PLAIN: Dialect = Dialect { planned: &[], instead: &[], variables: "" };

/// The struct or enum that a word would belong to.
#[derive(Clone, Copy)]
pub(crate) struct Owner<'a> {
    /// Its Rust name.
    pub(crate) name: &'a str,
    pub(crate) dialect: &'a Dialect,
}

impl Owner<'_> {
    /// For words that belong to nothing.
    pub(crate) fn nobody() -> Self {
        Owner { name: "", dialect: &PLAIN }
    }

    /// Whether it will have this word.
    pub(crate) fn plans(self, word: &str) -> bool {
        self.dialect.planned.iter().any(|(name, words)| *name == self.name && words.contains(&word))
    }

    /// The key in whose place a word is written.
    pub(crate) fn key_for(self, word: &str) -> Option<&'static str> {
        let mut instead = self.dialect.instead.iter();
        instead.find(|(name, planned, _)| *name == self.name && *planned == word).map(|(_, _, key)| *key)
    }
}

/// What is said of a word that is not understood yet.
pub fn refusal(word: &str) -> String {
    format!("`{word}` is not supported yet")
}
