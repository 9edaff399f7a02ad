//! Every input is fed whole, split at each byte boundary, and byte by byte.

use super::*;

/// Consecutive pieces of one kind joined, so that results do not depend on where the chunks were cut.
#[derive(Debug, PartialEq, Eq, Clone)]
enum Seen {
    Plain(Vec<u8>),
    Inside(Vec<u8>),
    Event(Vec<u8>),
}

fn record(seen: &mut Vec<Seen>, piece: Captured<'_>) {
    match (seen.last_mut(), piece) {
        (Some(Seen::Plain(text)), Captured::Plain(more)) | (Some(Seen::Inside(text)), Captured::Inside(more)) => {
            text.extend_from_slice(more);
        }
        (_, Captured::Plain(text)) => seen.push(Seen::Plain(text.to_vec())),
        (_, Captured::Inside(text)) => seen.push(Seen::Inside(text.to_vec())),
        (_, Captured::Event(payload)) => seen.push(Seen::Event(payload.to_vec())),
    }
}

fn run<'a>(chunks: impl IntoIterator<Item = &'a [u8]>, maxbytes: i64) -> Vec<Seen> {
    let mut scanner = CaptureScanner::new(maxbytes);
    let mut seen = Vec::new();
    for chunk in chunks {
        scanner.feed(chunk, false, &mut |piece| record(&mut seen, piece));
        assert!(scanner.held.len() < BEGIN.len());
    }
    scanner.finish(false, &mut |piece| record(&mut seen, piece));
    assert!(!scanner.is_capturing());
    seen
}

/// Asserts the result for every way to cut `input` in two, and for single bytes.
fn check(input: &str, expected: &[Seen]) {
    let input = input.as_bytes();
    for at in 0..=input.len() {
        let (head, tail) = input.split_at(at);
        assert_eq!(run([head, tail], 1024), expected, "cut at {at}");
    }
    assert_eq!(run(input.chunks(1), 1024), expected, "byte by byte");
}

fn plain(text: &str) -> Seen {
    Seen::Plain(text.into())
}

fn inside(text: &str) -> Seen {
    Seen::Inside(text.into())
}

fn event(text: &str) -> Seen {
    Seen::Event(text.into())
}

const B: &str = "<!--XSUPERVISOR:BEGIN-->";
const E: &str = "<!--XSUPERVISOR:END-->";

#[test]
fn text_capture_text() {
    check(
        &format!("before{B}payload{E}after\n"),
        &[plain("before"), inside("payload"), event("payload"), plain("after\n")],
    );
}

#[test]
fn pairs_back_to_back_give_events_in_order() {
    check(&format!("{B}one{E}{B}two{E}"), &[inside("one"), event("one"), inside("two"), event("two")]);
}

#[test]
fn an_empty_capture_is_an_event() {
    check(&format!("{B}{E}{B}{E}"), &[event(""), event("")]);
}

#[test]
fn begin_inside_is_data_and_end_outside_is_text() {
    let nested = format!("a{B}b");
    check(&format!("{B}{nested}{E}"), &[inside(&nested), event(&nested)]);
    check(&format!("x{E}y"), &[plain(&format!("x{E}y"))]);
}

#[test]
fn near_misses_are_text() {
    for text in ["<!--XSUPERVISOR:BEGIN--", "<<!--XSUPERVISOR:BEGIN", "<!--xsupervisor:begin-->", "<", "a<!-- html -->"]
    {
        check(text, &[plain(text)]);
    }
    check(
        &format!("<!--XSUPER{B}x<!--XSUPERVISOR:E{E}"),
        &[plain("<!--XSUPER"), inside("x<!--XSUPERVISOR:E"), event("x<!--XSUPERVISOR:E")],
    );
}

#[test]
fn an_open_capture_is_lost_at_the_end() {
    let open = run([format!("a{B}lost").as_bytes()], 1024);
    assert_eq!(open, [plain("a"), inside("lost")]);
    let with_prefix = run([format!("a{B}lost<!--XSUP").as_bytes()], 1024);
    assert_eq!(with_prefix, [plain("a"), inside("lost")]);
}

#[test]
fn short_output_is_not_held() {
    let mut scanner = CaptureScanner::new(10);
    let mut seen = Vec::new();
    scanner.feed(b"hi\n", false, &mut |piece| record(&mut seen, piece));
    assert_eq!(seen, [plain("hi\n")]);
}

