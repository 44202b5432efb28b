//! `writd keys`: the log's own keys, one put in place of another. Each change is an entry of the log.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use keyfile::{Passphrases, SecretKey, write_new};
use schemas::ids::{KeyId, Signature};
use schemas::kinds::{Key, KeyOp, Use, pop_bytes};
use schemas::note::{KeyName, SignatureType, VerifierKey};
use schemas::payload::{Body, Payload};
use schemas::time::Index;
use schemas::trust::TrustPolicy;
use verifier::registry::{Registry, log_principal};

use super::Failure;
use super::serve::start_failure;
use crate::clock::{Clock, SystemClock};
use crate::exit::Exit;
use crate::folder::Folder;
use crate::keyring::{self, KeyringError};
use crate::log::{LogKeys, Running};
use crate::outcome::Outcome;
use crate::queue::QueueLimits;
use crate::recover::{self, Loaded};
use crate::signer::StatementSigner;
use crate::store::rocks::RocksStore;
use crate::submit::submit;

/// Bytes of memory for the store's cache: one statement is appended.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// The log's own keys: show them, put a new one in an old one's place. The log must not be in service.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Show the log's own keys: what each signs, which entry named it, whether it is in force and its file there.
    List(Place),
    /// Make a new key of the log and name it in an entry. The earlier one stays in force until it is retired.
    Rotate(Rotate),
    /// Withdraw earlier keys by an entry. Heads that they alone sign are refused from then on; this cannot be undone.
    Retire(Retire),
}

/// Which log.
#[derive(Debug, Args)]
pub struct Place {
    /// Folder of the log.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where the anchor is. Default: DIR.anchor beside the folder.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// File that holds the passphrase of encrypted key files in its first line, mode 0600. Default: it is asked for at the
    /// terminal.
    #[arg(long, value_name = "FILE", env = "WRIT_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
}

/// `writd keys rotate`.
#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    place: Place,
    /// What the key signs: checkpoint, statement or receipt.
    #[arg(long, value_name = "USE", value_parser = parse_use)]
    r#use: Use,
    /// Encrypt the new key file with a passphrase, which is asked for twice; --passphrase-file does so without asking.
    #[arg(long)]
    encrypt: bool,
}

/// `writd keys retire`.
#[derive(Debug, Args)]
pub struct Retire {
    #[command(flatten)]
    place: Place,
    /// What the key signs: checkpoint, statement or receipt.
    #[arg(long, value_name = "USE", value_parser = parse_use)]
    r#use: Use,
    /// Thumbprint of the key. Default: every one in force but the newest.
    #[arg(long, value_name = "HEX", value_parser = parse_kid)]
    kid: Option<KeyId>,
    /// Do so; without it only what would happen is said.
    #[arg(long)]
    yes: bool,
}

/// A log that is not in service.
struct Stopped {
    folder: Folder,
    anchor: PathBuf,
    data: String,
    passphrases: Passphrases,
    store: RocksStore,
    loaded: Loaded,
}

/// Runs the command.
pub fn run(keys: &Keys) -> Result<(), Failure> {
    let text = match keys {
        Keys::List(place) => list(&Stopped::open(place)?)?,
        Keys::Rotate(args) => rotate(args)?,
        Keys::Retire(args) => retire(args)?,
    };
    let printed = anstream::stdout().write_all(text.as_bytes());
    printed.map_err(|error| Failure::new(Exit::Error, format!("this cannot be printed: {error}"), ""))
}

fn list(log: &Stopped) -> Result<String, Failure> {
    let (registry, size) = (&log.loaded.registry, log.size());
    let mut text = String::new();
    for usage in Use::ALL {
        let newest = registry.log_keys(*usage, size).last().map(|key| KeyId::of(key.key.public()));
        let mut keys: Vec<_> = registry.keys().filter(|(_, key)| key.usage == Some(*usage)).collect();
        keys.sort_by_key(|(_, key)| key.registered());
        for (kid, key) in keys {
            let state = match registry.check_log_key(key.key.public(), *usage, size) {
                Err(error) => error.to_string(),
                Ok(_) if newest == Some(*kid) => "in force, the newest".to_owned(),
                Ok(_) => "in force until it is retired".to_owned(),
            };
            let path = keyring::path(&log.folder, registry, *usage, kid);
            let there = if path.exists() { "" } else { " (not there)" };
            let _ = writeln!(text, "{usage:<10} {kid}  entry {}  {state}", key.registered());
            let _ = writeln!(text, "           {}{there}", path.display());
            if *usage == Use::Checkpoint {
                let _ = writeln!(text, "           {}", log.vkey(*key.key.public())?);
            }
        }
    }
    Ok(text)
}

