//! Which crate of ours may depend on which: the table in host/ARCHITECTURE.md.
//!
//! The table's head is `| crate | may depend on |`. A row is one crate in backquotes, and those it may depend on, in
//! backquotes too; whatever else a cell says is for people. It is about the product: tests may depend on anything.

use super::{Breach, Crate};

/// Where the table is, from the root.
pub(super) const MAP: &str = "host/ARCHITECTURE.md";
/// The table's head, without white space.
const HEAD: &str = "|crate|maydependon|";

/// A row of the table.
#[derive(Debug, PartialEq)]
struct Row {
    line: usize,
    name: String,
    may: Vec<String>,
}

/// The crates against the table.
pub(super) fn breaches(crates: &[Crate], map: &str) -> Vec<Breach> {
    let rows = rows(map);
    if rows.is_empty() {
        return vec![Breach::new(MAP, 1, "no table with the head `| crate | may depend on |`")];
    }
    let mut found: Vec<Breach> = rows.iter().flat_map(|row| unknown(row, crates)).collect();
    for each in crates {
        let row = rows.iter().find(|row| row.name == each.name);
        found.extend(row.map_or_else(|| vec![absent(each)], |row| against(each, row, crates)));
    }
    found
}

fn rows(map: &str) -> Vec<Row> {
    let lines = (1..).zip(map.lines()).skip_while(|(_, line)| squeezed(line) != HEAD);
    let table = lines.skip(2).take_while(|(_, line)| line.trim_start().starts_with('|'));
    table.filter_map(|(line, text)| row(line, text)).collect()
}

fn row(line: usize, text: &str) -> Option<Row> {
    let mut cells = text.trim().trim_matches('|').split('|');
    let name = quoted(cells.next()?).into_iter().next()?;
    Some(Row { line, name, may: quoted(cells.next().unwrap_or_default()) })
}

/// What is in backquotes.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect()
}

/// Names of a row that no crate has: the map must not show what is not there.
fn unknown(row: &Row, crates: &[Crate]) -> Vec<Breach> {
    let names = std::iter::once(&row.name).chain(&row.may);
    let unknown = names.filter(|name| !crates.iter().any(|each| each.name == **name));
    unknown.map(|name| Breach::new(MAP, row.line, format!("there is no crate `{name}`"))).collect()
}

fn absent(each: &Crate) -> Breach {
    Breach::new(MAP, 1, format!("the table has no row for the crate `{}`", each.name))
}

fn against(each: &Crate, row: &Row, crates: &[Crate]) -> Vec<Breach> {
    let mut found = Vec::new();
    for dependency in each.dependencies.iter().filter(|dependency| !dependency.is_for_tests()) {
        let Some(ours) = crates.iter().find(|other| other.package == dependency.name) else { continue };
        if !row.may.contains(&ours.name) {
            let rule = format!("`{}` must not depend on `{}` (see {MAP}:{})", each.name, ours.name, row.line);
            found.push(each.breach(dependency.key(), rule));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# Map\n\n| crate | may depend on |\n| --- | --- |\n| `model` | |\n| `net` | `model` (heads) |\n\nMore.\n";

    fn found(crates: &[Crate], map: &str) -> Vec<String> {
        breaches(crates, map).iter().map(Breach::to_string).collect()
    }

    #[test]
    fn a_row_is_a_crate_and_what_it_may_depend_on() {
        let model = Row { line: 5, name: "model".to_owned(), may: Vec::new() };
        let net = Row { line: 6, name: "net".to_owned(), may: vec!["model".to_owned()] };
        assert_eq!(rows(TABLE), [model, net]);
    }

    #[test]
    fn arrows_of_the_table_are_allowed_and_no_others() {
        let (model, net) = (Crate::sample("model", &[]), Crate::sample("net", &["model"]));
        assert_eq!(found(&[model, net], TABLE), [""; 0]);
        let (model, net) = (Crate::sample("model", &["net"]), Crate::sample("net", &["model"]));
        let rule = "host/model/Cargo.toml:2: `model` must not depend on `net` (see host/ARCHITECTURE.md:5)";
        assert_eq!(found(&[model, net], TABLE), [rule]);
    }

    #[test]
    fn the_table_has_each_crate_and_nothing_else() {
        let crates = [Crate::sample("model", &[]), Crate::sample("new", &[])];
        let rules = ["6: there is no crate `net`", "1: the table has no row for the crate `new`"]
            .map(|r| format!("{MAP}:{r}"));
        assert_eq!(found(&crates, TABLE), rules);
        assert!(found(&crates, "no table")[0].contains("no table"));
    }
}
