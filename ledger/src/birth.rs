//! Making a new log: its keys, its genesis, its first head and its anchor.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use keyfile::{KeyFileError, Passphrase, SecretKey};
use schemas::envelope::Statement;
use schemas::ids::{ByteString, LogId, PublicKey};
use schemas::kinds::{Genesis, LogKey, Parameters, Use};
use schemas::payload::{Body, Payload};
use schemas::text::Origin;
use schemas::time::{Millis, Time};
use schemas::trust::TrustPolicy;
use thiserror::Error;

use crate::anchor::{Anchor, AnchorError, Mark};
use crate::apply::{Accepted, ApplyError, Group, View, apply};
use crate::folder::Folder;
use crate::log::LogKeys;
use crate::sequences::Sequences;
use crate::signer::{CheckpointSigner, SignError, StatementSigner};
use crate::store::rocks::RocksStore;
use crate::store::rows::{NOTE_KEY, Rows};
use crate::store::{Column, Store, StoreError};

/// Longest time between two renewals of the checkpoint that a new log promises, unless asked otherwise.
pub const HEARTBEAT: Millis = Millis(60_000);

/// How far a new log's clock may run ahead beyond the time that really passed: covers a step by NTP.
const CLOCK_AHEAD: Millis = Millis(10_000);

/// Bytes of a new log's nonce.
const NONCE_BYTES: usize = 32;

/// What a new log is to be.
#[derive(Clone, Debug)]
pub struct Birth {
    /// Its name.
    pub origin: Origin,
    /// Keys trusted to register others. None: a registrar's key is made beside the log's, fit for development only.
    pub registrars: Vec<PublicKey>,
    /// How many distinct registrars a change of registrars takes.
    pub threshold: u64,
    /// Its first moment.
    pub time: Time,
    /// What the key files made here are encrypted with, if they are to be.
    pub passphrase: Option<Passphrase>,
    /// Longest time between two renewals of its checkpoint.
    pub heartbeat: Millis,
}

/// A log that was just made.
#[derive(Clone, Debug)]
pub struct Born {
    /// Its id.
    pub log: LogId,
    /// Its checkpoint key as a `vkey`.
    pub vkey: String,
    /// Whether the registrar's key was made beside the log's.
    pub dev: bool,
}

