//! A log that came from a backup: may it go on?
//!
//! A backup may be older than what the log has since said, and the log cannot tell by itself: going on from there, it would
//! sign a second history. So the store says that it was restored, and nothing is signed or appended while it says so. That ends
//! when the anchor is there and knows of nothing later, when the log's witnesses say that they know of nothing later, or when
//! the operator accepts the loss, which becomes an entry ([`accept_loss`]).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keyfile::SecretKey;
use schemas::ids::StatementId;
use schemas::kinds::Correction;
use schemas::note::VerifierKey;
use schemas::payload::{Body, Payload};
use schemas::reference::Reference;
use schemas::text::Line;
use schemas::time::{Index, Time};
use thiserror::Error;
use verifier::registry::admit;

use crate::anchor::{Anchor, AnchorError, Mark};
use crate::apply::{Accepted, ApplyError, Group, apply};
use crate::clock::{Clock, ClockGuard};
use crate::log::Published;
use crate::publish::gate::Gate;
use crate::publish::{Publication, PublishedCheckpoint, kept, seconds};
use crate::recover::{Loaded, OpenError, check_not_behind};
use crate::sequences::Sequences;
use crate::signer::{SignError, StatementSigner};
use crate::store::rows::{Head, Rows};
use crate::store::{Store, StoreError};

/// First words of the note in the entry by which a loss is accepted.
const NOTE: &str = "restored from a backup, loss accepted";

/// What a restored store says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Where the log stood in the backup.
    pub head: Head,
    /// When it was restored.
    pub at: Time,
}

impl Restored {
    /// The row: the head, and the time as 8 bytes big-endian.
    pub(crate) fn encode(&self) -> Vec<u8> {
        [self.head.encode(), self.at.0.to_be_bytes().to_vec()].concat()
    }

    /// Reads a row.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (head, at) = bytes.split_at_checked(Head::LEN)?;
        Some(Self { head: Head::decode(head)?, at: Time(u64::from_be_bytes(at.try_into().ok()?)) })
    }
}

/// What the anchor says of a restored log.
#[derive(Debug)]
pub enum Standing {
    /// It knows of nothing later, and of no other history.
    Anchored,
    /// It is not there, or cannot be read.
    NoAnchor(AnchorError),
    /// It knows of entries that the backup does not have, or of another history.
    Lost {
        /// What it knows.
        mark: Mark,
        /// In words, with the deciding values.
        detail: String,
    },
}

/// Holds a restored log against the anchor at hand. An error where the anchor is of another log.
pub fn standing(store: &dyn Store, loaded: &Loaded, anchor: &Path) -> Result<Standing, OpenError> {
    let mark = match Anchor::open(anchor, loaded.log) {
        Ok(anchor) => anchor.mark(),
        Err(error @ AnchorError::OtherLog { .. }) => return Err(error.into()),
        Err(error) => return Ok(Standing::NoAnchor(error)),
    };
    match check_not_behind(store, &loaded.view.head, &mark, anchor) {
        Ok(()) => Ok(Standing::Anchored),
        Err(OpenError::Rollback { store, anchored, .. }) => {
            let detail = format!("the anchor {} knows {anchored}, the backup has {store}", anchor.display());
            Ok(Standing::Lost { mark, detail })
        }
        Err(error) => Err(error),
    }
}

impl Standing {
    /// Why nothing is signed yet; nothing where the anchor vouches for the log.
    pub fn reason(&self, restored: &Restored) -> Option<String> {
        let why = match self {
            Self::Anchored => return None,
            Self::NoAnchor(error) => format!("whether it said more since then cannot be told: {error}"),
            Self::Lost { detail, .. } => detail.clone(),
        };
        let size = restored.head.size;
        Some(format!("the log was restored from a backup of size {size} and is not reconciled: {why}"))
    }
}

/// What a restored log shows while it signs nothing: what was signed before.
#[derive(Debug)]
pub(crate) struct Resting {
    pub(crate) published: Arc<Published>,
    pub(crate) checkpoint: Option<Arc<PublishedCheckpoint>>,
    /// Why it signs nothing.
    pub(crate) reason: String,
}

