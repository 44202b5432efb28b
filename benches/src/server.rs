//! A real `writd` of its own: in a new folder on a real disk, on a free port of this machine, ended and cleaned up on every path.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

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
use crate::held::Held;
use crate::http::{Connection, get};
use crate::process::{self, Ended};

/// Name of the log.
const ORIGIN: &str = "benches.example/log";

/// The log's folder and its anchor, within the server's.
const DATA: &str = "data";
const ANCHOR: &str = "anchor";

/// RocksDB's files, within the log's folder.
const STORE: &str = "store";

/// What `writd init` makes for verifiers, within the log's folder.
const TRUST: &str = "trust.policy";

/// How long a server may take to stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(120);

/// How often it is looked whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How long it is waited for a server to have nothing left to do.
const SETTLE_TIME_MAX: Duration = Duration::from_secs(300);

/// It has nothing left to do once it took less than this share of one core for so long.
const SETTLED_FOR: Duration = Duration::from_millis(500);
const IDLE_SHARE: f64 = 0.2;

/// A server under measurement.
#[derive(Debug)]
pub struct Server {
    writd: PathBuf,
    cache: Option<u64>,
    process: RefCell<Option<Ended>>,
    address: Cell<SocketAddr>,
    /// Its log.
    pub log: LogId,
    /// What a verifier of it trusts.
    pub trust: TrustPolicy,
    // Dropped, and so removed, after the process that uses it.
    folder: TempDir,
}

impl Server {
    /// Makes a log and serves it, with so many MiB for the store's cache where that is said.
    pub fn start(writd: Option<&Path>, cache: Option<u64>, cast: &Cast) -> Result<Self> {
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
        let (process, address) = serve(&writd, cache, folder.path())?;
        let trust = TrustPolicy::parse(&fs::read(data.join(TRUST))?)?;
        let log = trust.genesis().context("the trust file names no genesis")?;
        let (process, address) = (RefCell::new(Some(process)), Cell::new(address));
        Ok(Self { writd, cache, process, address, log, trust, folder })
    }

    /// The log as it is now, in a folder of its own, not served yet. Files that are never changed are the same ones.
    pub fn copied(&self) -> Result<Self> {
        self.stop()?;
        let beside = self.folder().parent().context("this server lies nowhere")?;
        let folder = TempDir::with_prefix_in("writ-bench-", beside)?;
        copy(self.folder(), folder.path())?;
        self.serve()?;
        Ok(Self {
            writd: self.writd.clone(),
            cache: self.cache,
            process: RefCell::new(None),
            address: self.address.clone(),
            log: self.log,
            trust: self.trust.clone(),
            folder,
        })
    }

