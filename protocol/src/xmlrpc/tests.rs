//! Whole documents: captured samples by byte, every leniency, every refusal, and random round trips.

use super::*;

fn call(method: &str, params: Vec<Value>) -> MethodCall {
    MethodCall::new(method, params)
}

/// The value of the one parameter of a call.
fn param(inner: &str) -> Result<Value, ParseError> {
    let body = format!("<methodCall><methodName>m</methodName><params><param>{inner}</param></params></methodCall>");
    let call = parse_call(body.as_bytes())?;
    assert_eq!(call.method, "m");
    assert_eq!(call.params.len(), 1);
    Ok(call.params.into_iter().next().unwrap_or(Value::Nil))
}

fn response(inner: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n{inner}</param>\n</params>\n</methodResponse>\n"
    )
}

#[test]
fn captured_calls() {
    let samples = [
        (
            call("supervisor.getState", vec![]),
            "<?xml version='1.0'?>\n<methodCall>\n<methodName>supervisor.getState</methodName>\n<params>\n</params>\n\
             </methodCall>\n",
            113,
        ),
        (
            call("supervisor.startProcess", vec!["grp:g1".into(), false.into()]),
            "<?xml version='1.0'?>\n<methodCall>\n<methodName>supervisor.startProcess</methodName>\n<params>\n<param>\n\
             <value><string>grp:g1</string></value>\n</param>\n<param>\n<value><boolean>0</boolean></value>\n</param>\n\
             </params>\n</methodCall>\n",
            226,
        ),
    ];
    for (call, body, length) in samples {
        assert_eq!(body.len(), length);
        assert_eq!(render_call(&call), body);
        assert_eq!(parse_call(body.as_bytes()), Ok(call));
    }
    assert!(render_call(&call("a<b", vec![])).contains("<methodName>a&lt;b</methodName>"));
}

#[test]
fn captured_responses() {
    let bad_name = Fault::new(FaultCode::BadName, Some("nope"));
    let empty = || Value::Array(vec![]);
    let samples: [(MethodResponse, String, usize); 8] = [
        (
            Ok(Value::structure([("statecode", 1.into()), ("statename", "RUNNING".into())])),
            response(
                "<value><struct>\n<member>\n<name>statecode</name>\n<value><int>1</int></value>\n</member>\n<member>\n\
                 <name>statename</name>\n<value><string>RUNNING</string></value>\n</member>\n</struct></value>\n",
            ),
            279,
        ),
        (
            Err(bad_name.clone()),
            "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n\
             <value><int>10</int></value>\n</member>\n<member>\n<name>faultString</name>\n<value><string>BAD_NAME: nope\
             </string></value>\n</member>\n</struct></value>\n</fault>\n</methodResponse>\n"
                .to_owned(),
            270,
        ),
        (Ok(true.into()), response("<value><boolean>1</boolean></value>\n"), 129),
        (Ok(empty()), response("<value><array><data>\n</data></array></value>\n"), 138),
        (Ok("".into()), response("<value><string></string></value>\n"), 126),
        (
            Ok(vec![Value::Array(vec![Value::Array(vec!["a".into()]), empty(), empty()])].into()),
            response(
                "<value><array><data>\n<value><array><data>\n<value><array><data>\n<value><string>a</string></value>\n\
                 </data></array></value>\n<value><array><data>\n</data></array></value>\n<value><array><data>\n\
                 </data></array></value>\n</data></array></value>\n</data></array></value>\n",
            ),
            352,
        ),
        (
            Ok(vec!["derr\n".into(), 13.into(), true.into()].into()),
            response(
                "<value><array><data>\n<value><string>derr\n</string></value>\n<value><int>13</int></value>\n\
                 <value><boolean>1</boolean></value>\n</data></array></value>\n",
            ),
            241,
        ),
        (
            Ok(vec!["3.0".into(), bad_name.to_value()].into()),
            response(
                "<value><array><data>\n<value><string>3.0</string></value>\n<value><struct>\n<member>\n\
                 <name>faultCode</name>\n<value><int>10</int></value>\n</member>\n<member>\n<name>faultString</name>\n\
                 <value><string>BAD_NAME: nope</string></value>\n</member>\n</struct></value>\n</data></array></value>\n",
            ),
            370,
        ),
    ];
    for (response, body, length) in samples {
        assert_eq!(body.len(), length);
        assert_eq!(render_response(&response), body);
        assert_eq!(parse_response(body.as_bytes()), Ok(response));
    }
}

