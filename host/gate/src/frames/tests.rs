use super::*;

const ABANDONED: u32 = 100;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [a, b, c, kind, flags];
    [&head[..], &stream.to_be_bytes(), payload].concat()
}

/// The verdict on some frames after the preface and SETTINGS; the same however they are cut.
fn verdict(frames: &[Vec<u8>]) -> Result<(), Breach> {
    let bytes = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(4, 0, 0, &[]), &frames.concat()].concat();
    let look = |size: usize| {
        let (mut frames, mut flood) = (Frames::new(32 << 10), Flood::new(ABANDONED));
        bytes.chunks(size).try_for_each(|chunk| frames.look(chunk, &mut flood))
    };
    let whole = look(bytes.len());
    for size in [1, 2, 7, 10, 100] {
        assert_eq!(look(size), whole, "in pieces of {size}");
    }
    whole
}

#[test]
fn a_request_with_a_padded_body_passes() {
    let body = frame(0, PADDED | END_STREAM, 1, &[2, b'x', 0, 0]);
    assert_eq!(verdict(&[frame(1, END_HEADERS, 1, &[0x82]), body, frame(6, 0, 0, &[0; 8])]), Ok(()));
}

#[test]
fn frames_of_a_wrong_size_or_place_are_breaches() {
    let protocol = Err(Breach::Rule(Reason::PROTOCOL_ERROR));
    let size = Err(Breach::Rule(Reason::FRAME_SIZE_ERROR));
    let cases = [
        (frame(0, 0, 0, b"x"), protocol),
        (frame(0, 0, 1, b"x"), protocol),
        (frame(1, END_HEADERS, 0, b"x"), protocol),
        (frame(1, END_HEADERS, 2, b"x"), protocol),
        (frame(2, 0, 0, &[0; 5]), protocol),
        (frame(2, 0, 1, &[0; 4]), size),
        (frame(3, 0, 1, &[0; 4]), protocol),
        (frame(4, 0, 1, &[]), protocol),
        (frame(4, 0, 0, &[0; 5]), size),
        (frame(4, ACK, 0, &[0; 6]), size),
        (frame(5, END_HEADERS, 1, &[0; 4]), protocol),
        (frame(6, 0, 1, &[0; 8]), protocol),
        (frame(6, 0, 0, &[0; 7]), size),
        (frame(7, 0, 1, &[0; 8]), protocol),
        (frame(8, 0, 0, &[0; 3]), size),
        (frame(8, 0, 1, &[0, 0, 0, 1]), protocol),
        (frame(9, END_HEADERS, 1, b"x"), protocol),
        (frame(0, 0, 1, &[0; 16_385]), size),
        (frame(77, 0, 1, b"whatever"), Ok(())),
    ];
    for (frame, expected) in cases {
        assert_eq!(verdict(std::slice::from_ref(&frame)), expected, "{:?}", &frame[..9]);
    }
}

#[test]
fn nothing_comes_between_the_parts_of_a_head() {
    let begun = frame(1, 0, 1, &[0x82]);
    let protocol = Err(Breach::Rule(Reason::PROTOCOL_ERROR));
    assert_eq!(verdict(&[begun.clone(), frame(9, END_HEADERS, 1, &[0x84])]), Ok(()));
    assert_eq!(verdict(&[begun.clone(), frame(9, END_HEADERS, 3, b"x")]), protocol);
    assert_eq!(verdict(&[begun, frame(6, 0, 0, &[0; 8])]), protocol);
}

#[test]
fn a_head_has_an_end() {
    let mut frames = vec![frame(1, 0, 1, &[0x82])];
    frames.extend((0..100).map(|_| frame(9, 0, 1, &[0x84])));
    assert_eq!(verdict(&frames), Err(Breach::Flood(Kind::Continuation)));
}

#[test]
fn padding_alone_is_no_data() {
    let mut frames = vec![frame(1, END_HEADERS, 1, &[0x82])];
    frames.extend((0..200).map(|_| frame(0, PADDED, 1, &[3, 0, 0, 0])));
    assert_eq!(verdict(&frames), Err(Breach::Flood(Kind::EmptyData)));
}

#[test]
fn settings_come_first() {
    let (mut frames, mut flood) = (Frames::new(0), Flood::new(ABANDONED));
    frames.look(&[0; PREFACE], &mut flood).unwrap();
    assert!(frames.is_owed());
    let ping = frame(6, 0, 0, &[0; 8]);
    assert_eq!(frames.look(&ping, &mut flood), Err(Breach::Rule(Reason::PROTOCOL_ERROR)));
}

#[test]
fn padding_and_priority_are_no_part_of_a_block() {
    let padded = [&[2][..], &[0x82, 0x84], &[0xff, 0xff]].concat();
    assert_eq!(verdict(&[frame(1, END_HEADERS | PADDED, 1, &padded)]), Ok(()));
    let all = [&[1][..], &[0; 5], &[0x82], &[0xff]].concat();
    assert_eq!(verdict(&[frame(1, END_HEADERS | PADDED | PRIORITY, 1, &all)]), Ok(()));
    let protocol = Err(Breach::Rule(Reason::PROTOCOL_ERROR));
    assert_eq!(verdict(&[frame(1, END_HEADERS | PADDED, 1, &[3, 0x82, 0])]), protocol);
    let size = Err(Breach::Rule(Reason::FRAME_SIZE_ERROR));
    assert_eq!(verdict(&[frame(1, END_HEADERS | PRIORITY, 1, &[0; 4])]), size);
}

#[test]
fn a_block_is_whole_when_its_last_frame_is() {
    let cut = |rest: &[u8]| vec![frame(1, 0, 1, &[0x82, 0x41, 0x03, b'a']), frame(9, END_HEADERS, 1, rest)];
    assert_eq!(verdict(&cut(b"bc")), Ok(()));
    let compression = Err(Breach::Rule(Reason::COMPRESSION_ERROR));
    assert_eq!(verdict(&cut(b"b")), compression);
    assert_eq!(verdict(&cut(b"")), compression);
    assert_eq!(verdict(&cut(&[b'b', b'c', 0x80])), compression);
}
