//! `writd serve`: takes a log into service.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use keyfile::{Passphrases, SecretKey};
use schemas::trust::TrustPolicy;
use serving::address::{AddressError, addresses};
use serving::limits::Timeouts;
use verifier::profile::{PROFILES, Profile};

use super::{EARLIER_FORMAT, Failure};
use crate::backup;
use crate::clock::SystemClock;
use crate::evaluate::DecisionPoint;
use crate::exit::Exit;
use crate::folder::Folder;
use crate::http;
use crate::keyring::{self, KeyringError};
use crate::log::{LogKeys, Running, StartError};
use crate::publish::{PUBLISH_EVERY, Publication};
use crate::queue::QueueLimits;
use crate::recover::{self, OpenError};
use crate::scrub::Scrub;
use crate::store::rocks::RocksStore;
use crate::store::{Store, StoreError};

/// Serve a log over HTTP until SIGTERM or SIGINT.
#[derive(Debug, Args)]
pub struct Serve {
    /// Folder of the log.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address to listen on, or a host name with a port; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8377")]
    listen: String,
    /// Where the anchor is. Default: DIR.anchor beside the folder.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// File that holds the passphrase of encrypted key files in its first line, mode 0600. Default: it is asked for at the
    /// terminal.
    #[arg(long, value_name = "FILE", env = "WRIT_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
    /// Listen on an address that others can reach, although readers are not controlled and nothing is encrypted.
    #[arg(long)]
    insecure_listen: bool,
    /// Memory for what was written or read lately, in MiB. What does not fit is read from the files, which the system caches too.
    #[arg(long, value_name = "MIB", default_value_t = CACHE_DEFAULT_MIB, value_parser = clap::value_parser!(u64).range(CACHE_MIB_MIN..=CACHE_MIB_MAX))]
    cache: u64,
    /// Read everything stored again and again, so many MiB a second, and recompute it: damage is found while a whole copy is
    /// left. 0 switches it off.
    #[arg(long, value_name = "MIB", default_value_t = SCRUB_DEFAULT_MIB, value_parser = clap::value_parser!(u64).range(..=SCRUB_MIB_MAX))]
    scrub: u64,
    /// Witnesses to ask for cosignatures, and their quorum: a trust file (C2SP tlog-policy) with their addresses. With a
    /// quorum, a head becomes the checkpoint once it is met, and nothing is signed after a start before as many have said
    /// how far they know the log.
    #[arg(long, value_name = "FILE")]
    witnesses: Option<PathBuf>,
    /// Ask the witnesses once in so many seconds at most.
    #[arg(long, value_name = "SECONDS", default_value_t = PUBLISH_EVERY.as_secs(), requires = "witnesses", value_parser = clap::value_parser!(u64).range(1..=PUBLISH_SECONDS_MAX))]
    publish_every: u64,
    /// Decide on requests before the act (AuthZEN, docs/authzen.md) by this private key, which a registrar gave the role `pdp`.
    #[arg(long, value_name = "FILE")]
    decision_key: Option<PathBuf>,
    /// Decide under this profile: standard, strict or imported.
    #[arg(long, value_name = "NAME", default_value = PROFILES[0], requires = "decision_key", value_parser = clap::builder::PossibleValuesParser::new(PROFILES))]
    decision_profile: String,
}

/// Longest time between two times of asking the witnesses that can be asked for, in seconds: a day.
const PUBLISH_SECONDS_MAX: u64 = 24 * 60 * 60;

/// What the scrub reads unless asked otherwise, in MiB a second: a small part of what any disk gives, and a log of ten million
/// entries in about an hour.
const SCRUB_DEFAULT_MIB: u64 = 4;

/// Most that the scrub can be asked to read, in MiB a second.
const SCRUB_MIB_MAX: u64 = 1024;

/// Least and most memory for the store's cache that can be asked for, in MiB.
const CACHE_MIB_MIN: u64 = 8;
const CACHE_MIB_MAX: u64 = 1024 * 1024;

