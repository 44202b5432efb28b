//! The command line.

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Stdio};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

use super::{Place, SOON, Server, program};

/// Somebody at a command line: a home of their own, a server, a trust file.
#[derive(Debug)]
pub(crate) struct Cli {
    home: TempDir,
    server: String,
    trust: Option<PathBuf>,
}

/// How a program ran.
#[derive(Clone, Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Cli {
    /// With the log's trust file.
    pub(crate) fn new(place: &Place, server: &Server) -> Self {
        Self::at(server, Some(&place.trust()))
    }

    /// With this trust file or none.
    pub(crate) fn at(server: &Server, trust: Option<&Path>) -> Self {
        Self::with_home(&format!("http://{}", server.http.address), trust)
    }

    /// A home of its own, for the server at this address.
    pub(crate) fn with_home(server: &str, trust: Option<&Path>) -> Self {
        Self { home: home(), server: server.to_owned(), trust: trust.map(Path::to_owned) }
    }

    /// The same server, with another trust file or none.
    pub(crate) fn with_trust(&self, trust: Option<&Path>) -> Self {
        Self { home: home(), server: self.server.clone(), trust: trust.map(Path::to_owned) }
    }

    /// The same person, asking another server.
    pub(crate) fn with_server(self, server: &str) -> Self {
        Self { server: server.to_owned(), ..self }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The command, ready to run.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::from_std(self.std_command(args));
        command.timeout(SOON);
        command
    }

    /// Starts it and lets it run.
    pub(crate) fn start<S: AsRef<OsStr>>(&self, args: &[S]) -> Running {
        let mut command = self.std_command(args);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        Running { child, errors, said: String::new() }
    }

    fn std_command<S: AsRef<OsStr>>(&self, args: &[S]) -> std::process::Command {
        let mut command = std::process::Command::new(program("writ"));
        self.at_home(&mut command).args(args);
        command
    }

    /// Gives a command this person's environment and folder, and nothing else.
    fn at_home<'c>(&self, command: &'c mut std::process::Command) -> &'c mut std::process::Command {
        command
            .env_clear()
            .env("HOME", self.home())
            .env("LC_ALL", "C.UTF-8")
            .env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
            .env("XDG_CONFIG_HOME", self.home().join("config"))
            .env("XDG_STATE_HOME", self.home().join("state"));
        command.env("WRIT_SERVER", &self.server).current_dir(self.home());
        if let Some(trust) = &self.trust {
            command.env("WRIT_TRUST", trust);
        }
        command
    }

    /// Runs a line of a shell in which `writ` is the program.
    pub(crate) fn shell(&self, line: &str) -> Ran {
        let programs = program("writ").parent().unwrap().to_owned();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = std::process::Command::new("bash");
        self.at_home(&mut command).env("PATH", path).args(["-c", line]);
        Ran::of(Command::from_std(command).timeout(SOON))
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// Runs it with this on standard input.
    pub(crate) fn run_with<S: AsRef<OsStr>>(&self, args: &[S], input: &str) -> Ran {
        Ran::of(self.command(args).write_stdin(input))
    }

    /// Runs what must end well.
    pub(crate) fn ok<S: AsRef<OsStr>>(&self, args: &[S]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{ran}");
        ran
    }

    /// Signs and logs drafts, one a line; the statements' ids.
    pub(crate) fn append(&self, key: &Path, drafts: &[Value]) -> Vec<String> {
        let lines: Vec<String> = drafts.iter().map(Value::to_string).collect();
        let args = [
            OsStr::new("append"),
            OsStr::new("--json"),
            OsStr::new("--key"),
            key.as_os_str(),
            OsStr::new("-"),
        ];
        let ran = self.run_with(&args, &lines.join("\n"));
        assert_eq!(ran.code, 0, "{ran}");
        let results = ran.json()["results"].as_array().unwrap().clone();
        results.iter().map(|result| result["id"].as_str().unwrap().to_owned()).collect()
    }
}

/// A program that runs.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    errors: BufReader<ChildStderr>,
    said: String,
}

impl Running {
    /// Sends it a signal: `INT`, `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for a line on standard error that holds this.
    pub(crate) fn says(&mut self, text: &str) {
        loop {
            let from = self.said.len();
            let read = self.errors.read_line(&mut self.said).unwrap();
            assert!(read > 0, "it ended without saying `{text}`: {}", self.said);
            if self.said[from..].contains(text) {
                return;
            }
        }
    }

    /// The next line on standard output, once it is there.
    pub(crate) fn next_line(&mut self) -> String {
        let stdout = self.child.stdout.as_mut().unwrap();
        let mut line = Vec::new();
        let mut byte = [0];
        while stdout.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap()
    }

    /// How it ended.
    pub(crate) fn ended(mut self) -> Ran {
        let mut stdout = String::new();
        self.errors.read_to_string(&mut self.said).unwrap();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        Ran { code: self.child.wait().unwrap().code().unwrap_or(-1), stdout, stderr: self.said }
    }
}

fn home() -> TempDir {
    TempDir::with_prefix("writ-home-").unwrap()
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Standard output, which must be one JSON document of the form that it names.
    pub(crate) fn json(&self) -> Value {
        let document: Value =
            serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("no JSON ({e}): {self}"));
        let name = document["schema"].as_str().unwrap_or_else(|| panic!("names no schema: {self}"));
        let path =
            format!("{}/../docs/json/{}.schema.json", env!("CARGO_MANIFEST_DIR"), name.replace('/', "-"));
        let schema = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let schema = serde_json::from_str(&schema).unwrap_or_else(|e| panic!("{path}: {e}"));
        if let Err(error) = jsonschema::validate(&schema, &document) {
            panic!("not of {name}: {error} at {}: {self}", error.instance_path());
        }
        document
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}
