//! Mail without a mail server.
//!
//! `demo mail` is what the listeners know as sendmail: it reads a mail from stdin and appends it to the file
//! `mailbox`, as one record
//!
//! ```text
//! crashmail\n            the process that sent it, from SUPERVISOR_PROCESS_NAME
//! To: ...\n              the mail, untouched
//! ...
//! \x0c                   a form feed
//! ```
//!
//! in a single write, so that mails of several listeners do not mix. The director reads the file from where
//! it last stopped.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Name of the file, in the current directory of all who use it.
const FILE: &str = "mailbox";

/// Ends a record. No listener writes it.
const SEPARATOR: u8 = 0x0c;

/// One mail and who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mail {
    /// Process name of the listener.
    pub(crate) sender: String,
    /// Headers, an empty line, the body.
    pub(crate) text: String,
}

/// The stand-in: stdin to the end of the mailbox.
pub(crate) fn receive() -> Result<()> {
    let mut record = std::env::var("SUPERVISOR_PROCESS_NAME").unwrap_or_default().into_bytes();
    record.push(b'\n');
    std::io::stdin().read_to_end(&mut record).context("failed to read the mail")?;
    record.push(SEPARATOR);
    let mut file = OpenOptions::new().create(true).append(true).open(FILE).context("failed to open the mailbox")?;
    file.write_all(&record).context("failed to write the mailbox")
}

/// The director's end.
pub(crate) struct Mailbox {
    path: PathBuf,
    read_bytes: u64,
}

impl Mailbox {
    /// The mailbox in `directory`; the file need not exist yet.
    pub(crate) fn new(directory: &Path) -> Self {
        Self { path: directory.join(FILE), read_bytes: 0 }
    }

    /// Mails that arrived completely since the last call, oldest first.
    ///
    /// # Errors
    /// The file exists and cannot be read.
    pub(crate) fn fetch(&mut self) -> Result<Vec<Mail>> {
        let mut fresh = Vec::new();
        match File::open(&self.path) {
            Ok(mut file) => {
                file.seek(SeekFrom::Start(self.read_bytes)).context("failed to read the mailbox")?;
                file.read_to_end(&mut fresh).context("failed to read the mailbox")?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).context("failed to open the mailbox"),
        }
        let (mails, used_bytes) = split(&fresh);
        self.read_bytes += used_bytes as u64;
        Ok(mails)
    }
}

/// The complete records at the start of `bytes`, and how many bytes they take.
fn split(bytes: &[u8]) -> (Vec<Mail>, usize) {
    let mut mails = Vec::new();
    let mut used_bytes = 0;
    for record in bytes.split_inclusive(|&byte| byte == SEPARATOR) {
        let Some(record) = record.strip_suffix(&[SEPARATOR]) else { break };
        used_bytes += record.len() + 1;
        let record = String::from_utf8_lossy(record);
        let (sender, text) = record.split_once('\n').unwrap_or(("", &record));
        mails.push(Mail { sender: sender.to_owned(), text: text.to_owned() });
    }
    (mails, used_bytes)
}

#[cfg(test)]
mod tests {
    use super::{Mail, split};

    #[test]
    fn only_complete_records_are_taken_wherever_the_file_is_cut() {
        let file = b"memmon\nTo: a\n\nbody\x0chttpok\nTo: b\n\nbody\x0c";
        let mail = |sender: &str, to: &str| Mail { sender: sender.to_owned(), text: format!("To: {to}\n\nbody") };
        let first = 1 + file.iter().position(|&byte| byte == 0x0c).unwrap();
        for cut in 0..=file.len() {
            let expected = match cut {
                cut if cut < first => (vec![], 0),
                cut if cut < file.len() => (vec![mail("memmon", "a")], first),
                _ => (vec![mail("memmon", "a"), mail("httpok", "b")], file.len()),
            };
            assert_eq!(split(&file[..cut]), expected, "cut at {cut}");
        }
    }
}
