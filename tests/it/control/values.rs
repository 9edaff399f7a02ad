//! Series X, the envelope: what calls may look like and how replies are laid out, by byte.

use supervisor_tests::http::{Reply, post};
use supervisor_tests::{Daemon, Setup, Value, xmlrpc};

use super::http::ask;

fn send(daemon: &Daemon, body: &str) -> Reply {
    ask(daemon, &post(body, ""))
}

/// A daemon with one idle program, and a way to send its `getProcessInfo` with a parameter written by hand.
fn daemon() -> Daemon {
    Setup::new().with("[program:a]\ncommand=/bin/cat\nautostart=false").start()
}

fn call(method: &str, params: &str) -> String {
    format!("<?xml version='1.0'?><methodCall><methodName>{method}</methodName>{params}</methodCall>")
}

#[test]
fn ctl_x01_untyped_values_are_strings() {
    let daemon = daemon();
    let params = "<params><param><value>a</value></param></params>";
    let info = xmlrpc::response(&send(&daemon, &call("supervisor.getProcessInfo", params)).text()).unwrap();
    assert_eq!(info.get("name").str(), "a");
}

#[test]
fn ctl_x02_no_parameters() {
    let daemon = daemon();
    for params in ["", "<params/>", "<params></params>", "<params>\n</params>\n"] {
        let reply = send(&daemon, &call("supervisor.getAPIVersion", params));
        assert_eq!(xmlrpc::response(&reply.text()), Ok("3.0".into()), "{params}");
    }
}

#[test]
fn ctl_x03_types_of_parameters() {
    let daemon = daemon();
    let name = |value: &str| {
        let params = format!("<params><param><value>{value}</value></param></params>");
        let reply = send(&daemon, &call("supervisor.getProcessInfo", &params));
        assert_eq!(reply.code(), 200, "{value}");
        xmlrpc::response(&reply.text()).map(|info| info.get("name").str().to_owned()).map_err(|fault| fault.text)
    };
    assert_eq!(name("<string>a</string>"), Ok("a".to_owned()));
    assert_eq!(name("<base64>YQ==</base64>"), Ok("a".to_owned()));
    // Every type reaches a method that writes it out.
    let listener = Setup::new().recorder("l", "events=REMOTE_COMMUNICATION").start();
    let kinds = [
        ("<int>5</int>", "5"),
        ("<i4> -7 </i4>", "-7"),
        ("<boolean>1</boolean>", "True"),
        ("<boolean>0</boolean>", "False"),
        ("<double>1.5</double>", "1.5"),
        ("<nil/>", "None"),
        ("<array><data><value><int>1</int></value><value>a</value></data></array>", "[1, 'a']"),
        ("<struct><member><name>k</name><value><double>1.5</double></value></member></struct>", "{'k': 1.5}"),
    ];
    for (value, text) in kinds {
        let params = format!("<params><param><value>{value}</value></param><param><value>d</value></param></params>");
        assert_eq!(send(&listener, &call("supervisor.sendRemoteCommEvent", &params)).code(), 200);
        let wanted = format!("type:{text}\nd");
        listener.wait_event("l", text, |event| event.payload == wanted);
    }
}

#[test]
fn ctl_x04_calls_that_are_none() {
    let daemon = daemon();
    let bodies = [
        "garbage".to_owned(),
        "<methodCall><methodName>x".to_owned(),
        call("", ""),
        "<methodCall><params></params></methodCall>".to_owned(),
        call("supervisor.getProcessInfo", "<params><param><value><int>x</int></value></param></params>"),
        call("supervisor.getProcessInfo", "<params><param><value><double>x</double></value></param></params>"),
    ];
    for body in bodies {
        assert_eq!(send(&daemon, &body).code(), 400, "{body}");
    }
}

#[test]
fn ctl_x06_layout_of_replies() {
    let daemon = daemon();
    let body = |method: &str, params: &[Value]| send(&daemon, &xmlrpc::call(method, params)).text();
    let params = |value: &str| {
        format!(
            "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n{value}\n</param>\n</params>\n</methodResponse>\n"
        )
    };
    let state = "<value><struct>\n<member>\n<name>statecode</name>\n<value><int>1</int></value>\n</member>\n\
        <member>\n<name>statename</name>\n<value><string>RUNNING</string></value>\n</member>\n</struct></value>";
    assert_eq!(body("supervisor.getState", &[]), params(state));
    let fault = "<?xml version='1.0'?>\n<methodResponse>\n<fault>\n<value><struct>\n<member>\n<name>faultCode</name>\n\
        <value><int>10</int></value>\n</member>\n<member>\n<name>faultString</name>\n\
        <value><string>BAD_NAME: nope</string></value>\n</member>\n</struct></value>\n</fault>\n</methodResponse>\n";
    assert_eq!(body("supervisor.getProcessInfo", &["nope".into()]), fault);
    assert_eq!(body("supervisor.clearLog", &[]), params("<value><boolean>1</boolean></value>"));
    assert_eq!(body("supervisor.stopAllProcesses", &[]), params("<value><array><data>\n</data></array></value>"));
    let empty = body("supervisor.readProcessStdoutLog", &["a".into(), 0.into(), 0.into()]);
    assert_eq!(empty, params("<value><string></string></value>"));
    let lists = "<value><array><data>\n<value><array><data>\n<value><array><data>\n</data></array></value>\n\
        <value><array><data>\n</data></array></value>\n<value><array><data>\n</data></array></value>\n\
        </data></array></value>\n</data></array></value>";
    assert_eq!(body("supervisor.reloadConfig", &[]), params(lists));
}