/// Whether a restored log may begin its service. Where its anchor is gone and its witnesses vouch for it, it gets a new one.
pub(crate) fn begin(
    store: &Arc<dyn Store>,
    loaded: &Loaded,
    restored: &Restored,
    anchor: &Path,
    own: &[VerifierKey],
    publication: &Arc<Publication>,
) -> Result<Option<Resting>, OpenError> {
    let standing = standing(&**store, loaded, anchor)?;
    let Some(mut reason) = standing.reason(restored) else { return Ok(None) };
    let head = loaded.view.head;
    let (note, signed, published) = kept::note(&**store, &head)?;
    let no_anchor = matches!(standing, Standing::NoAnchor(AnchorError::Absent { .. }));
    if no_anchor && publication.needs_quorum() {
        let publication = Arc::clone(publication);
        let gate = Gate::new(publication, Arc::clone(store), head, note, signed, own.to_vec());
        let mut gate = gate.of_restored();
        match gate.ask() {
            Ok(()) if gate.is_open() => {
                let mark = Mark { log: loaded.log, size: head.size, root: head.root, chain: head.chain };
                Anchor::create(anchor, mark)?;
                return Ok(None);
            }
            Ok(()) => reason = format!("{reason}; {}", gate.reason()),
            Err(refusal) => reason = format!("{reason}; {refusal}"),
        }
    }
    resting(&**store, &head, published, own, publication, reason).map(Some)
}

/// A restored log without its private keys: read, and not begun whatever is known.
pub(crate) fn rest_unsigned(
    store: &dyn Store,
    loaded: &Loaded,
    restored: &Restored,
    anchor: &Path,
    own: &[VerifierKey],
    publication: &Publication,
) -> Result<Resting, OpenError> {
    let size = restored.head.size;
    let vouched = || {
        format!("the log was restored from a backup of size {size}, and its anchor knows of nothing later")
    };
    let reason = standing(store, loaded, anchor)?.reason(restored).unwrap_or_else(vouched);
    let head = loaded.view.head;
    let (_, _, published) = kept::note(store, &head)?;
    let reason = format!("{reason}; it was started without its private keys");
    resting(store, &head, published, own, publication, reason)
}

/// What is shown meanwhile: the note and the checkpoint that were signed before.
fn resting(
    store: &dyn Store,
    head: &Head,
    published: Published,
    own: &[VerifierKey],
    publication: &Publication,
    reason: String,
) -> Result<Resting, OpenError> {
    let published = Arc::new(published);
    let checkpoint = if publication.needs_quorum() {
        kept::checkpoint(store, head, own, publication)?.map(Arc::new)
    } else {
        let time = seconds(kept::time(store, own)?);
        let at = Arc::clone(&published);
        (time > 0).then(|| Arc::new(PublishedCheckpoint { at, time, cosigned: Vec::new() }))
    };
    Ok(Resting { published, checkpoint, reason })
}

/// Why a loss could not be accepted.
#[derive(Debug, Error)]
pub enum AcceptError {
    /// The store says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The anchor says no.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// The entry cannot be made.
    #[error("the entry cannot be made: {0}")]
    Entry(String),
    /// The clock cannot be believed.
    #[error("clock: {0}")]
    Clock(String),
    /// The anchor cannot be replaced.
    #[error("the anchor {} cannot be {action}: {error}", path.display())]
    Replace {
        /// The file.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// The system's words.
        error: std::io::Error,
    },
}

impl From<SignError> for AcceptError {
    fn from(error: SignError) -> Self {
        Self::Entry(error.to_string())
    }
}

impl From<ApplyError> for AcceptError {
    fn from(error: ApplyError) -> Self {
        Self::Entry(error.to_string())
    }
}

/// A loss that was accepted.
#[derive(Clone, Debug)]
pub struct LossAccepted {
    /// The entry that says so.
    pub index: Index,
    /// Its statement.
    pub id: StatementId,
    /// Where the earlier anchor is kept, if there was one.
    pub kept: Option<PathBuf>,
}

