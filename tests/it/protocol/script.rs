//! Message scripts (`tests/wire/*.pt`): what they may say, and how they are run against a server.
//!
//! A script is blocks divided by blank lines; `#` begins a comment line. Directives:
//!
//! - `connect [NAME]`: a connection past its startup; `open [NAME]`: one that has said nothing. Later directives are
//!   about the last one opened, or the one named by `on NAME`.
//! - `send`, then a message per line (see [`super::message`]).
//! - `until TYPE… [ignoring TYPE…]`, then `----` and the messages expected, up to and with one of the types. `Closed`
//!   stands for the end of the connection.
//! - `byte`, then `----` and the one byte expected: answers of the encryption negotiation.
//! - `cancel`: CancelRequests for the connection until it answers.
//!
//! `oracle: none` on the first line keeps a script from being compared with PostgreSQL, and says why. With
//! `LAKEWIRE_REWRITE=1` the expected messages are replaced by those received.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::connection::Connection;
use super::message;
use crate::harness::Target;

/// Runs a script; an error shows the block that differed.
pub fn run(path: &Path, target: &Target) -> Result<(), String> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let rewrite = std::env::var_os("LAKEWIRE_REWRITE").is_some();
    let mut runner = Runner { target, connections: HashMap::new(), current: String::new() };
    let mut seen = String::new();
    let mut differences = String::new();
    for block in text.trim_end().split("\n\n") {
        let (head, expected) = match block.split_once("\n----") {
            Some((head, expected)) => (head, Some(expected.strip_prefix('\n').unwrap_or(expected))),
            None => (block, None),
        };
        let got = runner.block(head).map_err(|e| format!("{}: in\n{head}\n{e}", path.display()))?;
        match (got, expected) {
            (None, None) => writeln!(seen, "{head}\n"),
            (Some(got), expected) => {
                if expected != Some(got.as_str()) {
                    let expected = expected.unwrap_or("(nothing written yet)");
                    write!(differences, "{head}\nexpected:\n{expected}\ngot:\n{got}\n\n").expect("a String grows");
                }
                writeln!(seen, "{head}\n----\n{got}\n")
            }
            (None, Some(_)) => return Err(format!("{}: nothing can be expected of\n{head}", path.display())),
        }
        .expect("a String grows");
    }
    if rewrite && !differences.is_empty() {
        return fs::write(path, format!("{}\n", seen.trim_end())).map_err(|e| e.to_string());
    }
    if differences.is_empty() { Ok(()) } else { Err(format!("{}:\n{differences}", path.display())) }
}

/// Whether a script's answers are PostgreSQL's too.
pub fn is_comparable(path: &Path) -> bool {
    let text = fs::read_to_string(path).expect("the script is readable");
    !text.starts_with("# oracle: none")
}

struct Runner<'a> {
    target: &'a Target,
    connections: HashMap<String, Connection>,
    current: String,
}

impl Runner<'_> {
    /// Does what a block says; gives the messages received, for blocks that expect some.
    fn block(&mut self, block: &str) -> Result<Option<String>, String> {
        let mut lines = block.lines().filter(|line| !line.starts_with('#'));
        let Some(directive) = lines.next() else { return Ok(None) };
        let mut words = directive.split_whitespace();
        match words.next().unwrap_or_default() {
            "open" => self.add(words.next(), Connection::open(self.target)?),
            "connect" => self.add(words.next(), Connection::connect(self.target)?),
            "on" => self.current = words.next().ok_or("on whom?")?.to_owned(),
            "send" => {
                let mut bytes = Vec::new();
                for line in lines {
                    message::encode(line, self.target, &mut bytes).map_err(|e| format!("{line}: {e}"))?;
                }
                self.connection()?.send(&bytes)?;
            }
            "until" => {
                let words: Vec<_> = words.collect();
                let (until, ignoring) = match words.iter().position(|word| *word == "ignoring") {
                    Some(i) => (&words[..i], &words[i + 1..]),
                    None => (&words[..], &[][..]),
                };
                return self.connection()?.until(until, ignoring).map(Some);
            }
            "byte" => return self.connection()?.byte().map(Some),
            "cancel" => self.connection()?.cancel()?,
            other => return Err(format!("no such directive: {other}")),
        }
        Ok(None)
    }

    fn add(&mut self, name: Option<&str>, connection: Connection) {
        self.current = name.unwrap_or_default().to_owned();
        self.connections.insert(self.current.to_string(), connection);
    }

    fn connection(&mut self) -> Result<&mut Connection, String> {
        self.connections.get_mut(&self.current).ok_or_else(|| "no connection is open".to_owned())
    }
}
