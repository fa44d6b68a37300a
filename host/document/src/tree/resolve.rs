//! What a plain scalar means: YAML 1.2's core schema (section 10.3.2), in which `yes`, `no`, `on` and `off` are text.

use super::Value;

pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => integer(text).or_else(|| float(text)).unwrap_or(Value::Text),
    }
}

fn integer(text: &str) -> Option<Value> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = text.parse().ok().map(Value::Unsigned);
    unsigned.or_else(|| text.parse().ok().map(Value::Signed))
}

fn radix(digits: &str, radix: u32) -> Option<Value> {
    // from_str_radix takes a sign, YAML does not.
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u64::from_str_radix(digits, radix).ok().map(Value::Unsigned))?
}

fn float(text: &str) -> Option<Value> {
    match text.trim_start_matches(['+', '-']) {
        ".inf" | ".Inf" | ".INF" => return Some(Value::Float(f64::INFINITY)),
        ".nan" | ".NaN" | ".NAN" => return Some(Value::Float(f64::NAN)),
        _ => {}
    }
    // Rust's parser also takes `inf`, `nan` and `infinity`, which are text here.
    let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let digits = text.bytes().any(|byte| byte.is_ascii_digit());
    (numeric && digits).then(|| text.parse().ok().map(Value::Float))?
}
