//! A real `writd` of its own: in a new folder on a real disk, on a free port of this machine, ended and cleaned up on every path.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use ed25519_dalek::pkcs8::EncodePublicKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use schemas::checkpoint::Checkpoint;
use schemas::ids::LogId;
use schemas::note::Note;
use schemas::payload::Seen;
use schemas::trust::TrustPolicy;
use tempfile::TempDir;

use crate::corpus::Cast;
use crate::http::{Connection, get};

/// Name of the log.
const ORIGIN: &str = "benches.example/log";

/// The log's folder and its anchor, within the server's.
const DATA: &str = "data";
const ANCHOR: &str = "anchor";

/// Clock ticks in a second, as `/proc` counts processor time (USER_HZ, the same on every Linux).
const TICKS_PER_SECOND: f64 = 100.0;

/// A server under measurement.
#[derive(Debug)]
pub struct Server {
    writd: PathBuf,
    process: RefCell<Option<Process>>,
    address: Cell<SocketAddr>,
    /// Its log.
    pub log: LogId,
    /// What a verifier of it trusts.
    pub trust: TrustPolicy,
    // Dropped, and so removed, after the process that uses it.
    folder: TempDir,
}

/// A child process that does not outlive its handle.
#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; either way there is nothing left to do about it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Makes a log and serves it.
    pub fn start(writd: Option<&Path>, cast: &Cast) -> Result<Self> {
        let beside = std::env::current_exe()?.parent().context("this program lies nowhere")?.to_path_buf();
        let writd = writd.map_or_else(|| find(&beside), |path| Ok(path.to_path_buf()))?;
        // Not the system's folder for temporary files: that may be memory, where a sync costs nothing.
        let folder = TempDir::with_prefix_in("writ-bench-", &beside)?;
        let (registrar, data) = (folder.path().join("registrar.pub"), folder.path().join(DATA));
        fs::write(&registrar, cast.registrar().verifying_key().to_public_key_pem(LineEnding::LF)?)?;
        let made = Command::new(&writd)
            .arg("init")
            .args(["--origin", ORIGIN, "--registrar"])
            .arg(&registrar)
            .arg("--data")
            .arg(&data)
            .arg("--anchor")
            .arg(folder.path().join(ANCHOR))
            .output()
            .with_context(|| format!("running {}", writd.display()))?;
        ensure!(made.status.success(), "writd init: {}", String::from_utf8_lossy(&made.stderr));
        let (process, address) = serve(&writd, folder.path())?;
        let trust = TrustPolicy::parse(&fs::read(data.join("trust.policy"))?)?;
        let log = trust.genesis().context("the trust file names no genesis")?;
        let (process, address) = (RefCell::new(Some(process)), Cell::new(address));
        Ok(Self { writd, process, address, log, trust, folder })
    }

    /// Ends the program and serves the same log again, at another address: nothing is in its memory any more.
    pub fn restart(&self) -> Result<()> {
        // Two cannot serve one folder.
        drop(self.process.take());
        let (process, address) = serve(&self.writd, self.folder.path())?;
        self.process.replace(Some(process));
        self.address.set(address);
        Ok(())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address.get()
    }

    /// The head that is served now.
    pub fn head(&self) -> Result<Seen> {
        let mut connection = Connection::open(self.address())?;
        let answer = connection.exchange(&get("/checkpoint"))?;
        ensure!(answer.status == 200, "/checkpoint: status {}", answer.status);
        let checkpoint = Checkpoint::from_note(&Note::parse(answer.body)?)?;
        Ok(Seen { size: checkpoint.size, root: checkpoint.root })
    }

    /// Processor time that the server has taken so far, in seconds.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let id = self.process.borrow().as_ref().map(|process| process.0.id()).context("no server")?;
        let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
        // Fields 14 and 15; the second may hold blanks and ends with the last bracket.
        let fields = stat.rsplit_once(')').context("/proc stat")?.1.split_whitespace();
        let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
    }
}

/// Serves the log in a folder; says where.
fn serve(writd: &Path, folder: &Path) -> Result<(Process, SocketAddr)> {
    let errors = folder.join("stderr");
    let mut child = Command::new(writd)
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.join(DATA))
        .arg("--anchor")
        .arg(folder.join(ANCHOR))
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&errors)?)
        .spawn()?;
    let said = child.stdout.take();
    let process = Process(child);
    let mut line = String::new();
    BufReader::new(said.context("no output")?).read_line(&mut line)?;
    let address = line.trim().rsplit_once("http://").and_then(|(_, address)| address.parse().ok());
    match address {
        Some(address) => Ok((process, address)),
        None => bail!("writd serve: {line}{}", fs::read_to_string(&errors).unwrap_or_default()),
    }
}

/// The server's program, beside this one or, for tests, one folder above.
fn find(beside: &Path) -> Result<PathBuf> {
    let places = [Some(beside), beside.parent()];
    let found = places.into_iter().flatten().map(|place| place.join("writd")).find(|path| path.is_file());
    found.context("no writd beside this program; run: cargo build --release -p ledger")
}