    /// Has the program finish what it does and end, as an operator does.
    pub fn stop(&self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        let id = rustix::process::Pid::from_child(&process.0);
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        let begun = Instant::now();
        loop {
            match process.0.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("writd serve ended with {status}"),
                None => ensure!(begun.elapsed() < STOP_TIME_MAX, "writd serve does not stop"),
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Serves the log again, at another address.
    pub fn serve(&self) -> Result<()> {
        ensure!(self.process.borrow().is_none(), "it is served already");
        let (process, address) = serve(&self.writd, self.cache, self.folder.path())?;
        self.process.replace(Some(process));
        self.address.set(address);
        Ok(())
    }

    /// Stops the log and serves it again: nothing is in the program's memory any more.
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        self.serve()
    }

    /// Waits until the server has nothing left to do; for how long, in seconds. Its scrub never ends, and takes little.
    pub fn settle(&self) -> Result<f64> {
        let begun = Instant::now();
        let mut before = self.cpu_seconds()?;
        while begun.elapsed() < SETTLE_TIME_MAX {
            thread::sleep(SETTLED_FOR);
            let now = self.cpu_seconds()?;
            if now - before < SETTLED_FOR.as_secs_f64() * IDLE_SHARE {
                break;
            }
            before = now;
        }
        Ok(begun.elapsed().as_secs_f64())
    }

    /// Has the system keep all files of the log in its cache, as far as they fit.
    pub fn read_files(&self) -> Result<()> {
        self.each_file(|mut file| io::copy(&mut file, &mut io::sink()).map(drop))
    }

    /// The same, and keeps them there for as long as what is handed back: none of them, and standard error says why, where the system
    /// lets this user hold less.
    pub fn hold_files(&self) -> Result<Held> {
        let mut held = Held::default();
        let all = self.each_file(|file| held.add(&file));
        // In the cache, and looked at.
        self.read_files()?;
        Ok(all.map_or_else(|error| not_held(&error), |()| held))
    }

    /// Has the system forget what it has of the log's files in its cache.
    pub fn forget_files(&self) -> Result<()> {
        let whole = None;
        self.each_file(|file| Ok(rustix::fs::fadvise(file, 0, whole, rustix::fs::Advice::DontNeed)?))
    }

    fn each_file(&self, mut visit: impl FnMut(fs::File) -> io::Result<()>) -> Result<()> {
        for file in fs::read_dir(self.data().join(STORE))? {
            let file = file?;
            // The server may have taken one away meanwhile.
            match file.file_type().and_then(|kind| Ok((kind, fs::File::open(file.path())?))) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                opened => {
                    let (kind, file) = opened?;
                    if kind.is_file() {
                        visit(file)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The program.
    pub fn writd(&self) -> &Path {
        &self.writd
    }

    /// Where everything is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The log's folder.
    pub fn data(&self) -> PathBuf {
        self.folder().join(DATA)
    }

    /// Its anchor.
    pub fn anchor(&self) -> PathBuf {
        self.folder().join(ANCHOR)
    }

    /// What a verifier of it trusts, as a file.
    pub fn trust_file(&self) -> PathBuf {
        self.data().join(TRUST)
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
        process::cpu_seconds(self.id()?)
    }

    /// The most memory that the server had at a time since it was forgotten, in bytes.
    pub fn peak_bytes(&self) -> Result<u64> {
        process::peak_bytes(self.id()?)
    }

    /// Forgets the most memory that it had.
    pub fn forget_peak(&self) -> Result<()> {
        process::forget_peak(self.id()?)
    }

    fn id(&self) -> Result<u32> {
        self.process.borrow().as_ref().map(|process| process.0.id()).context("no server")
    }
}

/// Copies what is in a folder to another. RocksDB's tables are written once: another name for them will do.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for file in fs::read_dir(from)? {
        let file = file?;
        let (path, copied) = (file.path(), to.join(file.file_name()));
        if file.file_type()?.is_dir() {
            fs::create_dir(&copied)?;
            copy(&path, &copied)?;
        } else if path.extension().is_some_and(|extension| extension == "sst") {
            fs::hard_link(path, copied)?;
        } else {
            fs::copy(path, copied)?;
        }
    }
    Ok(())
}

/// Serves the log in a folder; says where.
fn serve(writd: &Path, cache: Option<u64>, folder: &Path) -> Result<(Ended, SocketAddr)> {
    let errors = folder.join("stderr");
    let mut command = Command::new(writd);
    command.args(["serve", "--listen", "127.0.0.1:0"]);
    if let Some(cache) = cache {
        command.arg(format!("--cache={cache}"));
    }
    let mut child = command
        .arg("--data")
        .arg(folder.join(DATA))
        .arg("--anchor")
        .arg(folder.join(ANCHOR))
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&errors)?)
        .spawn()?;
    let said = child.stdout.take();
    let process = Ended(child);
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

/// Nothing is held, and why.
fn not_held(error: &anyhow::Error) -> Held {
    eprintln!("the log's files are read, but not held in the system's cache: {error:#} (see `ulimit -l`)");
    Held::default()
}
