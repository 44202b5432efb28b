//! A log's folder and the server on it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use schemas::ids::{LogId, StatementId};
use schemas::trust::TrustPolicy;
use tempfile::TempDir;

use super::{Http, Person, Ran, SOON, program};

/// A temporary folder with a log in it: `log/`, `log.anchor`, and the registrar's key beside them.
#[derive(Debug)]
pub(crate) struct Place {
    folder: TempDir,
    pub(crate) registrar: Person,
}

/// A running `writd`, ended when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) http: Http,
    /// The line that it printed.
    pub(crate) line: String,
}

impl Place {
    /// A log with a registrar's key from elsewhere.
    pub(crate) fn init() -> Self {
        Self::init_with(&[])
    }

    /// The same with more flags.
    pub(crate) fn init_with(more: &[&str]) -> Self {
        Self::make(TempDir::with_prefix("writ-test-").unwrap(), more)
    }

    /// The same in this folder, which may be on a file system of its own.
    pub(crate) fn make(folder: TempDir, more: &[&str]) -> Self {
        let place = Self { folder, registrar: Person::registrar(200) };
        let key = place.registrar.write_key(place.path(), "registrar.pem");
        let public = format!("{}.pub", key.display());
        let data = place.data();
        let data = data.to_str().unwrap();
        let args = ["init", "--data", data, "--origin", "ledger.test/log", "--registrar", &public];
        let ran = writd(&[&args[..], more].concat());
        assert_eq!(ran.code, 0, "{ran}");
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("log")
    }

    pub(crate) fn anchor(&self) -> PathBuf {
        self.path().join("log.anchor")
    }

    pub(crate) fn trust(&self) -> PathBuf {
        self.data().join("trust.policy")
    }

    pub(crate) fn policy(&self) -> TrustPolicy {
        TrustPolicy::parse(&fs::read(self.trust()).unwrap()).unwrap()
    }

    pub(crate) fn log(&self) -> LogId {
        self.policy().genesis().unwrap()
    }

    /// Starts a server, which must come up.
    pub(crate) fn serve(&self) -> Server {
        self.try_serve().unwrap_or_else(|ran| panic!("writd serve: {ran}"))
    }

    pub(crate) fn try_serve(&self) -> Result<Server, Ran> {
        Server::start(&self.data(), &self.anchor())
    }

    /// Starts a server with more flags.
    pub(crate) fn serve_with(&self, more: &[&str]) -> Result<Server, Ran> {
        Server::start_with(&self.data(), &self.anchor(), more)
    }

    pub(crate) fn fsck(&self) -> Ran {
        fsck(&self.data())
    }

    /// Registers people, `(person, roles)`, over HTTP.
    pub(crate) fn register(&self, server: &Server, people: &[(&Person, &[&str])]) {
        let log = self.log();
        for (person, roles) in people {
            let answer = server.http.append(&self.registrar.register(&log, person, roles));
            assert_eq!(answer.status, 201, "{}: {}", person.iss, answer.text());
        }
    }
}

/// `writd fsck --json` of a folder whose anchor is beside it.
pub(crate) fn fsck(data: &Path) -> Ran {
    writd(&["fsck", "--data", data.to_str().unwrap(), "--json"])
}

/// Runs `writd` to its end.
pub(crate) fn writd(args: &[&str]) -> Ran {
    let mut command = assert_cmd::Command::new(program("writd"));
    Ran::of(command.args(args).env("RUST_LOG", "warn").timeout(SOON))
}

impl Server {
    /// Starts a server; if it ends instead of coming up, how it ended.
    pub(crate) fn start(data: &Path, anchor: &Path) -> Result<Self, Ran> {
        Self::start_with(data, anchor, &[])
    }

    /// The same with more flags.
    pub(crate) fn start_with(data: &Path, anchor: &Path, more: &[&str]) -> Result<Self, Ran> {
        Self::spawn(Command::new(program("writd")), data, anchor, more)
    }

    /// The same by a command that starts `writd` with the arguments that follow. Its process is, or becomes, `writd`.
    pub(crate) fn spawn(
        mut command: Command,
        data: &Path,
        anchor: &Path,
        more: &[&str],
    ) -> Result<Self, Ran> {
        let errors = data.with_extension(format!("{}.stderr", super::now()));
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .arg("--anchor")
            .arg(anchor)
            .args(more)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout);
            let mut line = String::new();
            let _ = lines.read_line(&mut line);
            let _ = sender.send(line);
            // Kept open, so that the program never writes into a closed pipe.
            let _ = lines.read_to_end(&mut Vec::new());
        });
        let line = receiver.recv_timeout(SOON).unwrap_or_default();
        if let Some((_, address)) = line.trim().rsplit_once("http://") {
            let http = Http { address: address.to_owned() };
            return Ok(Self { child, http, line });
        }
        let ended = wait(&mut child, SOON);
        if ended.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let code = ended.and_then(|status| status.code()).unwrap_or(-1);
        Err(Ran { code, stdout: line, stderr: fs::read_to_string(errors).unwrap_or_default() })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and how long it took to end well.
    pub(crate) fn stop(mut self) -> Duration {
        let begun = Instant::now();
        self.terminate();
        let ended = wait(&mut self.child, SOON).expect("SIGTERM did not end writd");
        assert!(ended.success(), "writd ended with {ended}");
        begun.elapsed()
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end that was asked for.
    pub(crate) fn ended(mut self, patience: Duration) -> Option<ExitStatus> {
        wait(&mut self.child, patience)
    }

    /// The statement's id, appended.
    pub(crate) fn append(&self, statement: &[u8]) -> StatementId {
        let answer = self.http.append(statement);
        assert_eq!(answer.status, 201, "{}", answer.text());
        let id = StatementId::of(statement);
        assert_eq!(answer.json()["results"][0]["id"], id.to_hex());
        id
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    None
}
