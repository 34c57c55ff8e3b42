//! Starting and stopping a lakewire process.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::{Client, Target};

/// From spawn to the ready line. Generous: a debug build on a busy machine opens its tables in a few seconds.
const START_LIMIT: Duration = Duration::from_mins(1);

/// How a server is to be started.
#[derive(Debug, Default)]
pub struct TestServerBuilder {
    data: Option<PathBuf>,
    config: Option<PathBuf>,
    settings: String,
    environment: Vec<(String, String)>,
}

impl TestServerBuilder {
    /// Serves the files below `dir`.
    pub fn data(mut self, dir: &Path) -> Self {
        self.data = Some(dir.to_owned());
        self
    }

    /// Uses a configuration file of the repository.
    pub fn config(mut self, file: &Path) -> Self {
        self.config = Some(file.to_owned());
        self
    }

    /// Adds lines to the configuration written for this server.
    pub fn toml(mut self, text: &str) -> Self {
        writeln!(self.settings, "{text}").expect("writing to a String cannot fail");
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts it and waits for its ready line.
    pub fn start(self) -> TestServer {
        TestServer::spawn(&self).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts it for the rest of this test process, with which it dies.
    ///
    /// The parent-death signal fires when the *thread* that spawned the child ends, so a thread of its own does it and
    /// stays.
    pub fn start_for_ever(self) -> Target {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let server = TestServer::spawn(&self);
            sender.send(server.as_ref().map(TestServer::target).map_err(Clone::clone)).expect("start is waiting");
            if server.is_ok() {
                loop {
                    thread::park();
                }
            }
        });
        receiver.recv().expect("the thread sends once").unwrap_or_else(|error| panic!("{error}"))
    }

    fn command(&self, home: &Path) -> Command {
        // setpriv is part of util-linux, which Debian always has.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_lakewire"), "serve", "--listen", "127.0.0.1:0"]);
        let config = self.config.clone().unwrap_or_else(|| {
            let path = home.join("lakewire.toml");
            std::fs::write(&path, &self.settings).expect("the temporary folder is writable");
            path
        });
        command.arg("--config").arg(config);
        if let Some(data) = &self.data {
            command.arg("--data").arg(data);
        }
        // Variables meant for the tests would be mistakes in the server's configuration.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LAKEWIRE_")) {
            command.env_remove(name);
        }
        command.env("LAKEWIRE_STORAGE_DATA_DIR", home.join("data")).current_dir(super::repository(""));
        command.envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// A running server; dropping it kills it.
pub struct TestServer {
    child: Child,
    /// Where it listens.
    pub addr: SocketAddr,
    log: Arc<Mutex<String>>,
    home: TempDir,
}

impl TestServer {
    /// A server with nothing but what the builder is told.
    pub fn builder() -> TestServerBuilder {
        TestServerBuilder::default()
    }

    /// Where it is, with the default user and database.
    pub fn target(&self) -> Target {
        Target { addr: self.addr, user: "lakewire", database: "lakewire" }
    }

    /// A new connection.
    pub fn connect(&self) -> Client {
        self.target().connect()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The server's own folder.
    pub fn data_dir(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("the reader of the log does not panic").clone()
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("the child can be waited for")
    }

    fn spawn(builder: &TestServerBuilder) -> Result<Self, String> {
        let home = tempfile::tempdir_in(super::scratch()).map_err(|error| error.to_string())?;
        let mut command = builder.command(home.path());
        let mut child = command.spawn().map_err(|error| format!("cannot run {command:?}: {error}"))?;
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = child.stderr.take().expect("stderr is piped");
        let keep = Arc::clone(&log);
        let logger = thread::spawn(move || keep_log(stderr, &keep));
        let ready = ready_line(child.stdout.take().expect("stdout is piped"));
        match ready.recv_timeout(START_LIMIT) {
            Ok(addr) => Ok(Self { child, addr, log, home }),
            Err(cause) => {
                // Fails only when it has ended already, which is fine.
                let _ = child.kill();
                let status = child.wait().map_err(|error| error.to_string())?;
                let _ = logger.join();
                let log = log.lock().expect("the reader of the log does not panic");
                Err(format!("the server did not get ready ({cause}, {status}):\n{log}"))
            }
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // It may have ended already; either way nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("log of the server under test:\n{}", self.log());
        }
    }
}

/// The address of the ready line, sent when it comes. The rest of stdout is read on, so that the pipe never fills.
fn ready_line(stdout: impl Read + Send + 'static) -> mpsc::Receiver<SocketAddr> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let address = line.split_once("listening on ").map(|(_, rest)| rest);
            let address = address.and_then(|rest| rest.split([',', ' ']).next());
            if let Some(Ok(address)) = address.map(str::parse) {
                // Only the first ready line is awaited.
                let _ = sender.send(address);
            }
        }
    });
    receiver
}

fn keep_log(stderr: impl Read, log: &Mutex<String>) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        let mut log = log.lock().expect("nobody panics with the log in hand");
        log.push_str(&line);
        log.push('\n');
    }
}
