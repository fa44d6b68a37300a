//! Pairs of names and values in the form in which they stand in a guest's memory: how many there are, the lengths of all, and
//! then each name and each value with a zero after it.

/// How many pairs a guest may hand over at once.
const COUNT_LIMIT: usize = 1024;
/// Bytes of a number.
const NUMBER: usize = 4;

/// A name and its value.
pub(super) type Pair<'a> = (&'a [u8], &'a [u8]);

/// Writes pairs; none are no bytes at all.
pub(super) fn write(pairs: &[Pair<'_>], into: &mut Vec<u8>) {
    if pairs.is_empty() {
        return;
    }
    into.extend(number(pairs.len()));
    for (name, value) in pairs {
        into.extend(number(name.len()));
        into.extend(number(value.len()));
    }
    for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
        into.extend_from_slice(text);
        into.push(0);
    }
}

/// Reads pairs; none where the bytes are not what was written.
pub(super) fn read(bytes: &[u8]) -> Option<Vec<Pair<'_>>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let (count, rest) = take_number(bytes)?;
    if count > COUNT_LIMIT {
        return None;
    }
    let (mut lengths, mut texts) = rest.split_at_checked(count.checked_mul(2 * NUMBER)?)?;
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        let (name_length, after) = take_number(lengths)?;
        let (value_length, after) = take_number(after)?;
        lengths = after;
        let (name, after) = take_text(texts, name_length)?;
        let (value, after) = take_text(after, value_length)?;
        texts = after;
        pairs.push((name, value));
    }
    Some(pairs)
}

fn number(length: usize) -> [u8; NUMBER] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

fn take_number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<NUMBER>()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

fn take_text(bytes: &[u8], length: usize) -> Option<(&[u8], &[u8])> {
    let (text, rest) = bytes.split_at_checked(length)?;
    let (zero, rest) = rest.split_first()?;
    (*zero == 0).then_some((text, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOME: [Pair<'_>; 3] = [(b":path", b"/a"), (b"empty", b""), (b"caf\xe9", b"a\0b")];

    fn written(pairs: &[Pair<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(pairs, &mut bytes);
        bytes
    }

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(read(&written(&SOME)).unwrap(), SOME);
        assert_eq!(written(&[]), b"");
        assert_eq!(written(&[(b"a", b"bc")]), b"\x01\0\0\0\x01\0\0\0\x02\0\0\0a\0bc\0");
    }

    #[test]
    fn what_is_cut_or_says_too_much_of_itself_is_not_read() {
        let whole = written(&SOME);
        assert!((1..whole.len()).all(|length| read(&whole[..length]).is_none()));
        assert!(read(b"\xff\xff\xff\xff").is_none());
        assert!(read(b"\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xffa\0").is_none());
        assert!(read(b"\x01\0\0\0\x01\0\0\0\x01\0\0\0aXb\0").is_none(), "no zero between");
        assert_eq!(read(b"\0\0\0\0").unwrap(), []);
    }
}
