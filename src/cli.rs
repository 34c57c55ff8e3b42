//! The command line: what may be typed, and the commands that end by themselves.
//!
//! `serve` is only described here; `main.rs` runs it.

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use console::Term;
use lakewire::config::{Overrides, Sources};
use lakewire::{Error, Result, auth, ingest, sqlstate};

/// A PostgreSQL-wire-compatible analytics server over Parquet, CSV, JSON, Arrow and Avro files.
///
/// Without a configuration it serves the TPC-H demo on 127.0.0.1:5433.
#[derive(Debug, Parser)]
#[command(name = "lakewire", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; serves when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve.
    #[command(flatten)]
    pub serve: ServeArgs,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve (the default)
    Serve(ServeArgs),
    /// Validate the configuration: print every mistake with its place, exit 1 if there is one
    Check(ConfigArg),
    /// Print a [[auth.users]] block with a SCRAM verifier for the configuration
    User(UserArgs),
    /// Generate the TPC-H tables as Parquet files
    Generate(GenerateArgs),
}

/// Where the configuration is.
#[derive(Debug, Default, Args)]
pub struct ConfigArg {
    /// The configuration file; without one the defaults hold
    #[arg(long, value_name = "FILE", env = "LAKEWIRE_CONFIG")]
    config: Option<PathBuf>,
}

/// How to serve.
#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    config: ConfigArg,
    /// Serve every Parquet, CSV, NDJSON, Arrow and Avro file below DIR
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// Listen there; port 0 picks a free one
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// Serve the TPC-H demo, beside other tables if there are any
    #[arg(long)]
    demo: bool,
}

/// Whose verifier.
#[derive(Debug, Args)]
pub struct UserArgs {
    /// The user's name
    name: String,
    /// Read the password from the first line of standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
    /// The user is a superuser
    #[arg(long)]
    superuser: bool,
}

/// What to generate.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// The scale factor: 1 is 6 million rows of lineitem
    #[arg(long, value_name = "S", default_value_t = 0.1)]
    scale: f64,
    /// The folder to make; nothing is done when it already holds the tables at this scale
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
}

impl ServeArgs {
    /// What the configuration is made from.
    #[must_use]
    pub fn sources(self) -> Sources {
        let overrides = Overrides { listen: self.listen, data: self.data, demo: self.demo };
        Sources::of_process(self.config.config, overrides)
    }
}

/// `lakewire check`
pub fn check(config: ConfigArg) -> ExitCode {
    let sources = Sources::of_process(config.config, Overrides::default());
    match sources.load() {
        Ok(_) => {
            say("the configuration has no mistakes");
            ExitCode::SUCCESS
        }
        Err(mistakes) => {
            mistakes.lines().for_each(|line| say(&line));
            ExitCode::FAILURE
        }
    }
}

/// `lakewire user`
pub fn user(args: &UserArgs) -> Result<()> {
    let refuse = |reason: String| Err(Error::new(sqlstate::INVALID_PARAMETER_VALUE, reason));
    if args.name.is_empty() || args.name.len() > 63 {
        return refuse("a user's name has 1 to 63 bytes".to_owned());
    }
    let password = if args.password_stdin { read_password() } else { ask_password() };
    let password = match password {
        Ok(password) if password.is_empty() => return refuse("the password is empty".to_owned()),
        Ok(password) => password,
        Err(e) => return refuse(format!("could not read the password: {e}")),
    };
    let verifier = auth::make_verifier(&password)?;
    let quoted = |text: String| toml::Value::String(text).to_string();
    say("[[auth.users]]");
    say(&format!("name = {}", quoted(args.name.clone())));
    say(&format!("verifier = {}", quoted(verifier)));
    if args.superuser {
        say("superuser = true");
    }
    Ok(())
}

/// `lakewire generate`
pub fn generate(args: &GenerateArgs) -> Result<()> {
    ingest::demo::generate(&args.output, args.scale)
}

/// The line that says where the server is and how to reach it.
#[must_use]
pub fn ready_line(address: SocketAddr, tables: usize, database: &str) -> String {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let noun = if tables == 1 { "table" } else { "tables" };
    format!(
        "lakewire {} ready: listening on {address}, {tables} {noun}; connect with: psql -h {host} -p {} -d {database}",
        env!("CARGO_PKG_VERSION"),
        address.port()
    )
}

/// The one line with which a command fails, on standard error, with what helps below it.
pub fn complain(error: &Error) {
    eprintln!("lakewire: {error}");
    if let Some(detail) = error.get_detail() {
        eprintln!("  {detail}");
    }
    if let Some(context) = error.get_context() {
        eprintln!("  while {context}");
    }
    if let Some(hint) = error.get_hint() {
        eprintln!("  {hint}");
    }
}

/// A line on standard output, flushed; a reader that has gone away is no reason to stop.
pub fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn read_password() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

fn ask_password() -> io::Result<String> {
    let terminal = Term::stderr();
    if !terminal.is_term() {
        return Err(io::Error::other("there is no terminal; use --password-stdin"));
    }
    let ask = |prompt: &str| {
        terminal.write_str(prompt)?;
        terminal.read_secure_line()
    };
    let password = ask("Password: ")?;
    match ask("Once more: ")? == password {
        true => Ok(password),
        false => Err(io::Error::other("the two differ")),
    }
}
