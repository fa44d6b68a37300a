//! The book of names: what each leads to, as far as is known. Shared with whoever shows it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use outbound::{NameQuestion, Place};

/// What is known of all names.
#[derive(Debug, Default)]
pub struct Book(Mutex<BTreeMap<NameQuestion, Entry>>);

/// What is known of one name.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// What it leads to; nothing, as long as no lookup has succeeded.
    pub places: Vec<Place>,
    /// When that was last confirmed.
    pub confirmed: Option<Instant>,
    /// Lookups that failed, since the name is known.
    pub failures: u64,
}

impl Book {
    /// What a name leads to.
    pub fn places(&self, question: &NameQuestion) -> Vec<Place> {
        self.pages().get(question).map(|entry| entry.places.clone()).unwrap_or_default()
    }

    /// All names, in words, and what is known of them.
    pub fn entries(&self) -> Vec<(String, Entry)> {
        self.pages().iter().map(|(question, entry)| (question.to_string(), entry.clone())).collect()
    }

    /// Whether there was no answer yet, not even a bad one.
    pub(super) fn is_new(&self, question: &NameQuestion) -> bool {
        !self.pages().contains_key(question)
    }

    /// Takes down what a name leads to; true if that is something else than before.
    pub(super) fn found(&self, question: NameQuestion, places: Vec<Place>) -> bool {
        let mut pages = self.pages();
        let entry = pages.entry(question).or_default();
        entry.confirmed = Some(Instant::now());
        let changed = entry.places != places;
        entry.places = places;
        changed
    }

    /// Takes down that a lookup failed. What was known is kept.
    pub(super) fn failed(&self, question: NameQuestion) {
        self.pages().entry(question).or_default().failures += 1;
    }

    /// Forgets the names that are followed no more.
    pub(super) fn keep_only(&self, followed: impl Fn(&NameQuestion) -> bool) {
        self.pages().retain(|question, _| followed(question));
    }

    /// A map is whole between any two statements that change it, so that a panic elsewhere leaves it usable.
    fn pages(&self) -> MutexGuard<'_, BTreeMap<NameQuestion, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
