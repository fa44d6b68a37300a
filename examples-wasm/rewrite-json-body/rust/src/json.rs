//! Which bodies are JSON, and fields taken out of one.

use serde_json::Value;

/// Whether a message with these fields has JSON for a body, and that uncoded.
pub(crate) fn is_json(header: impl Fn(&str) -> Option<String>) -> bool {
    let coding = header("content-encoding");
    if coding.is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return false;
    }
    let kind = header("content-type").unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Takes the fields of these names out, wherever they are; says how many there were. What is too deep for this was
/// too deep to be parsed.
pub(crate) fn hide(value: &mut Value, names: &[String]) -> usize {
    match value {
        Value::Object(object) => {
            let before = object.len();
            object.retain(|name, _| !names.contains(name));
            before - object.len() + object.values_mut().map(|value| hide(value, names)).sum::<usize>()
        }
        Value::Array(values) => values.iter_mut().map(|value| hide(value, names)).sum(),
        _ => 0,
    }
}
