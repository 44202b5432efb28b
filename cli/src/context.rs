//! What every command shares: the global options, and what they lead to.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use gateway::client::{Client, LogInfo, WAIT};
use keyfile::{Passphrases, SecretKey};
use schemas::ids::LogId;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::heads::Heads;
use crate::output::Output;
use crate::trust::Trust;

/// Where `writd serve` listens unless told otherwise.
const DEFAULT_SERVER: &str = "http://127.0.0.1:8377";

/// What the help calls the options of every command.
const HEADING: &str = "Everywhere";

/// Options that every command takes. An empty one counts as not given, as empty variables do.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// Address of the log's server
    #[arg(long, global = true, env = "WRIT_SERVER", value_name = "URL", default_value = DEFAULT_SERVER, help_heading = HEADING)]
    server: String,
    /// File that pins the log's keys and genesis [default: $XDG_CONFIG_HOME/writ/trust.policy]
    #[arg(long, global = true, env = "WRIT_TRUST", value_name = "FILE", help_heading = HEADING)]
    trust: Option<OsString>,
    /// File that holds the passphrase of encrypted keys, mode 600 [default: asked for at the terminal]
    #[arg(long, global = true, env = "WRIT_PASSPHRASE_FILE", value_name = "FILE", help_heading = HEADING)]
    passphrase_file: Option<OsString>,
    /// Print one JSON document instead of text
    #[arg(long, global = true, help_heading = HEADING)]
    pub(crate) json: bool,
}

/// The global options at work.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) output: Output,
    global: Global,
    passphrases: Passphrases,
}

impl Context {
    pub(crate) fn new(global: Global) -> Self {
        let file = global.passphrase_file.as_ref().filter(|path| !path.is_empty());
        let passphrases = Passphrases::new(file.map(PathBuf::from));
        Self { output: Output::new(global.json), global, passphrases }
    }

    /// The client of the server that was named, for somebody who waits for the answer.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Ok(self.patient_client()?.impatient())
    }

    /// The client of another server than the one of the global options.
    pub(crate) fn client_of(&self, server: &str) -> Result<Client, Failure> {
        Ok(Client::new(server, WAIT)?.impatient())
    }

    /// The client of the server that was named, for work that outlasts a server's restart.
    pub(crate) fn patient_client(&self) -> Result<Client, Failure> {
        let server = if self.global.server.is_empty() { DEFAULT_SERVER } else { &self.global.server };
        // Nobody is left to be told where standard error is gone.
        let say = |server: &str| drop(writeln!(anstream::stderr().lock(), "waiting for {server} ..."));
        Ok(Client::new(server, WAIT)?.with_notice(say))
    }

    /// Reads a secret key, asking for its passphrase where it has one.
    pub(crate) fn secret_key(&self, path: &Path) -> Result<SecretKey, Failure> {
        Ok(SecretKey::read(path, &self.passphrases)?)
    }

    /// Where passphrases come from.
    pub(crate) fn passphrases(&self) -> &Passphrases {
        &self.passphrases
    }

    /// What is pinned, if anything. A file that was named must be there; one that is there must be readable.
    pub(crate) fn trust(&self) -> Result<Option<Trust>, Failure> {
        match self.global.trust.as_ref().filter(|path| !path.is_empty()) {
            Some(path) => Trust::read(Path::new(path)).map(Some),
            None => match default_trust_path() {
                Some(path) if path.exists() => Trust::read(&path).map(Some),
                _ => Ok(None),
            },
        }
    }

    /// What is pinned, for commands that give an answer either way: what stands in the way is said, and decides the exit.
    pub(crate) fn trust_or_said(&self) -> (Option<Trust>, Exit) {
        match self.trust() {
            Ok(Some(trust)) => (Some(trust), Exit::Ok),
            Ok(None) => {
                self.output.warn("not-pinned", "no trust file: the answer is consistent in itself at most");
                self.output.message(
                    "  try       --trust FILE (WRIT_TRUST) with the trust.policy that `writd init` made",
                );
                (None, Exit::Untrusted)
            }
            Err(failure) => {
                self.output.failure_text(&failure);
                (None, Exit::Untrusted)
            }
        }
    }

    /// The heads that this machine has verified before.
    pub(crate) fn heads(&self) -> Result<Heads, Failure> {
        Ok(Heads::new(state_folder()?.join("heads")))
    }

    /// Where signed statements wait to be logged.
    pub(crate) fn spool_root(&self) -> Result<PathBuf, Failure> {
        Ok(state_folder()?.join("spool"))
    }

    /// The log that the server serves, for commands that give an answer either way: where it is not the pinned one, that
    /// is said and decides the exit, and nothing counts as pinned.
    pub(crate) fn log_or_said<'t>(
        &self,
        client: &Client,
        trust: Option<&'t Trust>,
    ) -> Result<(LogId, Option<&'t Trust>, Exit), Failure> {
        match self.log(client, trust) {
            Ok(log) => Ok((log, trust, Exit::Ok)),
            Err(failure) if failure.exit == Exit::Untrusted => {
                self.output.failure_text(&failure);
                Ok((client.log()?.log, None, Exit::Untrusted))
            }
            Err(failure) => Err(failure),
        }
    }

    /// The log that the server serves, which must be the pinned one.
    pub(crate) fn log(&self, client: &Client, trust: Option<&Trust>) -> Result<LogId, Failure> {
        let LogInfo { log, origin, .. } = client.log()?;
        match trust.and_then(|trust| trust.policy().genesis().zip(Some(trust.path()))) {
            Some((pinned, path)) if pinned != log => Err(Failure::new(
                "wrong-log",
                format!("{} serves another log than the pinned one", client.server()),
            )
            .values(format!("log {pinned} (pinned in {})", path.display()), format!("log {log} ({origin})"))
            .exit(Exit::Untrusted)),
            _ => Ok(log),
        }
    }
}

fn default_trust_path() -> Option<PathBuf> {
    xdg("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("writ").join("trust.policy"))
}

fn state_folder() -> Result<PathBuf, Failure> {
    let missing = || {
        Failure::new(
            "no-state-folder",
            "there is no place for the spool: neither XDG_STATE_HOME nor HOME is set",
        )
        .next("XDG_STATE_HOME=DIR writ …")
    };
    xdg("XDG_STATE_HOME", ".local/state").map(|folder| folder.join("writ")).ok_or_else(missing)
}

/// The folder that a variable names, or its default below the home folder. Relative paths are ignored (XDG base directories).
fn xdg(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home)))
}
