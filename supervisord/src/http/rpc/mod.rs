//! `/RPC2`: an XML document in, an XML document out.
//!
//! `dispatch` finds the method, `plan` turns its parameters into a command (pure), `replies` turns the answer into a
//! value, `logs` reads what the log methods ask for. What is not XML-RPC at all is an HTTP error; whatever is wrong
//! with a call is a fault. Contracts `ctl_x4` to `ctl_x9`, `ctl_h13`, `ctl_s1`.

mod dispatch;
mod logs;
mod params;
mod plan;
mod replies;
mod signals;

use hyper::StatusCode;
use supervisor_protocol::xmlrpc::{MethodCall, ParseError, Value, parse_call, render_response};

pub(super) use self::dispatch::Problem;
pub(super) use self::logs::read_range_of;
pub(super) use self::replies::fault;
use super::note::Note;
use super::question::{Failure, Question};
use super::reply::{self, Reply};
use super::site::OpenSite;

/// Answers a POST.
pub(super) async fn answer(site: &OpenSite, question: &mut Question) -> Result<Reply, Failure> {
    if question.is_foreign() || question.sender().is_disguised_form() {
        return Err(StatusCode::FORBIDDEN.into());
    }
    let body = question.body(site).await?;
    let MethodCall { method, params } = parse(&body).map_err(|reason| {
        site.note(Note::BadCall { body_bytes: body.len(), reason });
        StatusCode::BAD_REQUEST
    })?;
    drop(body);

    site.note(Note::MethodCalled(method.clone()));
    let response = match dispatch::call(site, &method, &params).await {
        Ok(value) => Ok(value),
        Err(Problem::Fault(fault)) => Err(fault),
        Err(Problem::Closing) => return Err(Failure::Closing),
    };
    site.note(match &response {
        Ok(_) => Note::MethodReturned(method),
        Err(fault) => Note::MethodFault { method, code: fault.code, text: fault.string.clone() },
    });
    Ok(reply::ok("text/xml", render_response(&response)))
}

/// The call in a body, or what is wrong with it. What is in it stays out of the message.
fn parse(body: &[u8]) -> Result<MethodCall, &'static str> {
    let call = parse_call(body).map_err(|error| match error {
        ParseError::NoMethodName => "no method name",
        _ => "unmarshallable",
    })?;
    // Only stdin takes bytes that are no text; a multicall may have such a call in it.
    let takes_bytes = call.method.ends_with(".sendProcessStdin") || call.method == "system.multicall";
    if !takes_bytes && call.params.iter().any(Value::contains_bytes) {
        return Err("unmarshallable");
    }
    Ok(call)
}

#[cfg(test)]
mod tests {
    use supervisor_protocol::xmlrpc::render_call;

    use super::*;

    #[test]
    fn bytes_are_only_for_stdin() {
        for (method, is_call) in
            [("supervisor.sendProcessStdin", true), ("system.multicall", true), ("supervisor.startProcess", false)]
        {
            let body = render_call(&MethodCall::new(method, vec![Value::Bytes(b"\xff".to_vec())]));
            assert_eq!(parse(body.as_bytes()).is_ok(), is_call, "{method}");
        }
        assert_eq!(parse(b"<methodCall/>"), Err("no method name"));
        assert_eq!(parse(b"secret"), Err("unmarshallable"));
    }
}
