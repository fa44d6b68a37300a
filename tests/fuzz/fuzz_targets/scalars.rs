//! Durations and sizes, against their grammar and arithmetic that can't overflow; and a size that is written out reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use loader::fuzzing::{size, time};

const TIMES: [(&str, u128); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
const SIZES: [(&str, u128); 5] = [("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

fuzz_target!(|text: &str| {
    let millis = time(text).map(|time| time.as_millis());
    assert_eq!(millis, meant(text, &TIMES), "{text:?}");
    let read = size(text);
    assert_eq!(read.as_ref().map(|(bytes, _)| u128::from(*bytes)), meant(text, &SIZES), "{text:?}");
    if let Some((bytes, written)) = read {
        assert_eq!(size(&written).map(|(bytes, _)| bytes), Some(bytes), "{written}");
    }
});

fn meant(text: &str, units: &[(&str, u128)]) -> Option<u128> {
    let number = text.trim_end_matches(|char: char| !char.is_ascii_digit());
    let (_, unit) = units.iter().find(|(unit, _)| text.strip_prefix(number) == Some(unit))?;
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.trim_start_matches('0');
    if !is_plain || number.len() > 20 {
        return None;
    }
    let number = if number.is_empty() { 0 } else { number.parse::<u128>().ok()? };
    let product = number * unit;
    (number <= u64::MAX.into() && product <= u64::MAX.into()).then_some(product)
}