fn rotate(args: &Rotate) -> Result<String, Failure> {
    let (log, usage) = (Stopped::open(&args.place)?, args.r#use);
    let keys = log.keys()?;
    let old = match usage {
        Use::Checkpoint => keys.checkpoint.kid(),
        Use::Statement => keys.statement.kid(),
        Use::Receipt => keys.receipt.kid(),
    };
    let wrong = |error: &dyn std::fmt::Display| Failure::new(Exit::Error, error, "");
    let new = SecretKey::generate().map_err(|error| wrong(&error))?;
    let path = log.folder.later_key(usage, &new.kid());
    let encrypt = args.encrypt || log.passphrases.has_file();
    let passphrase = encrypt.then(|| log.passphrases.choose(&path)).transpose();
    let passphrase = passphrase.map_err(|error| wrong(&error))?;
    let body = rotation(&log.loaded.registry, usage, old, &new).map_err(|error| wrong(&error))?;
    // The file first: a key that no entry names does no harm, one that is named and lost does.
    new.write_new(&path, passphrase.as_ref()).map_err(|error| wrong(&error))?;
    let vkey = log.vkey(new.public())?;
    let (data, trust) = (log.data.clone(), log.folder.trust());
    if usage == Use::Checkpoint {
        pin(&trust, &vkey)?;
    }
    let index = log.append(keys, vec![body])?;
    let mut text = format!(
        "the log has a new {usage} key, named by entry {index}\n  key   {}\n  file  {} (.pub)\n",
        new.kid(),
        path.display()
    );
    if usage == Use::Checkpoint {
        let _ = writeln!(text, "  vkey  {vkey}\n  trust {} has it now, too", trust.display());
        text.push_str("from the next start on heads are signed by the old key and the new one\n");
        text.push_str("next:\n");
        let _ = writeln!(text, "  writd serve --data {data}");
        text.push_str("  writ trust update                     wherever a trust file pins this log\n");
    } else {
        text.push_str(
            "from the next start on the log signs with it; what the old one signed stands\nnext:\n",
        );
        let _ = writeln!(text, "  writd serve --data {data}");
    }
    let _ = writeln!(text, "  writd keys retire --data {data} --use {usage}     when the old key is to go");
    Ok(text)
}

fn retire(args: &Retire) -> Result<String, Failure> {
    let (log, usage) = (Stopped::open(&args.place)?, args.r#use);
    let in_force = log.loaded.registry.log_keys(usage, log.size());
    let kids: Vec<KeyId> = in_force.iter().map(|key| KeyId::of(key.key.public())).collect();
    let (newest, earlier) = kids.split_last().ok_or_else(|| log.none_to_retire(usage))?;
    let chosen: Vec<KeyId> = match args.kid {
        Some(kid) => kids.iter().copied().filter(|known| *known == kid).collect(),
        None => earlier.to_vec(),
    };
    if chosen.is_empty() || chosen.contains(newest) {
        return Err(log.none_to_retire(usage));
    }
    let named: Vec<String> = chosen.iter().map(ToString::to_string).collect();
    if !args.yes {
        let what = format!(
            "retiring {} cannot be undone: heads, assertions and receipts that it alone signs are refused from the entry on \
             that says so, and trust files that pin no newer {usage} key no longer know this log. What it signed before stands. \
             Newest {usage} key: {newest}",
            named.join(", ")
        );
        return Err(Failure::new(
            Exit::Usage,
            what,
            "writ trust update wherever this log is pinned, then the same with --yes",
        ));
    }
    let keys = match log.keys_unless_lost(&chosen)? {
        Some(keys) => keys,
        None => log.newest_keys()?,
    };
    let body = |kid: &KeyId| Key::bare(KeyOp::Retire, *kid);
    let (data, bodies) = (log.data.clone(), chosen.iter().map(body).collect());
    let index = log.append(keys, bodies)?;
    Ok(format!(
        "retired by entry {index}: {}\nwhat it signed before stands; its file may be destroyed\nnext:\n  writd serve --data {data}\n",
        named.join(", ")
    ))
}

impl Stopped {
    fn open(place: &Place) -> Result<Self, Failure> {
        let folder = Folder::new(&place.data);
        let anchor = place.anchor.clone().unwrap_or_else(|| folder.default_anchor());
        let store = RocksStore::open(&folder.store(), CACHE_BYTES)
            .map_err(|error| start_failure(&error.into(), &place.data, &anchor))?;
        let loaded = recover::load_whole(&store)
            .map_err(|error| start_failure(&error.into(), &place.data, &anchor))?;
        let passphrases = Passphrases::new(place.passphrase_file.clone());
        Ok(Self { folder, anchor, data: place.data.display().to_string(), passphrases, store, loaded })
    }

    fn size(&self) -> u64 {
        self.loaded.view.head.size
    }

    fn keys(&self) -> Result<LogKeys, Failure> {
        let keys = keyring::read(&self.folder, &self.loaded.registry, self.size(), &self.passphrases);
        keys.map_err(|error| self.no_key(&error))
    }

    fn newest_keys(&self) -> Result<LogKeys, Failure> {
        let keys = keyring::read_newest(&self.folder, &self.loaded.registry, self.size(), &self.passphrases);
        keys.map_err(|error| self.no_key(&error))
    }

    /// The keys; nothing where one is lost that is to be retired.
    fn keys_unless_lost(&self, retired: &[KeyId]) -> Result<Option<LogKeys>, Failure> {
        match keyring::read(&self.folder, &self.loaded.registry, self.size(), &self.passphrases) {
            Ok(keys) => Ok(Some(keys)),
            Err(KeyringError::Missing { kid, .. }) if retired.contains(&kid) => Ok(None),
            Err(error) => Err(self.no_key(&error)),
        }
    }

    fn no_key(&self, error: &KeyringError) -> Failure {
        Failure::new(Exit::Error, error, error.next(&self.data))
    }

    fn none_to_retire(&self, usage: Use) -> Failure {
        let what = format!("no {usage} key in force that a newer one replaces; the newest stays");
        Failure::new(Exit::Usage, what, format!("writd keys list --data {}", self.data))
    }

    fn vkey(&self, public: schemas::ids::PublicKey) -> Result<VerifierKey, Failure> {
        let name = KeyName::new(self.loaded.origin.as_str());
        let name = name.map_err(|error| Failure::new(Exit::Error, error, ""))?;
        Ok(VerifierKey::new(name, SignatureType::Ed25519, public))
    }

    /// Takes the log into service for these statements by its statement key; the index of the last.
    fn append(self, keys: LogKeys, bodies: Vec<Key>) -> Result<Index, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Error, error, "");
        let origin = self.loaded.origin.as_str();
        let signer = StatementSigner::new(keys.statement.clone(), origin).map_err(|error| failed(&error))?;
        let clock = SystemClock::new();
        let sign = |body| {
            let payload = Payload::of_log(Some(self.loaded.log), clock.now(), Body::Key(body));
            signer.sign(&payload).map(|statement| statement.envelope.bytes().to_vec())
        };
        let statements: Vec<Vec<u8>> =
            bodies.into_iter().map(sign).collect::<Result<_, _>>().map_err(|error| failed(&error))?;
        let limits = QueueLimits::default();
        let store = Arc::new(self.store);
        let running = Running::start(store, &self.anchor, keys, Box::new(SystemClock::new()), limits)
            .map_err(|error| start_failure(&error, Path::new(&self.data), &self.anchor))?;
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|error| failed(&error))?;
        let answer = runtime.block_on(submit(Arc::clone(running.log()), statements));
        running.stop();
        let answer = answer.map_err(|error| failed(&error))?;
        let mut last = None;
        for result in answer.results {
            match result {
                Outcome::Appended { index, .. } | Outcome::Duplicate { index, .. } => last = Some(index),
                Outcome::AlreadyImported { index, .. } => last = Some(index),
                Outcome::Refused(refused) => {
                    return Err(failed(&format!("{}: {}", refused.code, refused.detail)));
                }
            }
        }
        last.ok_or_else(|| failed(&"the log did not answer"))
    }
}

