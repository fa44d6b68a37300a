//! HPACK: what header blocks are held to before h2 decodes them (RFC 7541), and what the gate has to know of them.
//!
//! h2 answers errors of compression with PROTOCOL_ERROR, drops pseudo-fields of trailers, and refuses lists that are
//! too long by itself. So the gate reads along: representations, indices, lengths and Huffman codes, with a table that
//! has the sizes of entries in place of the entries. No name and no value is decoded, but for its length.

mod huffman;
mod table;

use table::{Entry, Table};

/// What a field adds to the size of a list (RFC 9113 section 10.5.1) and of the table (RFC 7541 section 4.1).
const OVERHEAD: usize = 32;
/// Octets of a number (RFC 7541 section 5.1); as many as h2 takes.
const NUMBER: usize = 5;
/// The first byte of names that begin with a colon, as it is and in Huffman's code, where it has seven bits.
const COLON: (u8, u8) = (b':', 0b101_1100);

/// Why a block can't be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The rest has not come.
    Incomplete,
    /// It breaks the rules of HPACK (RFC 9113 section 4.3).
    Broken,
}

/// What was read, and what follows it.
type Read<'a, T> = Result<(T, &'a [u8]), Stop>;

/// A block breaks the rules of HPACK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// What is known of a list of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    /// Its size, as SETTINGS_MAX_HEADER_LIST_SIZE counts it.
    pub(super) size: usize,
    /// Whether a pseudo-field is among its fields.
    pub(super) has_pseudo: bool,
    /// Whether it has any.
    pub(super) has_fields: bool,
}

/// The header blocks of a connection, in their order.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    table: Table,
    list: List,
    /// A representation whose rest has not come. The gate limits the frames that it can be spread over.
    rest: Vec<u8>,
}

impl Blocks {
    /// Another block begins.
    pub(super) fn begin(&mut self) {
        self.list = List::default();
    }

    /// The next bytes of a block.
    pub(super) fn part(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        if self.rest.is_empty() {
            let rest = self.read(bytes)?;
            self.rest.extend_from_slice(rest);
            return Ok(());
        }
        let mut all = std::mem::take(&mut self.rest);
        all.extend_from_slice(bytes);
        let left = self.read(&all)?.len();
        all.drain(..all.len() - left);
        self.rest = all;
        Ok(())
    }

    /// The block is over.
    pub(super) fn end(&mut self) -> Result<List, Broken> {
        let is_whole = self.rest.is_empty();
        self.rest = Vec::new();
        if is_whole { Ok(self.list) } else { Err(Broken) }
    }

    /// Reads all that is whole, and gives back what is not.
    fn read<'a>(&mut self, mut bytes: &'a [u8]) -> Result<&'a [u8], Broken> {
        while let Some(first) = bytes.first() {
            bytes = match self.representation(*first, bytes) {
                Ok(rest) => rest,
                Err(Stop::Incomplete) => return Ok(bytes),
                Err(Stop::Broken) => return Err(Broken),
            }
        }
        Ok(bytes)
    }

    /// A representation (RFC 7541 section 6).
    fn representation<'a>(&mut self, first: u8, bytes: &'a [u8]) -> Result<&'a [u8], Stop> {
        match first {
            0x80.. => {
                let (index, rest) = number(bytes, 7)?;
                let entry = self.table.entry(index).ok_or(Stop::Broken)?;
                self.note(entry);
                Ok(rest)
            }
            0x40.. => {
                let (entry, rest) = self.literal(bytes, 6)?;
                self.table.insert(entry);
                self.note(entry);
                Ok(rest)
            }
            0x20.. => self.table_size(bytes),
            _ => {
                let (entry, rest) = self.literal(bytes, 4)?;
                self.note(entry);
                Ok(rest)
            }
        }
    }

    /// A literal field, its name in the table or not.
    fn literal<'a>(&self, bytes: &'a [u8], prefix: u32) -> Read<'a, Entry> {
        let (index, rest) = number(bytes, prefix)?;
        let (name, rest) = match index {
            0 => string(rest).map(|(name, rest)| (Some(name), rest))?,
            _ => (None, rest),
        };
        let (value, rest) = string(rest)?;
        let (name, is_pseudo) = match name {
            Some(name) => (name.length()?, name.begins_with_colon()),
            None => self.table.entry(index).map(|entry| (entry.name, entry.is_pseudo)).ok_or(Stop::Broken)?,
        };
        let size = name.saturating_add(value.length()?).saturating_add(OVERHEAD);
        Ok((Entry { name, size, is_pseudo }, rest))
    }

    /// A change of the table's size: before all fields, and to no more than we allow (RFC 7541 sections 4.2 and 6.3).
    fn table_size<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Stop> {
        let (size, rest) = number(bytes, 5)?;
        if self.list.has_fields || !self.table.resize(size) {
            return Err(Stop::Broken);
        }
        Ok(rest)
    }

    fn note(&mut self, entry: Entry) {
        self.list.size = self.list.size.saturating_add(entry.size);
        self.list.has_pseudo |= entry.is_pseudo;
        self.list.has_fields = true;
    }
}

/// A number whose prefix has so many bits (RFC 7541 section 5.1).
fn number(bytes: &[u8], prefix: u32) -> Read<'_, usize> {
    let (first, mut rest) = bytes.split_first().ok_or(Stop::Incomplete)?;
    let mask = (1 << prefix) - 1;
    let mut value = usize::from(*first) & mask;
    if value < mask {
        return Ok((value, rest));
    }
    for place in 0..NUMBER - 1 {
        let (byte, after) = rest.split_first().ok_or(Stop::Incomplete)?;
        rest = after;
        value += (usize::from(*byte) & 0x7f) << (7 * place);
        if *byte < 0x80 {
            return Ok((value, rest));
        }
    }
    Err(Stop::Broken)
}

/// A string (RFC 7541 section 5.2).
fn string(bytes: &[u8]) -> Read<'_, Text<'_>> {
    let is_huffman = *bytes.first().ok_or(Stop::Incomplete)? >= 0x80;
    let (length, rest) = number(bytes, 7)?;
    let (bytes, rest) = rest.split_at_checked(length).ok_or(Stop::Incomplete)?;
    Ok((if is_huffman { Text::Huffman(bytes) } else { Text::Plain(bytes) }, rest))
}

#[derive(Clone, Copy)]
enum Text<'a> {
    Plain(&'a [u8]),
    Huffman(&'a [u8]),
}

impl Text<'_> {
    fn length(self) -> Result<usize, Stop> {
        match self {
            Text::Plain(bytes) => Ok(bytes.len()),
            Text::Huffman(bytes) => huffman::length(bytes).ok_or(Stop::Broken),
        }
    }

    fn begins_with_colon(self) -> bool {
        match self {
            Text::Plain(bytes) => bytes.first() == Some(&COLON.0),
            Text::Huffman(bytes) => bytes.first().is_some_and(|first| first >> 1 == COLON.1),
        }
    }
}

/// For a fuzzer: the lists of a connection's blocks, each in pieces of this size, until one is broken.
#[cfg(fuzzing)]
pub fn lists_of(blocks: &[&[u8]], piece: usize) -> Vec<Option<(usize, bool)>> {
    let mut reader = Blocks::default();
    let mut lists = Vec::new();
    for block in blocks {
        reader.begin();
        let parts = block.chunks(piece.max(1)).try_for_each(|part| reader.part(part));
        let list = parts.and_then(|()| reader.end()).ok();
        lists.push(list.map(|list| (list.size, list.has_pseudo)));
        if list.is_none() {
            break;
        }
    }
    lists
}

#[cfg(test)]
mod tests;
