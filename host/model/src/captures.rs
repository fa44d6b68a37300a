//! Captures: the parts of a path that a route's pattern gave names to.

use std::sync::Arc;

/// Named parts of the path that matched, in the order of the pattern. Nothing is allocated where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures(Vec<(Arc<str>, String)>);

impl Captures {
    /// Remembers a part. Its name comes from the configuration, where no name is given twice.
    pub fn add(&mut self, name: Arc<str>, value: String) {
        self.0.push((name, value));
    }

    /// The part of that name.
    pub fn named(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own.as_ref() == name).map(|(_, value)| value.as_str())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_by_its_name() {
        let mut captures = Captures::default();
        captures.add(Arc::from("version"), "2".to_owned());
        captures.add(Arc::from("user"), "ann".to_owned());
        assert_eq!(captures.named("user"), Some("ann"));
        assert_eq!(captures.named("group"), None);
        assert_eq!(captures.iter().collect::<Vec<_>>(), [("version", "2"), ("user", "ann")]);
    }
}