/// Goes on from the backup although later entries are lost, or may be: appends an entry that says so, before anything else, and
/// only then replaces the anchor and lifts the mark. Ended at any moment, it may be run again.
pub fn accept_loss(
    store: &dyn Store,
    mut loaded: Loaded,
    restored: &Restored,
    standing: &Standing,
    anchor: &Path,
    key: &SecretKey,
    clock: &dyn Clock,
) -> Result<LossAccepted, AcceptError> {
    let (index, id) = match accepted_before(store, &loaded, restored)? {
        Some(found) => found,
        None => append(store, &mut loaded, &note(restored, standing), key, clock)?,
    };
    // Crash here: the entry is there and the mark still stands. Run again, it is found and not made twice.
    let head = loaded.view.head;
    let mark = Mark { log: loaded.log, size: head.size, root: head.root, chain: head.chain };
    let kept = replace_anchor(anchor, mark)?;
    // Crash here: the anchor vouches for the store, so that the next start lifts the mark.
    Rows(store).set_restored(None)?;
    Ok(LossAccepted { index, id, kept })
}

/// What the entry says.
fn note(restored: &Restored, standing: &Standing) -> String {
    let Head { size, root, .. } = restored.head;
    let known = match standing {
        Standing::Lost { mark, .. } => {
            format!("; the anchor knew size {} with root {}", mark.size, mark.root)
        }
        Standing::NoAnchor(_) | Standing::Anchored => "; no anchor was at hand".to_owned(),
    };
    format!("{NOTE}: this log goes on from size {size} with root {root}{known}")
}

/// The entry by which the loss was accepted in an earlier, unfinished run: right behind the backup's last one.
fn accepted_before(
    store: &dyn Store,
    loaded: &Loaded,
    restored: &Restored,
) -> Result<Option<(Index, StatementId)>, AcceptError> {
    if loaded.view.head.size == restored.head.size {
        return Ok(None);
    }
    let index = Index(restored.head.size);
    let found =
        |error: String| AcceptError::Entry(format!("entry {index} is not what was expected: {error}"));
    let entry = Rows(store).entry(index)?.ok_or_else(|| found("it is missing".into()))?;
    let statement = schemas::envelope::Statement::decode(&entry.statement);
    let statement = statement.map_err(|error| found(error.to_string()))?;
    match &statement.payload.body {
        Body::Correction(correction) if correction.note.as_str().starts_with(NOTE) => {
            Ok(Some((index, statement.id())))
        }
        _ => Err(found(format!("a {} statement", statement.payload.kind))),
    }
}

/// Appends the one entry, as the sequencer would.
fn append(
    store: &dyn Store,
    loaded: &mut Loaded,
    note: &str,
    key: &SecretKey,
    clock: &dyn Clock,
) -> Result<(Index, StatementId), AcceptError> {
    let wrong = |error: &dyn std::fmt::Display| AcceptError::Entry(error.to_string());
    let head = loaded.view.head;
    let parameters = &loaded.registry.genesis().parameters;
    let time = ClockGuard::new(parameters.clock_ahead).read(clock, head.time).map_err(AcceptError::Clock)?;
    let correction = Correction {
        about: Reference::from(StatementId::from(loaded.log)),
        note: Line::new(note).map_err(|error| wrong(&error))?,
        replacement: None,
    };
    let payload = Payload::of_log(Some(loaded.log), time, Body::Correction(correction));
    let statement = StatementSigner::new(key.clone(), loaded.origin.as_str())?.sign(&payload)?;
    let index = Index(head.size);
    admit(&loaded.registry, &statement, index, time).map_err(|error| wrong(&error))?;
    let id = statement.id();
    let statements = vec![Accepted::new(statement)];
    let writes = apply(&loaded.view, Group { base: head.size, base_root: head.root, time, statements })?;
    let mut batch = writes.rows();
    Sequences::default().raise(Rows(store), writes.slots(), &mut batch)?;
    store.commit(&batch)?;
    store.fill(&writes.index_rows())?;
    loaded.view = writes.view();
    Ok((index, id))
}

/// Puts an anchor that says `mark` in the place of the one that is there, which is kept beside it.
fn replace_anchor(path: &Path, mark: Mark) -> Result<Option<PathBuf>, AcceptError> {
    let failed = |action| move |error| AcceptError::Replace { path: path.to_owned(), action, error };
    let name = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let (new, old) = (name(".new"), name(".before-restore"));
    match fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed("cleared")(error)),
        _ => {}
    }
    let kept = path.exists();
    if kept
        && let Err(error) = fs::hard_link(path, &old)
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(failed("kept")(error));
    }
    Anchor::create(&new, mark)?;
    fs::rename(&new, path).map_err(failed("replaced"))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("synced"))?;
    Ok(kept.then_some(old))
}