/// Memory for the store's cache unless asked, in MiB. With it a server of ten million statements stays below 512 MiB; with 4,096 answers
/// took three fourths of the time.
const CACHE_DEFAULT_MIB: u64 = 160;

/// Bytes in a MiB.
const MIB: u64 = 1024 * 1024;

/// Runs the command.
pub fn run(args: &Serve) -> Result<(), Failure> {
    let addresses = addresses(&args.listen, args.insecure_listen).map_err(address_failure)?;
    let publication = publication(args)?;
    let folder = Folder::new(&args.data);
    let anchor = args.anchor.clone().unwrap_or_else(|| folder.default_anchor());
    http::install_metrics();
    let store = RocksStore::open(&folder.store(), cache_bytes(args.cache))
        .map_err(|error| start_failure(&error.into(), &args.data, &anchor))?;
    let loaded =
        recover::load_whole(&store).map_err(|error| start_failure(&error.into(), &args.data, &anchor))?;
    let passphrases = Passphrases::new(args.passphrase_file.clone());
    let decision_point = decision_point(args, &passphrases)?;
    let keys = keyring::read(&folder, &loaded.registry, loaded.view.head.size, &passphrases);
    let store = Arc::new(store);
    let running = start(&store, &anchor, keys, publication, args)?;
    let backups = backup::Listener::start(&folder, &store, running.log());
    if let Err(error) = &backups {
        let socket = folder.socket();
        tracing::warn!(%error, socket = %socket.display(), "backups of this log can be made only while it is stopped");
    }
    let scrub = (args.scrub > 0)
        .then(|| Scrub::start(&folder, running.log(), args.scrub.saturating_mul(MIB)))
        .transpose()
        .map_err(|error| Failure::new(Exit::Error, format!("threads: {error}"), ""))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Error, format!("threads: {error}"), ""))?;
    runtime.block_on(listen(&addresses, &running, decision_point))?;
    let refusal = running.log().pending().refusal().cloned();
    drop(backups);
    if let Some(scrub) = scrub {
        scrub.stop();
    }
    running.stop();
    if let Some(refusal) = refusal {
        return Err(start_failure(&StartError::Witness(refusal), &args.data, &anchor));
    }
    tracing::info!("stopped");
    Ok(())
}

/// Takes the log into service; a restored one whose private keys are not in place, for readers alone.
fn start(
    store: &Arc<RocksStore>,
    anchor: &Path,
    keys: Result<LogKeys, KeyringError>,
    publication: Publication,
    args: &Serve,
) -> Result<Running, Failure> {
    let failed = |error| start_failure(&error, &args.data, anchor);
    let (rows, limits) = (Arc::clone(store) as Arc<dyn Store>, QueueLimits::default());
    let without = match keys {
        Ok(keys) => {
            let clock = Box::new(SystemClock::new());
            return Running::start_published(rows, anchor, keys, clock, limits, publication).map_err(failed);
        }
        Err(error) => error,
    };
    if let KeyringError::Missing { .. } = without
        && let Some(running) = Running::start_unsigned(rows, anchor, limits, &publication).map_err(failed)?
    {
        return Ok(running);
    }
    let next = without.next(&args.data.display().to_string());
    Err(Failure::new(Exit::Error, without, next))
}

/// The policy that the log is published under.
fn publication(args: &Serve) -> Result<Publication, Failure> {
    let Some(path) = &args.witnesses else { return Ok(Publication::default()) };
    let failed = |what: &dyn std::fmt::Display, next: &str| {
        Failure::new(Exit::Usage, format!("--witnesses {}: {what}", path.display()), next)
    };
    let bytes = std::fs::read(path).map_err(|error| failed(&error, "give a file that can be read"))?;
    let form =
        "give lines `witness NAME VKEY URL`, if wanted `group NAME all|any|K NAME...`, and `quorum NAME`";
    let policy = TrustPolicy::parse(&bytes).map_err(|error| failed(&error, form))?;
    Publication::new(policy, Duration::from_secs(args.publish_every)).map_err(|error| failed(&error, form))
}

