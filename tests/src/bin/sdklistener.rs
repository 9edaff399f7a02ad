//! A listener made with the SDK, and a client made with it, to be run under any daemon.
//!
//! `sdklistener record FILE` appends the events it gets to FILE as they were on the wire, and to FILE.typed a line for
//! each: its kind, or what is wrong with it. All the while it prints what it should not.
//!
//! `sdklistener rpc COUNT` asks for all processes COUNT times, and prints their names.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "stray prints are the point")]

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use supervisor_sdk::Delivery;
use supervisor_sdk::rpc::Client;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["record", file] => record(Path::new(file)),
        ["rpc", count] => ask(count.parse()?),
        _ => Err("usage: sdklistener record FILE | rpc COUNT".into()),
    }
}

fn record(file: &Path) -> Result<(), Box<dyn Error>> {
    let append = |path: &Path, text: &str| -> std::io::Result<()> {
        OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
    };
    supervisor_sdk::run(|delivery: &Delivery| -> std::io::Result<()> {
        println!("a stray print");
        Command::new("echo").arg("a stray child").status()?;
        let header = &delivery.header;
        append(
            file,
            &format!(
                "ver:3.0 server:{} serial:{} pool:{} poolserial:{} eventname:{} len:{}\n{}",
                header.server,
                header.serial,
                header.pool,
                header.poolserial,
                header.eventname,
                header.len,
                delivery.payload
            ),
        )?;
        let typed = match &delivery.event {
            Ok(event) => event.kind().to_string(),
            Err(error) => format!("error: {error}"),
        };
        append(&file.with_extension("typed"), &format!("{typed}\n"))
    })?;
    Ok(())
}

fn ask(count: usize) -> Result<(), Box<dyn Error>> {
    let mut client = Client::from_env()?;
    for _ in 0..count {
        let infos = client.get_all_process_info()?;
        println!("{}", infos.iter().map(|info| info.name.as_str()).collect::<Vec<_>>().join(" "));
    }
    Ok(())
}