#[test]
fn only_a_token_prefix_is_held_and_it_joins_the_next_piece() {
    let mut scanner = CaptureScanner::new(10);
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for chunk in ["abc<!--X", "def", "ghi<"] {
        scanner.feed(chunk.as_bytes(), false, &mut |piece| match piece {
            Captured::Plain(text) => pieces.push(text.to_vec()),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(pieces, [b"abc".as_slice(), b"<!--Xdef", b"ghi"]);
}

#[test]
fn an_end_token_alone_acts_at_once() {
    let mut scanner = CaptureScanner::new(1024);
    let mut seen = Vec::new();
    for chunk in [B, "data", E] {
        scanner.feed(chunk.as_bytes(), false, &mut |piece| record(&mut seen, piece));
    }
    assert_eq!(seen, [inside("data"), event("data")]);
}

#[test]
fn capture_off_leaves_tokens_in_the_text() {
    let text = format!("a{B}b{E}c<!--");
    let mut scanner = CaptureScanner::new(0);
    let mut seen = Vec::new();
    scanner.feed(text.as_bytes(), false, &mut |piece| record(&mut seen, piece));
    scanner.feed(b"", false, &mut |piece| record(&mut seen, piece));
    scanner.finish(false, &mut |piece| record(&mut seen, piece));
    assert_eq!(seen, [plain(&text)]);
}

fn payload(pieces: &[&[u8]], maxbytes: i64) -> Vec<u8> {
    let chunks = [BEGIN].into_iter().chain(pieces.iter().copied()).chain([END]);
    match run(chunks, maxbytes).pop() {
        Some(Seen::Event(payload)) => payload,
        other => panic!("{other:?}"),
    }
}

#[test]
fn overflow_drops_by_the_piece() {
    let (a, b, c) = ([b'a'; 30], [b'b'; 30], [b'c'; 30]);
    assert_eq!(payload(&[&a, &b, &c], 50), c);
    assert_eq!(payload(&[&a, &b], 60), [a, b].concat());
    assert_eq!(payload(&[&a, b"xy", b"z"], 32), [&a[1..], b"xyz"].concat());
}

#[test]
fn a_piece_larger_than_the_limit_is_kept_whole() {
    assert_eq!(payload(&[&[b'x'; 5000]], 1024), [b'x'; 5000]);
    assert_eq!(payload(&[b"old", b"newest"], 1), b"newest");
    assert_eq!(payload(&[b"old", b"newest"], -1), b"newest");
    assert_eq!(payload(&[b"oldest", b"new"], 1), b"estnew");
}

#[test]
fn the_ansi_filter_works_on_each_piece_and_on_payloads() {
    let text = format!("a\x1b[31m{B}\x1b[1mbold\x1b[9{E}red\x1b[0m");
    let mut seen = Vec::new();
    let mut scanner = CaptureScanner::new(1024);
    scanner.feed(text.as_bytes(), true, &mut |piece| record(&mut seen, piece));
    assert_eq!(seen, [plain("a"), inside("bold"), event("bold"), plain("red")]);

    let mut seen = Vec::new();
    scanner.feed(b"\x1b[0m", true, &mut |piece| record(&mut seen, piece));
    assert_eq!(seen, [plain("")], "stripped to nothing is still output");

    let mut seen = Vec::new();
    for piece in [&b"x\x1b"[..], b"[3", b"1mred\x1b", B.as_bytes()] {
        scanner.feed(piece, true, &mut |piece| record(&mut seen, piece));
    }
    assert_eq!(seen, [plain("xred\x1b")], "no sequence goes on behind a token");
    scanner.finish(true, &mut |_| {});
    let mut seen = Vec::new();
    scanner.feed(b"end\x1b", true, &mut |piece| record(&mut seen, piece));
    scanner.finish(true, &mut |piece| record(&mut seen, piece));
    assert_eq!(seen, [plain("end\x1b")]);
}

#[test]
fn thousands_of_small_captures_and_one_huge_one() {
    let one = format!("{B}{}{E}", "p".repeat(40));
    let input = one.repeat(20_000);
    for size in [65_536, 4096, 17] {
        let mut events = 0;
        let mut scanner = CaptureScanner::new(1024);
        for chunk in input.as_bytes().chunks(size) {
            scanner.feed(chunk, false, &mut |piece| {
                if let Captured::Event(payload) = piece {
                    assert_eq!(payload.len(), 40);
                    events += 1;
                }
            });
        }
        assert_eq!(events, 20_000, "chunks of {size}");
    }

    // One byte at a time into a full buffer: dropping the oldest byte must not move the rest.
    let mut scanner = CaptureScanner::new(1 << 20);
    scanner.feed(BEGIN, false, &mut |_| ());
    scanner.feed(&vec![b'x'; 1 << 20], false, &mut |_| ());
    for _ in 0..200_000 {
        scanner.feed(b"y", false, &mut |_| ());
    }
    let mut length = 0;
    scanner.feed(END, false, &mut |piece| {
        if let Captured::Event(payload) = piece {
            length = payload.len();
        }
    });
    assert_eq!(length, 1 << 20);
}
