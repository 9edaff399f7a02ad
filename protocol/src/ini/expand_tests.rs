use super::*;

fn layer() -> Layer {
    let mut layer = texts([("here", "/etc"), ("program_name", "cat"), ("ENV_A", "x%y"), ("n", "it's"), ("c", "é")]);
    layer.insert("process_num".into(), Term::Int(7));
    layer.insert("minus".into(), Term::Int(-42));
    layer.insert("numprocs".into(), Term::Int(1500));
    layer
}

/// The result, or the part of the message after the label.
fn shown(value: &str) -> String {
    match expand(value, Scope(&[&layer()]), "s.o") {
        Ok(text) => text.into_owned(),
        Err(error) => {
            let text = error.to_string();
            let label = format!("Format string {} for 's.o' ", str_repr(value));
            text.strip_prefix(&label).unwrap_or(&text).to_owned()
        }
    }
}

#[test]
fn conversions_ex04_ex05() {
    for (value, expected) in [
        ("", ""),
        ("plain", "plain"),
        ("50%%", "50%"),
        ("%(here)s/x", "/etc/x"),
        ("%(ENV_A)s", "x%y"),
        ("%(process_num)02d", "07"),
        ("%(process_num)x|%(numprocs)X|%(numprocs)o", "7|5DC|2734"),
        ("%(numprocs)#x|%(numprocs)#08x|%(numprocs)#o", "0x5dc|0x0005dc|0o2734"),
        ("%(process_num)-5d|%(process_num)+d|%(process_num) d|%(minus)05d", "7    |+7| 7|-0042"),
        ("%(process_num).3d|%(process_num)6.3d|%(process_num)06.3d", "007|   007|000007"),
        (
            "%(program_name)-10s|%(program_name)10s|%(program_name).2s|%(program_name)05s",
            "cat       |       cat|ca|  cat",
        ),
        ("%(program_name)ls", "cat"),
        ("%(n)r|%(c)a|%(process_num)r|%(process_num)s", "\"it's\"|'\\xe9'|7|7"),
        ("%(c)c%(process_num)c", "é\u{7}"),
        ("%(process_num)f|%(process_num).1f|%(process_num)#.0f|%(minus)08.2f", "7.000000|7.0|7.|-0042.00"),
        ("%(numprocs)e|%(numprocs).1E|%(process_num)e", "1.500000e+03|1.5E+03|7.000000e+00"),
        (
            "%(numprocs)g|%(numprocs).2g|%(numprocs)#g|%(numprocs)#.3G|%(process_num).0g",
            "1500|1.5e+03|1500.00|1.50E+03|7",
        ),
    ] {
        assert_eq!(shown(value), expected, "{value}");
    }
}

#[test]
fn details_ex03_ex11() {
    for (value, detail) in [
        ("%", "incomplete format"),
        ("50% ", "incomplete format"),
        ("%(here)", "incomplete format"),
        ("%(here)5.", "incomplete format"),
        ("%(here", "incomplete format key"),
        ("%(a(b)", "incomplete format key"),
        ("%H", "unsupported format character 'H' (0x48) at index 1"),
        ("é%(here)H", "unsupported format character 'H' (0x48) at index 8"),
        ("%(here)%", "unsupported format character '%' (0x25) at index 7"),
        ("%(here)é", "unsupported format character '?' (0xe9) at index 7"),
        ("%(program_name)d", "%d format: a real number is required, not str"),
        ("%(program_name)i", "%i format: a real number is required, not str"),
        ("%d", "%d format: a real number is required, not dict"),
        ("%x", "%x format: an integer is required, not dict"),
        ("%o", "%o format: an integer is required, not dict"),
        ("%f", "must be real number, not dict"),
        ("%c", "%c requires int or char"),
        ("%(here)c", "%c requires int or char"),
        ("%(minus)c", "%c arg not in range(0x110000)"),
        ("%*d", "* wants int"),
        ("%(here)*d", "* wants int"),
        ("%(process_num)*d", "not enough arguments for format string"),
        ("%s", "not enough arguments for format string"),
        ("%s %s", "not enough arguments for format string"),
        ("%(here)s %s", "not enough arguments for format string"),
        ("%(here)s %H", "not enough arguments for format string"),
        ("%(here)99999999999999999999s", "width too big"),
        ("%(here).99999999999999999999s", "precision too big"),
    ] {
        assert_eq!(shown(value), format!("is badly formatted: {detail}"), "{value}");
    }
}

/// A short text may ask for any length.
#[test]
fn a_result_is_of_bounded_length() {
    let layer = texts([("a", "1")]);
    let wide = |count: usize| format(&"%(a)1000000s".repeat(count), &|name| layer.get(name));
    assert_eq!(wide(16).map(|text| text.len()), Ok(16_000_000));
    assert_eq!(wide(100_000), Err(Failure::Malformed("result too big".to_owned())));
}

#[test]
fn unknown_names_ex02() {
    let names = "ENV_A, c, here, minus, n, numprocs, process_num, program_name";
    for (value, name) in [
        ("%(nope)s", "'nope'"),
        ("%(nope)s %(other)s", "'nope'"),
        ("%(nope)H", "'nope'"),
        ("%(nope)", "'nope'"),
        ("%(a(b)c)s", "'a(b)c'"),
        ("%(it's)s", "\"it's\""),
        ("%()s", "''"),
    ] {
        let expected = format!("contains names ({name}) which cannot be expanded. Available names: {names}");
        assert_eq!(shown(value), expected, "{value}");
    }
    assert_eq!(shown("%H %(nope)s"), "is badly formatted: unsupported format character 'H' (0x48) at index 1");
}

#[test]
fn later_layers_hide_earlier_ones() {
    let (low, high) = (texts([("a", "1"), ("b", "2")]), texts([("b", "3")]));
    assert_eq!(expand("%(a)s%(b)s", Scope(&[&low, &high]), "x").unwrap(), "13");
}

#[test]
fn the_second_pass_is_tolerant_ex12() {
    let layer = layer();
    for (value, expected) in
        [("50%", "50%"), ("50%%", "50%"), ("%(program_name)s.log", "cat.log"), ("%(nope)s", "%(nope)s"), ("%s", "%s")]
    {
        assert_eq!(expand_again(value.into(), Scope(&[&layer])), expected);
    }
}
