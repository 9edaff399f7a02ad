//! XML-RPC: samples of the contract, faults in their order, multicall, the method table.

use super::*;

fn ok(value: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>{value}</value>\n</param>\n</params>\n\
         </methodResponse>\n"
    )
}

fn fault_value(code: i64, text: &str) -> String {
    format!(
        "<value><struct>\n<member>\n<name>faultCode</name>\n<value><int>{code}</int></value>\n</member>\n<member>\n\
         <name>faultString</name>\n<value><string>{text}</string></value>\n</member>\n</struct></value>\n"
    )
}

fn fault(code: i64, text: &str) -> String {
    format!(
        "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n{}</fault>\n</methodResponse>\n",
        fault_value(code, text)
    )
}

fn multicall(calls: &[&str]) -> String {
    let calls: String = calls.iter().map(|call| format!("<value>{call}</value>")).collect();
    format!("<array><data>{calls}</data></array>")
}

fn item(method: &str, params: &str) -> String {
    format!(
        "<struct><member><name>methodName</name><value>{method}</value></member><member><name>params</name>\
         <value><array><data>{params}</data></array></value></member></struct>"
    )
}

#[test]
fn published_samples() {
    let fixture = Fixture::new();
    std::fs::write(fixture.path("log"), "plain stderr\n").expect("written");
    for (method, params, length, body) in [
        ("supervisor.getProcessInfo", &["nope"][..], 270, fault(10, "BAD_NAME: nope")),
        ("supervisor.shutdown", &[], 129, ok("<boolean>1</boolean>")),
        ("supervisor.startAllProcesses", &[], 138, ok("<array><data>\n</data></array>")),
        ("supervisor.readProcessLog", &["cat", "<int>99</int>", "<int>0</int>"], 126, ok("<string></string>")),
        (
            "supervisor.reloadConfig",
            &[],
            352,
            ok("<array><data>\n<value><array><data>\n<value><array><data>\n<value><string>a</string></value>\n</data>\
                </array></value>\n<value><array><data>\n</data></array></value>\n<value><array><data>\n</data></array>\
                </value>\n</data></array></value>\n</data></array>"),
        ),
        (
            "supervisor.tailProcessStderrLog",
            &["cat", "0", "<int>5</int>"],
            241,
            ok("<array><data>\n<value><string>derr\n</string></value>\n<value><int>13</int></value>\n\
                <value><boolean>1</boolean></value>\n</data></array>"),
        ),
        (
            "system.multicall",
            &[&*multicall(&[
                &item("supervisor.getAPIVersion", ""),
                &item("supervisor.getProcessInfo", "<value>nope</value>"),
            ])],
            370,
            ok(&format!(
                "<array><data>\n<value><string>3.0</string></value>\n{}</data></array>",
                fault_value(10, "BAD_NAME: nope")
            )),
        ),
    ] {
        let reply = fixture.call(method, params);
        assert_eq!(reply, body, "{method}");
        assert_eq!(reply.len(), length, "{method}");
    }
}

#[test]
fn unknown_names_and_wrong_counts() {
    let fixture = Fixture::new();
    for name in [
        "getState",
        "supervisor",
        "supervisor.",
        "supervisor.nope",
        "supervisor._getState",
        "supervisor.getState.x",
        "supervisor.supervisord.options.server_configs",
        "other.getState",
        " supervisor.getState",
        "system.getState",
    ] {
        assert_eq!(fixture.call(name, &[]), fault(1, "UNKNOWN_METHOD"), "{name}");
    }
    assert_eq!(fixture.call("supervisor.getState", &["x"]), fault(2, "INCORRECT_PARAMETERS"));
    assert_eq!(fixture.call("supervisor.startProcess", &[]), fault(2, "INCORRECT_PARAMETERS"));
    assert_eq!(fixture.call("supervisor.readLog", &["x", "0"]), fault(2, "INCORRECT_PARAMETERS"));
    assert_eq!(fixture.call("supervisor.readLog", &["0", "0"]), fault(20, "NO_FILE"));
    assert_eq!(
        fixture.call("supervisor.sendProcessStdin", &["cat", "<int>5</int>"]),
        fault(2, "INCORRECT_PARAMETERS: 5")
    );
}

