//! Which machinery a component runs on, told from its bytes before they are compiled.
//!
//! Most are called by one caller at a time, and their stores know of nothing else. Those that answer by `wasi:http` 0.3 have tasks and
//! streams, which take another setting of the engine: that would cost the others some time in each call.

/// The interface that such components answer by, up to the last part of its version.
pub const CONCURRENT_HANDLER: &str = "wasi:http/handler@0.3.";

/// What of the component model a component needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Calls from beginning to end.
    #[default]
    Plain,
    /// Tasks, streams and futures.
    Concurrent,
}

impl Dialect {
    /// By what it exports. What is no component is [`Dialect::Plain`], and refused later.
    pub fn of(bytes: &[u8]) -> Dialect {
        let answers = |section: &[u8]| has(section, CONCURRENT_HANDLER.as_bytes());
        match exports(bytes).any(answers) {
            true => Dialect::Concurrent,
            false => Dialect::Plain,
        }
    }
}

/// The contents of the sections of its exports. Those of components inside it are in sections of another kind.
fn exports(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    const HEADER: usize = 8;
    const EXPORTS: u8 = 11;
    let mut rest = bytes.get(HEADER..).unwrap_or_default();
    let sections = std::iter::from_fn(move || {
        let (kind, after) = rest.split_first()?;
        let (length, after) = number(after)?;
        let (content, after) = after.split_at_checked(length)?;
        rest = after;
        Some((*kind, content))
    });
    sections.filter(|(kind, _)| *kind == EXPORTS).map(|(_, content)| content)
}

/// A number as WebAssembly writes it (LEB128), and what follows.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    const LONGEST: usize = 5;
    let length = bytes.iter().take(LONGEST).position(|byte| byte & 0x80 == 0)? + 1;
    let (digits, rest) = bytes.split_at_checked(length)?;
    let number = digits.iter().rev().fold(0u64, |number, digit| number << 7 | u64::from(digit & 0x7f));
    Some((usize::try_from(number).ok()?, rest))
}

fn has(content: &[u8], name: &[u8]) -> bool {
    content.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(sections: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        for (kind, content) in sections {
            bytes.push(*kind);
            let length = content.len();
            bytes.extend([(length & 0x7f) as u8 | 0x80, (length >> 7) as u8]);
            bytes.extend_from_slice(content);
        }
        bytes
    }

    #[test]
    fn only_what_a_component_exports_itself_counts() {
        let (name, long) = (b"..wasi:http/handler@0.3.0..", [0u8; 300]);
        assert_eq!(Dialect::of(&component(&[(4, name), (10, name)])), Dialect::Plain, "inside, and imported");
        assert_eq!(Dialect::of(&component(&[(4, &long), (11, name)])), Dialect::Concurrent);
        assert_eq!(Dialect::of(&component(&[(11, b"wasi:http/incoming-handler@0.2.3")])), Dialect::Plain);
    }

    #[test]
    fn what_is_cut_short_is_no_more_than_it_is() {
        let whole = component(&[(4, &[0; 200]), (11, b"wasi:http/handler@0.3.0")]);
        for length in 0..whole.len() {
            assert_eq!(Dialect::of(&whole[..length]), Dialect::Plain, "{length}");
        }
    }
}