/// Each pair was run through Supervisor 4.3's own reader.
#[test]
fn every_type_and_leniency() {
    let pair = |key: &str, value: &str| Value::structure([(key, value.into())]);
    for (inner, expected) in [
        ("<value>a b </value>", "a b ".into()),
        ("<value/>", "".into()),
        ("<value><string/></value>", "".into()),
        ("<value><nil/></value>", Value::Nil),
        ("<value> <int> 7 </int></value>", 7.into()),
        ("<int>5</int>", 5.into()),
        ("<value><i4>-5</i4></value>", (-5).into()),
        ("<value><int>99999999999999999999</int></value>", i64::MAX.into()),
        ("<value><i2>7</i2></value>", "7".into()),
        ("<value><biginteger>7</biginteger></value>", "7".into()),
        ("<value><unknown/></value>", Value::Nil),
        ("<value><boolean>1</boolean></value>", true.into()),
        ("<value><boolean>true</boolean></value>", false.into()),
        ("<value><boolean> 1</boolean></value>", false.into()),
        ("<value><boolean/></value>", false.into()),
        ("<value><double> 1e3</double></value>", 1000.0.into()),
        ("<value><double>-inf</double></value>", f64::NEG_INFINITY.into()),
        (
            "<value><dateTime.iso8601>20260101T00:00:00</dateTime.iso8601></value>",
            Value::DateTime("20260101T00:00:00".into()),
        ),
        ("<value><base64>a*G k=!</base64></value>", "hi".into()),
        ("<value><base64/></value>", "".into()),
        ("<value><array><data/></array></value>", Value::Array(vec![])),
        ("<value><array><value>x</value></array></value>", "x".into()),
        ("<value><data><value>1</value></data></value>", vec!["1".into()].into()),
        ("<value><struct/></value>", Value::Struct(vec![])),
        ("<value><struct> <member> <name>k</name> <value>v</value> </member> </struct></value>", pair("k", "v")),
        ("<value><struct><member><value>v</value><name>k</name></member></struct></value>", pair("v", "k")),
        ("<value><struct><member><name/><value>v</value></member></struct></value>", pair("", "v")),
        (
            "<value><struct><member><value><int>5</int></value><value>v</value></member></struct></value>",
            pair("5", "v"),
        ),
        ("<value><struct><x><a>1</a><b>2</b></x></struct></value>", pair("1", "2")),
        (
            "<value><struct><member><name>a</name><value>1</value></member><member><name>b</name><value>2</value>\
             </member><member><name>a</name><value>3</value></member></struct></value>",
            Value::structure([("a", "3".into()), ("b", "2".into())]),
        ),
        ("<value>a<!-- c -->b<?pi x?><![CDATA[<x>]]>&amp;&#x41;&quot;&apos;&lt;&gt;</value>", "ab<x>&A\"'<>".into()),
        ("<value><string>a\r\nb\rc&#13;d</string></value>", "a\nb\nc\rd".into()),
        ("<value><int>1</int>tail</value>", 1.into()),
        ("<value><string>a<int>1</int></string></value>", "a".into()),
        ("<value type='x'>é€\u{1f600}</value>", "é€\u{1f600}".into()),
    ] {
        assert_eq!(param(inner), Ok(expected), "{inner}");
    }
}

/// Where Supervisor has a string or an error, and a value is meant.
#[test]
fn better_than_the_original() {
    for (inner, expected) in [
        ("<value><i8>2147483648</i8></value>", 2_147_483_648_i64.into()),
        ("<value><ex:i8 xmlns:ex='http://ws.apache.org/xmlrpc/namespaces/extensions'>-7</ex:i8></value>", (-7).into()),
        ("<value><ex:nil/></value>", Value::Nil),
        ("<value><base64>//8=</base64></value>", Value::Bytes(vec![0xff, 0xff])),
    ] {
        assert_eq!(param(inner), Ok(expected), "{inner}");
    }
}

