use super::*;

/// The list of a block; the same however it is cut.
fn list(blocks: &mut Blocks, block: &[u8]) -> Result<List, Broken> {
    blocks.begin();
    blocks.part(block)?;
    blocks.end()
}

fn first(block: &[u8]) -> Result<List, Broken> {
    let whole = list(&mut Blocks::default(), block);
    for size in [1, 2, 3, 7] {
        let mut blocks = Blocks::default();
        blocks.begin();
        let parts = block.chunks(size).try_for_each(|part| blocks.part(part));
        assert_eq!(parts.and_then(|()| blocks.end()), whole, "in pieces of {size}: {block:x?}");
    }
    whole
}

#[test]
fn the_rfcs_requests_have_their_sizes() {
    // RFC 7541 appendix C.4: three requests on one connection, with Huffman's code.
    let one = [
        0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff,
    ];
    let two = [0x82, 0x86, 0x84, 0xbe, 0x58, 0x86, 0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf];
    let three = [
        0x82, 0x87, 0x85, 0xbf, 0x40, 0x88, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f, 0x89, 0x25, 0xa8,
        0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf,
    ];
    let mut blocks = Blocks::default();
    let sizes = [&one[..], &two, &three].map(|block| list(&mut blocks, block).unwrap().size);
    // :method GET, :scheme http, :path /, :authority www.example.com.
    assert_eq!(sizes, [42 + 43 + 38 + 57, 42 + 43 + 38 + 57 + 53, 42 + 44 + 48 + 57 + 54]);
    assert_eq!(first(&one).unwrap().size, sizes[0]);
}

#[test]
fn what_breaks_the_rules_is_broken() {
    let broken: [&[u8]; 12] = [
        &[0x80],
        &[0xbe],
        &[0x7f, 0x00, 0x01, b'x'],
        &[0x82, 0x20],
        &[0x3f, 0xe2, 0x1f],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        &[0x41, 0x82, 0x1f, 0xff],
        &[0x41, 0x81, 0x18],
        &[0x00, 0x81, 0x18, 0x01, b'x'],
        &[0x41, 0x84, 0xff, 0xff, 0xff, 0xff],
        &[0x41, 0x02, b'x'],
        &[0x40],
    ];
    for block in broken {
        assert_eq!(first(block), Err(Broken), "{block:x?}");
    }
}

#[test]
fn a_table_may_be_resized_twice_before_the_fields() {
    assert!(first(&[0x20, 0x3f, 0xe1, 0x1f, 0x82]).is_ok());
    let mut blocks = Blocks::default();
    list(&mut blocks, &[0x40, 0x01, b'x', 0x01, b'y']).unwrap();
    assert!(list(&mut blocks, &[0xbe]).is_ok());
    assert_eq!(list(&mut blocks, &[0x20, 0xbe]), Err(Broken), "it is empty");
}

#[test]
fn pseudo_fields_are_known_however_they_are_written() {
    let has_pseudo = |block: &[u8]| first(block).unwrap().has_pseudo;
    assert!(has_pseudo(&[0x82]));
    assert!(has_pseudo(&[0x41, 0x01, b'a']));
    assert!(has_pseudo(&[0x00, 0x02, b':', b'x', 0x01, b'a']));
    // `:path` in Huffman's code.
    assert!(has_pseudo(&[0x10, 0x84, 0xb9, 0x58, 0xd3, 0x3f, 0x01, b'a']));
    assert!(!has_pseudo(&[0x00, 0x01, b'x', 0x02, b':', b'a']));
    let mut blocks = Blocks::default();
    list(&mut blocks, &[0x40, 0x02, b':', b'x', 0x01, b'a', 0x40, 0x01, b'x', 0x01, b'a']).unwrap();
    assert!(!list(&mut blocks, &[0xbe]).unwrap().has_pseudo);
    assert!(list(&mut blocks, &[0xbf]).unwrap().has_pseudo, "by its entry");
}

proptest::proptest! {
    /// Whatever comes is judged the same however it is cut.
    #[test]
    fn any_bytes_are_judged(blocks in proptest::collection::vec(proptest::collection::vec(0u8.., 0..60), 1..6), size in 1usize..9) {
        let (mut whole, mut cut) = (Blocks::default(), Blocks::default());
        for block in &blocks {
            let expected = list(&mut whole, block);
            cut.begin();
            let parts = block.chunks(size).try_for_each(|part| cut.part(part));
            proptest::prop_assert_eq!(parts.and_then(|()| cut.end()), expected);
            if expected.is_err() {
                break;
            }
        }
    }
}