#[test]
fn the_gate_comes_after_the_count_and_before_the_rest() {
    let fixture = Fixture::with(daemon_going_down, None);
    for (method, params, expected) in [
        ("supervisor.getState", &[][..], fault(6, "SHUTDOWN_STATE")),
        ("supervisor.getVersion", &[], fault(6, "SHUTDOWN_STATE")),
        ("supervisor.getPID", &[], fault(6, "SHUTDOWN_STATE")),
        ("supervisor.readLog", &["x", "0"], fault(6, "SHUTDOWN_STATE")),
        ("supervisor.sendProcessStdin", &["cat", "<int>5</int>"], fault(6, "SHUTDOWN_STATE")),
        ("supervisor.getVersion", &["x"], fault(2, "INCORRECT_PARAMETERS")),
        ("supervisor.nope", &[], fault(1, "UNKNOWN_METHOD")),
        ("supervisor.sendRemoteCommEvent", &["a", "b"], ok("<boolean>1</boolean>")),
        ("system.methodHelp", &["nope"], fault(4, "SIGNATURE_UNSUPPORTED")),
    ] {
        assert_eq!(fixture.call(method, params), expected, "{method}");
    }
}

#[test]
fn the_methods_describe_themselves() {
    let fixture = Fixture::new();
    let names = fixture.call("system.listMethods", &[]);
    assert_eq!(names.matches("<string>").count(), 41);
    assert!(names.find("supervisor.addProcessGroup") < names.find("system.multicall"));
    let signature = fixture.call("system.methodSignature", &["supervisor.startProcess"]);
    let types = ["boolean", "string", "boolean"].map(|kind| format!("<value><string>{kind}</string></value>\n"));
    assert_eq!(signature, ok(&format!("<array><data>\n{}</data></array>", types.concat())));
    assert!(fixture.call("system.methodHelp", &["supervisor.startProcess"]).contains("@param string name"));
}

#[test]
fn multicalls_fail_one_by_one() {
    let fixture = Fixture::new();
    let calls = multicall(&[
        "<struct></struct>",
        "text",
        &item("system.multicall", ""),
        &item("supervisor.nope", ""),
        &item("supervisor.getVersion", "<value>x</value>"),
        "<struct><member><name>methodName</name><value><int>1</int></value></member></struct>",
        &item("supervisor.getVersion", ""),
    ]);
    let expected = [
        fault_value(2, "INCORRECT_PARAMETERS: No methodName"),
        fault_value(2, "INCORRECT_PARAMETERS"),
        fault_value(2, "INCORRECT_PARAMETERS: Recursive system.multicall forbidden"),
        fault_value(1, "UNKNOWN_METHOD"),
        fault_value(2, "INCORRECT_PARAMETERS"),
        fault_value(2, "INCORRECT_PARAMETERS"),
        "<value><string>3.0</string></value>\n".to_owned(),
    ];
    assert_eq!(
        fixture.call("system.multicall", &[&calls]),
        ok(&format!("<array><data>\n{}</data></array>", expected.concat()))
    );
    assert_eq!(fixture.call("system.multicall", &[&multicall(&[])]), ok("<array><data>\n</data></array>"));
    for params in [&[][..], &["text"], &["<int>1</int>"], &["<struct></struct>"]] {
        assert_eq!(fixture.call("system.multicall", params), fault(2, "INCORRECT_PARAMETERS"));
    }
}

#[test]
fn what_is_no_call_is_no_fault_either() {
    let fixture = Fixture::new();
    for body in [
        "<methodCall>",
        "<methodCall></methodCall>",
        "<!DOCTYPE x><methodCall><methodName>supervisor.getState</methodName></methodCall>",
        "<methodCall><methodName>supervisor.startProcess</methodName><params><param><value><base64>/w==</base64></value>\
         </param></params></methodCall>",
    ] {
        assert_eq!(status(&fixture.ask(&post("/RPC2", "", body)).0), "400", "{body}");
    }
}

#[test]
fn foreign_pages_may_not_call() {
    let fixture = Fixture::new();
    let document = call_document("supervisor.getVersion", &[]);
    for (fields, expected) in [
        ("Sec-Fetch-Site: cross-site\r\n", "403"),
        ("Sec-Fetch-Site: same-site\r\nContent-Type: text/xml\r\n", "403"),
        ("Sec-Fetch-Site: same-origin\r\nOrigin: http://x\r\nContent-Type: text/xml\r\n", "200"),
        ("Origin: http://x\r\nContent-Type: text/plain\r\n", "403"),
        ("Content-Type: application/x-www-form-urlencoded\r\n", "200"),
        ("Sec-Fetch-Mode: cors\r\nContent-Type: text/plain\r\n", "200"),
    ] {
        assert_eq!(status(&fixture.ask(&post("/RPC2", fields, &document)).0), expected, "{fields}");
    }
}