#[test]
fn envelopes() {
    for body in [
        "<methodName>m</methodName>",
        "<methodCall><methodName>m</methodName></methodCall>",
        "<methodCall><methodName>m</methodName><params/></methodCall>\n<!-- end -->\n",
        "<methodCall>\n <params>\n </params>\n <methodName>m</methodName>\n</methodCall>",
        "\u{feff}<?xml version='1.0'?><methodName>m</methodName>",
        "<?xml version='1.0' encoding='iso-8859-1'?><methodName>m</methodName>",
        "<!-- first --><?pi?><any><methodName>other</methodName><methodName>m</methodName></any>",
    ] {
        assert_eq!(parse_call(body.as_bytes()), Ok(call("m", vec![])), "{body}");
    }
    let bare = "<methodCall><methodName> m</methodName><params><int>1</int><value>2</value></params></methodCall>";
    assert_eq!(parse_call(bare.as_bytes()), Ok(call(" m", vec![1.into(), "2".into()])));
    let latin = "<?xml version='1.0' encoding='latin-1'?><methodName>é</methodName>";
    assert_eq!(parse_call(latin.as_bytes()), Ok(call("é", vec![])));
}

#[test]
fn scalars_that_do_not_parse() {
    for (element, text) in [
        ("int", ""),
        ("int", "x"),
        ("int", "1.5"),
        ("i4", "0x10"),
        ("i8", "seven"),
        ("double", ""),
        ("double", "1,5"),
        ("dateTime.iso8601", ""),
        ("dateTime.iso8601", "20260231T00:00:00"),
        ("base64", "aGk"),
    ] {
        let expected = ParseError::Scalar { element, text: text.to_owned() };
        assert_eq!(param(&format!("<value><{element}>{text}</{element}></value>")), Err(expected));
    }
    let error = ParseError::Scalar { element: "int", text: "x\n".to_owned() };
    assert_eq!(error.to_string(), r#"invalid int "x\n""#);
}

#[test]
fn structures_that_lack_a_part() {
    for (inner, expected) in [
        ("", ParseError::EmptyElement("param")),
        ("text", ParseError::EmptyElement("param")),
        ("<value><array/></value>", ParseError::EmptyElement("array")),
        ("<value><struct><member><name>k</name></member></struct></value>", ParseError::Member),
        ("<value><struct><member/></struct></value>", ParseError::Member),
        (
            "<value><struct><member><name>k</name><value>1</value><value>2</value></member></struct></value>",
            ParseError::Member,
        ),
        (
            "<value><struct><member><value><struct/></value><value>1</value></member></struct></value>",
            ParseError::Member,
        ),
    ] {
        assert_eq!(param(inner), Err(expected), "{inner}");
    }
    for body in ["<a/>", "<methodCall><methodName/></methodCall>", "<methodCall><params/></methodCall>"] {
        assert_eq!(parse_call(body.as_bytes()), Err(ParseError::NoMethodName), "{body}");
    }
    assert_eq!(parse_call(b"<methodName>\xff</methodName>"), Err(ParseError::NotUtf8));
}

#[test]
fn documents_that_are_not_well_formed() {
    for body in [
        "",
        " ",
        "text",
        "<methodName>m",
        "<methodName>m</methodName",
        "<methodName>m</methodNam>",
        "<a><methodName>m</a></methodName>",
        "</methodName>",
        "<methodName>m</methodName></x>",
        "<methodName>m</methodName>x",
        "<methodName>m</methodName><a/>",
        "<methodName>m</methodName>&amp;",
        "<methodName>m</methodName><![CDATA[]]>",
        " <?xml version='1.0'?><methodName>m</methodName>",
        "<methodName>a\u{1b}</methodName>",
        "<methodName>a&#27;</methodName>",
        "<methodName>a&#0;</methodName>",
        "<methodName>a&#xd800;</methodName>",
        "<methodName>a&nbsp;</methodName>",
        "<methodName>a & b</methodName>",
        "<methodName>a]]>b</methodName>",
        "<methodName a='1' a='2'>m</methodName>",
        "<methodName a=1>m</methodName>",
        "<methodName a>m</methodName>",
        "<a><!-- a -- b --><methodName>m</methodName></a>",
        "<a><1>m</1><methodName>m</methodName></a>",
        "<a><>m</><methodName>m</methodName></a>",
    ] {
        let result = parse_call(body.as_bytes());
        assert!(matches!(result, Err(ParseError::Malformed(_))), "{body}: {result:?}");
    }
}

#[test]
fn a_doctype_is_refused() {
    for body in [
        "<!DOCTYPE x><methodName>m</methodName>",
        "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e 'v'>]><methodName>&e;</methodName>",
        "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><methodName>m</methodName>",
    ] {
        assert_eq!(parse_call(body.as_bytes()), Err(ParseError::Doctype), "{body}");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |levels: usize| {
        let open = "<value><array><data>".repeat(levels);
        let close = "</data></array></value>".repeat(levels);
        param(&format!("{open}<value><int>1</int></value>{close}"))
    };
    assert!(nested(MAX_DEPTH).is_ok());
    assert_eq!(nested(MAX_DEPTH + 1), Err(ParseError::TooDeep));
    assert_eq!(parse_call("<a>".repeat(1_000_000).as_bytes()), Err(ParseError::TooDeep));

    let mut deepest = Value::Int(1);
    for _ in 0..MAX_DEPTH {
        deepest = Value::structure([("k", deepest)]);
    }
    let body = render_response(&Ok(deepest.clone()));
    assert_eq!(parse_response(body.as_bytes()), Ok(Ok(deepest)));
}

#[test]
fn responses_without_an_answer() {
    for body in [
        "<methodResponse/>",
        "<methodResponse><params/></methodResponse>",
        "<methodResponse><fault><value>x</value></fault></methodResponse>",
    ] {
        assert_eq!(parse_response(body.as_bytes()), Err(ParseError::NoResult), "{body}");
    }
    assert_eq!(parse_response(b"<methodResponse><fault/></methodResponse>"), Err(ParseError::EmptyElement("fault")));
    assert!(matches!(parse_response(b"<html><p>Error</html>"), Err(ParseError::Malformed(_))));
}

/// A small generator (xorshift64*), so that a failure is replayed by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 12] = ["a", " ", "\n", "\r", "\t", "&", "<", ">", "]]>", "é", "\u{1f600}", "\"'"];
        (0..self.below(6)).map(|_| PIECES[self.below(12) as usize]).collect()
    }

    /// Any value that reads back as it was written.
    fn value(&mut self, depth: u32) -> Value {
        match self.below(if depth == 0 { 7 } else { 9 }) {
            0 => Value::Nil,
            1 => Value::Bool(self.below(2) == 1),
            2 => Value::Int(self.below(1 << 31) as i64 - self.below(1 << 31) as i64),
            3 => Value::Double(self.below(1 << 31) as f64 / 1024.0 * 10_f64.powi(self.below(60) as i32 - 30)),
            4 => Value::DateTime(format!("2026{:02}{:02}T00:00:59", self.below(12) + 1, self.below(28) + 1)),
            5 => Value::Bytes([vec![0xff], self.text().into_bytes()].concat()),
            6 => Value::String(self.text()),
            7 => Value::Array((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
            _ => {
                let members = (0..self.below(4)).map(|i| (format!("{i}{}", self.text()), self.value(depth - 1)));
                Value::Struct(members.collect())
            }
        }
    }
}

#[test]
fn what_is_written_reads_back() {
    for seed in 1..=2000 {
        let mut random = Random(seed);
        let call = call("m", (0..random.below(4)).map(|_| random.value(4)).collect());
        assert_eq!(parse_call(render_call(&call).as_bytes()), Ok(call), "seed {seed}");
        let response: MethodResponse = match random.below(2) {
            0 => Ok(random.value(4)),
            _ => Err(Fault { code: 10, string: random.text() }),
        };
        assert_eq!(parse_response(render_response(&response).as_bytes()), Ok(response), "seed {seed}");
    }
}

#[test]
fn damaged_documents_never_panic_and_prefixes_never_parse() {
    for seed in 1..=300 {
        let mut random = Random(seed);
        let body = render_call(&call("m", vec![random.value(3)])).into_bytes();
        let end = body.len() - "\n".len();
        for cut in 0..end {
            assert!(parse_call(&body[..cut]).is_err(), "seed {seed}, cut at {cut}");
        }
        for _ in 0..50 {
            let mut damaged = body.clone();
            let position = random.below(damaged.len() as u64) as usize;
            damaged[position] = random.below(256) as u8;
            if let Ok(call) = parse_call(&damaged) {
                // Not equal values, since numbers saturate, but a document that no longer changes.
                let rendered = render_call(&call);
                let again = parse_call(rendered.as_bytes()).map(|again| render_call(&again));
                assert_eq!(again, Ok(rendered), "seed {seed}");
            }
        }
    }
}
