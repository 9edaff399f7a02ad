use super::*;

fn document(text: &str) -> Document {
    let mut document = Document::new();
    parse(&mut document, "x.conf", text.as_bytes()).unwrap();
    document
}

fn error(text: &str) -> String {
    parse(&mut Document::new(), "x.conf", text.as_bytes()).unwrap_err().to_string()
}

/// `section.key=value` for everything, one per item.
fn dump(document: &Document) -> Vec<String> {
    std::iter::once(&document.defaults)
        .chain(&document.sections)
        .flat_map(|section| {
            section.entries.iter().map(|entry| format!("{}.{}={}", section.name, entry.key, entry.value))
        })
        .collect()
}

/// The one option of `[s]`.
fn value(line: &str) -> String {
    let document = document(&format!("[s]\n{line}\n"));
    let section = document.section("s").unwrap();
    assert_eq!(section.entries.len(), 1, "{line:?}: {:?}", dump(&document));
    section.entries[0].value.clone()
}

#[test]
fn values_and_comments_in01_in10() {
    for (line, expected) in [
        ("command=foo ; bar", "foo"),
        ("command=foo;bar", "foo;bar"),
        ("command=foo#bar", "foo#bar"),
        ("command=bash -c 'a ; b'", "bash -c 'a"),
        (r"command=foo \; bar", r"foo \; bar"),
        ("command=foo\t;bar", "foo"),
        ("command=;foo", ";foo"),
        ("command= ;foo", ""),
        ("command=a;b ;c", "a;b"),
        ("command=a;b ;c #d", "a;b ;c"),
        (r#"command=bash -c "while true; do x ;done" # c"#, r#"bash -c "while true; do x ;done""#),
        ("command=foo\n  bar\n\n  baz\n\n", "foo\nbar\n\nbaz"),
        ("command=foo\n# c\n  bar", "foo\nbar"),
        ("command=foo\n  ; c\n\n  bar", "foo\n\nbar"),
        ("command: foo = bar", "foo = bar"),
        ("command=foo\n  priority=4", "foo\npriority=4"),
        ("command=\n  foo\n  bar", "\nfoo\nbar"),
        ("command=a\ncommand=b", "b"),
        ("  command=a\n command=b", "b"),
        ("command=a\r\n  b\r\n", "a\nb"),
        ("command=a\r  b", "a\nb"),
        ("command=x\n  [program:b]", "x\n[program:b]"),
        ("command=\u{1f}x\u{1f}", "x"),
    ] {
        assert_eq!(value(line), expected, "{line:?}");
    }
}

#[test]
fn headers_and_keys_in06_in07_in08() {
    for (text, expected) in [
        ("[s]\nCOMMAND=x\nFoo : y", vec!["s.command=x", "s.foo=y"]),
        ("[s]\n  a=1\nb=2\n  c=3", vec!["s.a=1", "s.b=2\nc=3"]),
        ("[s]\n  a=1\n  b=2", vec!["s.a=1", "s.b=2"]),
        ("[program:a] junk\nx=1", vec!["program:a.x=1"]),
        ("[program:a];c\nx=1", vec!["program:a.x=1"]),
        ("[program:a]b]\nx=1", vec!["program:a]b.x=1"]),
        ("[ program:a ]\nx=1", vec![" program:a .x=1"]),
        ("[a]\n[A]\nx=1\n[a]\nx=2", vec!["a.x=2", "A.x=1"]),
        (" [program:b]\nx=1", vec!["program:b.x=1"]),
        ("[s]\n [program:b]\nx=1", vec!["program:b.x=1"]),
        ("[s]\na=1\n[program:a\nb=2", vec!["s.a=1", "s.[program=a", "s.b=2"]),
        ("[s]\na=1\n [t]\nb=2", vec!["s.a=1\n[t]", "s.b=2"]),
        ("[s]\na=1\n[DEFAULT]\nd=1\n[s]\nb=2", vec!["DEFAULT.d=1", "s.a=1", "s.b=2"]),
        ("[s]\na b = c", vec!["s.a b=c"]),
        ("[s]\na", vec![]),
    ] {
        let mut read = Document::new();
        match parse(&mut read, "x.conf", text.as_bytes()) {
            Ok(()) => assert_eq!(dump(&read), expected, "{text:?}"),
            Err(error) => assert!(expected.is_empty(), "{text:?}: {error}"),
        }
    }
}

#[test]
fn errors_in03() {
    for (text, expected) in [
        ("a=1\n[s]\n", "File contains no section headers.\nfile: 'x.conf', line: 1\n'a=1\\n'"),
        ("# c\n\n [s\n", "File contains no section headers.\nfile: 'x.conf', line: 3\n' [s\\n'"),
        ("x", "File contains no section headers.\nfile: 'x.conf', line: 1\n'x'"),
        ("[s]\nfoo\n", "Source contains parsing errors: 'x.conf'\n\t[line  2]: 'foo\\n'"),
        (
            "[s]\r\nfoo\r\n=x\r\n  y\r\na=1\r\nit's",
            "Source contains parsing errors: 'x.conf'\n\t[line  2]: 'foo\\n'\n\t[line  3]: '=x\\n'\n\t[line  4]: '  y\\n'\n\t[line  6]: \"it's\"",
        ),
        (
            "[s]\na=1\nfoo\n  bar\n[]\n",
            "Source contains parsing errors: 'x.conf'\n\t[line  3]: 'foo\\n'\n\t[line  5]: '[]\\n'",
        ),
    ] {
        assert_eq!(error(text), expected, "{text:?}");
    }
}

#[test]
fn undecodable_files_in04() {
    let mut bytes = b"[supervisord]\nidentifier=".to_vec();
    bytes.push(0xff);
    let error = parse(&mut Document::new(), "x.conf", &bytes).unwrap_err();
    assert_eq!(error.to_string(), "'utf-8' codec can't decode byte 0xff in position 25: invalid start byte");
    // Lines of an earlier block are parsed before the bad block is read.
    let mut bytes = b"x\n".to_vec();
    bytes.resize(9000, b'\n');
    bytes.push(0xff);
    let error = parse(&mut Document::new(), "x.conf", &bytes).unwrap_err();
    assert!(matches!(error, DialectError::NoSectionHeaders { line: 1, .. }), "{error}");
}

#[test]
fn a_byte_order_mark_is_skipped_q17() {
    assert_eq!(dump(&document("\u{feff}[s]\na=1")), ["s.a=1"]);
}

#[test]
fn marks_point_at_the_line_that_counts() {
    let document = document("[s]\na=1\n\n[t]\nb=2\n[s]\na=3\n  4\n");
    let section = document.section("s").unwrap();
    assert_eq!(document.origin(section.mark).line, 1);
    let option = document.origin(document.option(section, "a").unwrap().mark);
    assert_eq!((option.line, option.file.as_str()), (7, "x.conf"));
}

/// Long lines, many comments signs and deep continuations: all in one pass.
#[test]
fn hostile_input_is_read_in_linear_time() {
    let size = 1 << 17;
    for text in [
        format!("[s]\na={}", ";#".repeat(size)),
        format!("[s]\na={}", "=:".repeat(size)),
        format!("[s]\na=\n{}", " x\n\n".repeat(size / 4)),
        format!("[{}\n", "]".repeat(size)),
        format!("[s]\n{}", "a=1\n".repeat(size / 4)),
        "[s]\n".repeat(size / 4),
        "\r".repeat(size),
    ] {
        let mut document = Document::new();
        parse(&mut document, "x.conf", text.as_bytes()).unwrap();
        assert!(document.sections.len() <= 1);
    }
}