/// The decision point that was asked for.
fn decision_point(args: &Serve, passphrases: &Passphrases) -> Result<Option<DecisionPoint>, Failure> {
    let Some(path) = &args.decision_key else { return Ok(None) };
    let failed = |what: &dyn std::fmt::Display, next: &str| {
        Failure::new(Exit::Usage, format!("--decision-key {}: {what}", path.display()), next)
    };
    let key = SecretKey::read(path, passphrases).map_err(|error| {
        failed(&error, "writ keys generate --out FILE, then register its public key with the role pdp")
    })?;
    let profile = Profile::named(&args.decision_profile);
    Ok(profile.map(|profile| DecisionPoint::new(key, profile)))
}

/// Bytes in so many MiB.
fn cache_bytes(mib: u64) -> usize {
    usize::try_from(mib.saturating_mul(MIB)).unwrap_or(usize::MAX)
}

fn address_failure(error: AddressError) -> Failure {
    let (what, next) = match error {
        AddressError::Unreadable { .. } => {
            (error.to_string(), "give an address or a host name with a port, such as 127.0.0.1:8377")
        }
        AddressError::Reachable { .. } => (
            format!("{error}; reading is not controlled and nothing is encrypted yet"),
            "listen on 127.0.0.1 behind a proxy that does both, or add --insecure-listen",
        ),
    };
    Failure::new(Exit::Usage, what, next)
}

async fn listen(
    addresses: &[SocketAddr],
    running: &Running,
    decision_point: Option<DecisionPoint>,
) -> Result<(), Failure> {
    let log = running.log();
    let size = log.published().head.size;
    let line = |address| format!("writd: {} with {size} entries on http://{address}", log.origin());
    let timeouts = Timeouts::default();
    let router = http::router(Arc::clone(log), timeouts, decision_point);
    // Besides a signal, a witness that turns out to know better than the store ends the service.
    let until = log.pending().refused();
    let served = serving::listen::listen_until(addresses, router, timeouts, line, until).await;
    served.map_err(|error| {
        let what = format!("the address cannot be listened on: {error}");
        Failure::new(Exit::Error, what, "give another --listen")
    })
}

/// What stands in the way of taking the log of this folder and anchor into service, and what to do about it.
pub(super) fn start_failure(error: &StartError, folder: &Path, anchor: &Path) -> Failure {
    let data = folder.display();
    let fsck = format!("writd fsck --data {data}");
    let (exit, next) = match error {
        StartError::Open(OpenError::Store(StoreError::Absent { .. })) => {
            let folder = Folder::new(folder);
            let next = if anchor.exists() {
                format!("put the folder of the log back: its anchor {} is there", anchor.display())
            } else if folder.is_free().unwrap_or(false) {
                format!("writd init --data {data} --origin NAME")
            } else {
                "give --data the folder that writd init made; this one holds something else".to_owned()
            };
            (Exit::Error, next)
        }
        StartError::Open(OpenError::Store(StoreError::Held { .. })) => {
            (Exit::Error, "stop the other writd first".to_owned())
        }
        StartError::Open(OpenError::Rollback { .. }) => (Exit::Rollback, fsck),
        StartError::Witness(_) => {
            (Exit::Rollback, "put the newest copy of the folder and its anchor back".to_owned())
        }
        StartError::Publication(_) => {
            (Exit::Usage, "correct the --witnesses file or --publish-every".to_owned())
        }
        StartError::Open(OpenError::Anchor(_)) => (
            Exit::Rollback,
            "give --anchor FILE, or put the anchor back; without it a rollback cannot be told".to_owned(),
        ),
        StartError::Open(OpenError::Store(error)) if error.is_of_earlier_format() => {
            (Exit::Error, EARLIER_FORMAT.to_owned())
        }
        StartError::Open(OpenError::Store(error)) if !error.is_damage() => {
            (Exit::Error, "check the disk".to_owned())
        }
        StartError::Open(_) => (Exit::Tampered, fsck),
        _ => (Exit::Error, "put the key files of this log back".to_owned()),
    };
    Failure::new(exit, error, next)
}
