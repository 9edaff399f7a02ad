//! control: the HTTP server, XML-RPC, supervisorctl and the web pages.

mod ctl;
mod ctlconf;
mod http;
mod lifecycle;
mod logs;
mod values;
mod web;
mod xmlrpc;