/// The body that puts `new` in place of `old`.
fn rotation(
    registry: &Registry,
    usage: Use,
    old: KeyId,
    new: &SecretKey,
) -> Result<Key, schemas::text::TextError> {
    let principal = log_principal(registry.genesis())?;
    let kid = new.kid();
    let pop: Signature = new.sign(&pop_bytes(&registry.log(), &kid, &principal));
    Ok(Key {
        public: Some(new.public()),
        principal: Some(principal),
        usage: Some(usage),
        replaces: Some(old),
        pop: Some(pop),
        ..Key::bare(KeyOp::Rotate, kid)
    })
}

/// Adds a checkpoint key to the trust file in the log's folder: whoever is handed it from now on knows both keys.
fn pin(path: &Path, vkey: &VerifierKey) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        let what = format!("{}: {error}", path.display());
        Failure::new(Exit::Error, what, "put the trust file that writd init made back")
    };
    let text = fs::read(path).map_err(|error| failed(&error))?;
    let policy = TrustPolicy::parse(&text).map_err(|error| failed(&error))?;
    let policy = policy.with_log_key(vkey.clone()).map_err(|error| failed(&error))?;
    let new = path.with_extension("policy.new");
    // Left over from an earlier attempt.
    let _ = fs::remove_file(&new);
    write_new(&new, 0o644, policy.to_string().as_bytes()).map_err(|error| failed(&error))?;
    fs::rename(&new, path).map_err(|error| failed(&error))
}

fn parse_use(word: &str) -> Result<Use, String> {
    let words: Vec<&str> = Use::ALL.iter().map(|each| each.as_str()).collect();
    Use::from_word(word).ok_or_else(|| format!("one of {}", words.join(", ")))
}

fn parse_kid(text: &str) -> Result<KeyId, String> {
    KeyId::from_hex(text).ok_or_else(|| "64 lower-case hex digits".into())
}