/// Why no log was made.
#[derive(Debug, Error)]
pub enum BirthError {
    /// Something is there already.
    #[error("{path} is not empty; expected a folder that does not exist or has nothing in it")]
    NotEmpty {
        /// The folder.
        path: String,
    },
    /// There is an anchor already: a log was here before.
    #[error("there is an anchor {path} already; it belongs to a log that was here before")]
    AnchorExists {
        /// The file.
        path: String,
    },
    /// The anchor's folder is not there.
    #[error("the anchor cannot be made: there is no folder {path}")]
    NoAnchorFolder {
        /// The folder.
        path: String,
    },
    /// One key twice would count as two registrars.
    #[error("registrar {key} is given twice")]
    SameRegistrar {
        /// The key.
        key: PublicKey,
    },
    /// The file system said no.
    #[error("{path} cannot be made: {error}")]
    Folder {
        /// The folder.
        path: String,
        /// The system's words.
        error: std::io::Error,
    },
    /// No random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// A key file cannot be written.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The genesis cannot be signed.
    #[error("genesis: {0}")]
    Sign(#[from] SignError),
    /// The genesis does not fit an empty log.
    #[error("genesis: {0}")]
    Apply(#[from] ApplyError),
    /// The store cannot be made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The anchor cannot be made.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// The checkpoint key cannot be trusted.
    #[error("trust file: {0}")]
    Trust(#[from] schemas::trust::TrustProblem),
}

/// Makes a log in an empty folder, and its anchor. What is refused is refused before anything is made.
pub fn create(folder: &Folder, anchor: &Path, birth: &Birth) -> Result<Born, BirthError> {
    check_free(folder, anchor)?;
    check_distinct(&birth.registrars)?;
    let keys = generate_keys()?;
    let dev = birth.registrars.is_empty().then(SecretKey::generate).transpose()?;
    let registrars = birth.registrars.iter().copied().chain(dev.as_ref().map(SecretKey::public)).collect();
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce)?;
    let genesis = genesis(birth, &keys, registrars, &nonce)?;
    let signer = CheckpointSigner::new(keys.checkpoint.clone(), birth.origin.as_str())?;
    make_folders(folder)?;
    write_keys(folder, &keys, birth.passphrase.as_ref())?;
    if let Some(registrar) = &dev {
        registrar.write_new(&folder.registrar(), birth.passphrase.as_ref())?;
    }
    let store = RocksStore::create(&folder.store())?;
    let log = begin(&store, &birth.origin, genesis, birth.time, &signer, anchor)?;
    let trust = TrustPolicy::for_log(signer.verifier().clone(), log)?;
    keyfile::write_new(&folder.trust(), 0o644, trust.to_string().as_bytes())?;
    Ok(Born { log, vkey: signer.verifier().to_string(), dev: dev.is_some() })
}

/// Writes a genesis as entry 0 of an empty store, its head and its anchor.
pub fn begin(
    store: &dyn Store,
    origin: &Origin,
    genesis: Statement,
    time: Time,
    signer: &CheckpointSigner,
    anchor: &Path,
) -> Result<LogId, BirthError> {
    let log = LogId::from(genesis.id());
    let view = View::empty(origin);
    let (base, base_root) = (view.head.size, view.head.root);
    let group = Group { base, base_root, time, statements: vec![Accepted::new(genesis)] };
    let writes = apply(&view, group)?;
    let head = writes.head;
    let mut batch = writes.rows();
    // Nobody has this log yet: unlike every later one, this head may be signed before it is durable.
    batch.put(Column::Meta, NOTE_KEY, signer.sign(head.size, head.root)?.to_string().as_bytes());
    Sequences::default().raise(Rows(store), writes.slots(), &mut batch)?;
    store.commit(&batch)?;
    store.fill(&writes.index_rows())?;
    Anchor::create(anchor, Mark { log, size: head.size, root: head.root, chain: head.chain })?;
    Ok(log)
}

/// The signed genesis of a new log.
pub fn genesis(
    birth: &Birth,
    keys: &LogKeys,
    registrars: Vec<PublicKey>,
    nonce: &[u8],
) -> Result<Statement, SignError> {
    let log_key = |usage, key: &SecretKey| LogKey { usage, public: key.public() };
    let body = Genesis {
        origin: birth.origin.clone(),
        nonce: ByteString(nonce.to_vec()),
        predecessor: None,
        keys: vec![
            log_key(Use::Checkpoint, &keys.checkpoint),
            log_key(Use::Statement, &keys.statement),
            log_key(Use::Receipt, &keys.receipt),
        ],
        registrars,
        threshold: birth.threshold,
        parameters: Parameters {
            heartbeat: birth.heartbeat,
            clock_ahead: CLOCK_AHEAD,
            dev: birth.registrars.is_empty(),
        },
    };
    let payload = Payload::of_log(None, birth.time, Body::Genesis(body));
    StatementSigner::new(keys.statement.clone(), birth.origin.as_str())?.sign(&payload)
}

/// The folder has nothing in it, there is no anchor, and one can be made.
fn check_free(folder: &Folder, anchor: &Path) -> Result<(), BirthError> {
    if !folder.is_free().map_err(folder_failed(folder.root()))? {
        return Err(BirthError::NotEmpty { path: folder.root().display().to_string() });
    }
    if anchor.exists() {
        return Err(BirthError::AnchorExists { path: anchor.display().to_string() });
    }
    let parent = anchor.parent().filter(|parent| !parent.as_os_str().is_empty());
    match parent.filter(|parent| !parent.is_dir() && !is_made_along(folder, parent)) {
        Some(missing) => Err(BirthError::NoAnchorFolder { path: missing.display().to_string() }),
        None => Ok(()),
    }
}

/// Whether making the log's folder makes this one, too.
fn is_made_along(folder: &Folder, parent: &Path) -> bool {
    let absolute = |path: &Path| std::path::absolute(path).ok();
    absolute(folder.root()).zip(absolute(parent)).is_some_and(|(root, parent)| root.starts_with(parent))
}

fn check_distinct(registrars: &[PublicKey]) -> Result<(), BirthError> {
    for (at, key) in registrars.iter().enumerate() {
        if registrars.iter().take(at).any(|earlier| earlier == key) {
            return Err(BirthError::SameRegistrar { key: *key });
        }
    }
    Ok(())
}

fn folder_failed(path: &Path) -> impl FnOnce(std::io::Error) -> BirthError {
    let path = path.display().to_string();
    move |error| BirthError::Folder { path, error }
}

fn make_folders(folder: &Folder) -> Result<(), BirthError> {
    for path in [folder.root(), &folder.keys()] {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(folder_failed(path))?;
    }
    Ok(())
}

fn generate_keys() -> Result<LogKeys, BirthError> {
    Ok(LogKeys {
        checkpoint: SecretKey::generate()?,
        statement: SecretKey::generate()?,
        receipt: SecretKey::generate()?,
        earlier: Vec::new(),
    })
}

fn write_keys(folder: &Folder, keys: &LogKeys, passphrase: Option<&Passphrase>) -> Result<(), BirthError> {
    keys.checkpoint.write_new(&folder.key(Use::Checkpoint), passphrase)?;
    keys.statement.write_new(&folder.key(Use::Statement), passphrase)?;
    keys.receipt.write_new(&folder.key(Use::Receipt), passphrase)?;
    Ok(())
}
