//! A mail server, played by the test: it says what it is told to say and keeps what it hears.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What the server is like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manners {
    /// Lines of the answer to EHLO, such as `AUTH PLAIN LOGIN`.
    pub extensions: &'static [&'static str],
    /// Recipients that are refused with `550 no such`.
    pub refused: &'static [&'static str],
}

/// One conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Talk {
    /// What the client said, line by line, without the mail itself.
    pub commands: Vec<String>,
    /// The lines of the mail, dots unstuffed; empty if it came to none.
    pub mail: Vec<String>,
}

impl Talk {
    /// The first words of the commands: `EHLO MAIL RCPT DATA QUIT`.
    pub fn brief(&self) -> String {
        self.commands.iter().map(|line| line.split(' ').next().unwrap_or_default()).collect::<Vec<_>>().join(" ")
    }

    /// A header of the mail.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.mail.iter().take_while(|line| !line.is_empty());
        headers.filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// What follows the headers.
    pub fn body(&self) -> String {
        self.mail.iter().skip_while(|line| !line.is_empty()).skip(1).cloned().collect::<Vec<_>>().join("\n")
    }
}

/// The server. It ends with the test program.
pub struct Smtp {
    port: u16,
    talks: Arc<Mutex<Vec<Talk>>>,
}

impl Smtp {
    /// Listens on a free port of the loopback interface.
    pub fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let smtp = Self { port, talks: Arc::default() };
        let talks = Arc::clone(&smtp.talks);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let talk = converse(&stream, manners).unwrap_or_default();
                talks.lock().unwrap_or_else(PoisonError::into_inner).push(talk);
            }
        });
        smtp
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The conversations that have ended.
    pub fn talks(&self) -> Vec<Talk> {
        self.talks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One conversation, until the client leaves.
fn converse(stream: &TcpStream, manners: Manners) -> std::io::Result<Talk> {
    let mut talk = Talk::default();
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    writer.write_all(b"220 here\r\n")?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(talk);
        }
        let line = line.trim_end().to_owned();
        talk.commands.push(line.clone());
        let answer = match line.split(' ').next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => {
                let lines: Vec<&str> = std::iter::once("here").chain(manners.extensions.iter().copied()).collect();
                let last = lines.len() - 1;
                let mark = |at| if at == last { ' ' } else { '-' };
                lines.iter().enumerate().map(|(at, line)| format!("250{}{line}\r\n", mark(at))).collect()
            }
            "RCPT" if manners.refused.iter().any(|address| line.contains(address)) => "550 no such\r\n".to_owned(),
            "AUTH" => "235 welcome\r\n".to_owned(),
            "DATA" => {
                writer.write_all(b"354 go on\r\n")?;
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line)? == 0 || line == ".\r\n" {
                        break;
                    }
                    let line = line.trim_end_matches(['\r', '\n']);
                    talk.mail.push(line.strip_prefix('.').unwrap_or(line).to_owned());
                }
                "250 taken\r\n".to_owned()
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n")?;
                return Ok(talk);
            }
            _ => "250 fine\r\n".to_owned(),
        };
        writer.write_all(answer.as_bytes())?;
    }
}
