//! Names people misspell: the nearest known one, and lists of them for a help line.

use crate::check::NAME_LIMIT;

/// How alike two names have to be, from 0 to 1; names that begin alike count as more alike.
const NEAR: f64 = 0.8;

/// The most known names that a help line lists.
const LIST_LIMIT: usize = 20;

/// The known name that was probably meant, if one is near.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // The comparison takes time by the product of the lengths, and no name of ours is so long.
    if name.len() > NAME_LIMIT {
        return None;
    }
    let alike = known.into_iter().map(|known| (strsim::jaro_winkler(name, known), known));
    let near = alike.filter(|(likeness, _)| *likeness >= NEAR);
    near.min_by(|(a, _), (b, _)| b.total_cmp(a)).map(|(_, known)| known)
}

/// ", did you mean `x`?", or nothing.
pub fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
}

/// "`a`, `b`, `c`", cut when there are many.
pub fn list<'a>(known: impl IntoIterator<Item = &'a str>) -> String {
    let mut known = known.into_iter();
    let shown: Vec<String> = known.by_ref().take(LIST_LIMIT).map(|name| format!("`{name}`")).collect();
    match known.count() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        let known = ["version", "listeners", "log", "plugins", "upstreams", "routes", "router"];
        let slips =
            [("lisen", "listeners"), ("plugin", "plugins"), ("route", "routes"), ("upstraem", "upstreams")];
        for (slip, meant) in slips {
            assert_eq!(nearest(slip, known), Some(meant), "{slip}");
        }
        for other in ["", "zzz", "backend", "tls", "health"] {
            assert_eq!(nearest(other, known), None, "{other}");
        }
    }

    #[test]
    fn a_long_list_is_cut() {
        let known = ["a"; 25];
        assert!(list(known).ends_with("`a` and 5 more"));
    }
}