#[test]
fn ctl_x08_unknown_methods() {
    let daemon = daemon();
    for method in ["supervisor.nope", "nope.getState", "supervisor.a.b", "supervisor._update", "system._x"] {
        assert_eq!(daemon.fault(method, &[]), "1 UNKNOWN_METHOD", "{method}");
    }
    let undotted = xmlrpc::response(&send(&daemon, &call("getState", "")).text()).unwrap_err();
    assert_eq!(undotted.code, 1);
}

#[test]
fn ctl_x09_wrong_number_of_arguments() {
    let daemon = daemon();
    for (method, params) in [("getState", vec!["x".into()]), ("getProcessInfo", vec![]), ("startProcess", vec![])] {
        assert_eq!(daemon.fault(method, &params), "2 INCORRECT_PARAMETERS", "{method}");
    }
}

#[test]
fn ctl_x42_multicall() {
    let daemon = daemon();
    let item = |method: &str, params: Vec<Value>| {
        Value::Struct(vec![("methodName".to_owned(), method.into()), ("params".to_owned(), Value::Array(params))])
    };
    let fault = |code: i64, text: &str| {
        Value::Struct(vec![("faultCode".to_owned(), code.into()), ("faultString".to_owned(), text.into())])
    };
    let calls = vec![
        item("supervisor.getAPIVersion", vec![]),
        item("supervisor.getProcessInfo", vec!["nope".into()]),
        Value::Struct(vec![("params".to_owned(), Value::Array(vec![]))]),
        item("system.multicall", vec![Value::Array(vec![])]),
        Value::Struct(vec![("methodName".to_owned(), "supervisor.getIdentification".into())]),
        item("supervisor.stopProcess", vec!["a".into()]),
    ];
    let wanted = vec![
        "3.0".into(),
        fault(10, "BAD_NAME: nope"),
        fault(2, "INCORRECT_PARAMETERS: No methodName"),
        fault(2, "INCORRECT_PARAMETERS: Recursive system.multicall forbidden"),
        "supervisor".into(),
        fault(70, "NOT_RUNNING: a"),
    ];
    assert_eq!(daemon.ok("system.multicall", &[Value::Array(calls)]), Value::Array(wanted));
    assert_eq!(daemon.ok("system.multicall", &[Value::Array(vec![])]), Value::Array(vec![]));
}

#[test]
fn ctl_x43_introspection() {
    let daemon = daemon();
    let methods = daemon.ok("system.listMethods", &[]);
    let methods: Vec<&str> = methods.array().iter().map(Value::str).collect();
    assert!(methods.len() == 41 && methods.is_sorted(), "{methods:?}");
    for method in &methods {
        let signature = daemon.ok("system.methodSignature", &[(*method).into()]);
        let types = ["string", "int", "boolean", "array", "struct"];
        assert!(signature.array().iter().all(|kind| types.contains(&kind.str())), "{method}");
        let help = daemon.ok("system.methodHelp", &[(*method).into()]).str().to_owned();
        let tagged = |tag: &str| help.lines().filter(|line| line.trim_start().starts_with(tag)).count();
        assert_eq!((tagged("@param"), tagged("@return")), (signature.array().len() - 1, 1), "{method}: {help}");
    }
    let signature = daemon.ok("system.methodSignature", &["supervisor.startProcess".into()]);
    assert_eq!(signature, Value::Array(vec!["boolean".into(), "string".into(), "boolean".into()]));
    assert_eq!(daemon.fault("system.methodHelp", &["nope".into()]), "4 SIGNATURE_UNSUPPORTED");
    assert_eq!(daemon.fault("system.methodSignature", &["nope".into()]), "4 SIGNATURE_UNSUPPORTED");
}

#[test]
fn ctl_x44_without_the_interface() {
    let file =
        "[supervisord]\nlogfile={dir}/supervisord.log\npidfile={dir}/pid\n[inet_http_server]\nport=127.0.0.1:{port}\n";
    let daemon = Setup::new().file(file).start();
    let address = supervisor_tests::http::Address::Port(daemon.port());
    let methods = supervisor_tests::http::rpc(&address, "system.listMethods", &[]).unwrap().unwrap();
    let names: Vec<&str> = methods.array().iter().map(Value::str).collect();
    assert_eq!(names, ["system.listMethods", "system.methodHelp", "system.methodSignature", "system.multicall"]);
    let fault = supervisor_tests::http::rpc(&address, "supervisor.getState", &[]).unwrap().unwrap_err();
    assert_eq!(fault.code, 1);
}
