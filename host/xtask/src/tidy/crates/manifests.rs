//! Rules for manifests: each crate says what it is, has the lints of all, and is named one by one in the root's.

use super::{Breach, Crate};

/// Where lints are other than the workspace's, and why.
const OWN_LINTS: [(&str, &str); 1] =
    [("sandgate-tests", "a panic is how a claim fails; its manifest says so")];

/// What is wrong with the crates' manifests.
pub(super) fn breaches(crates: &[Crate]) -> Vec<Breach> {
    crates.iter().flat_map(|each| [description(each), lints(each)].into_iter().flatten()).collect()
}

fn description(each: &Crate) -> Option<Breach> {
    each.description
        .trim()
        .is_empty()
        .then(|| each.breach("name", "no `description`: say in a line what it is"))
}

fn lints(each: &Crate) -> Option<Breach> {
    let lines = each.manifest.lines().skip_while(|line| *line != "[lints]").skip(1);
    let mut section = lines.take_while(|line| !line.starts_with('['));
    let has_own = OWN_LINTS.iter().any(|(package, _)| *package == each.package);
    let is_fine = has_own || section.any(|line| line == "workspace = true");
    (!is_fine).then(|| each.breach("[lints]", "no `[lints]` with `workspace = true`"))
}

/// The root's members: spelled out, since a pattern takes folders without a manifest for errors and hides the map.
pub(super) fn members(manifest: &str) -> Option<Breach> {
    let lines = (1..).zip(manifest.lines()).skip_while(|(_, line)| !line.starts_with("members"));
    let mut list = lines.take_while(|(_, line)| !line.starts_with(']'));
    let (line, _) = list.find(|(_, line)| line.contains('*'))?;
    Some(Breach::new("Cargo.toml", line, "a pattern among the members: spell them out, one a line"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_says_what_it_is_and_has_the_lints_of_all() {
        assert_eq!(breaches(&[Crate::sample("net", &[])]), []);
        let bare = Crate { description: String::new(), manifest: String::new(), ..Crate::sample("net", &[]) };
        assert_eq!(breaches(&[bare]).len(), 2);
    }

    #[test]
    fn members_are_spelled_out() {
        assert_eq!(members("[workspace]\nmembers = [\n    \"host/net\",\n]\nx = \"*\"\n"), None);
        assert_eq!(
            members("[workspace]\nmembers = [\n    \"host/*\",\n]\n").map(|breach| breach.line),
            Some(3)
        );
        assert_eq!(members("members = [\"host/*\"]\n").map(|breach| breach.line), Some(1));
    }
}
