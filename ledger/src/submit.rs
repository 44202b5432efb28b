//! From posted bytes to an answer: the checks that need no place, the queue, and the proofs.

use std::collections::HashSet;
use std::sync::Arc;

use rayon::prelude::*;
use schemas::envelope::Statement;
use schemas::ids::{KeyId, StatementId, TermId};
use schemas::payload::Body;
use schemas::time::Index;
use schemas::tree::TreeHash;
use thiserror::Error;
use tokio::sync::oneshot;
use verifier::merkle::EdgeUpdate;
use verifier::signature::{CheckedKey, verify_all};

use crate::apply::Accepted;
use crate::index::Epoch;
use crate::log::{Log, Published};
use crate::outcome::{Candidate, Decided, Outcome, Refused, Unique};
use crate::publish::NotSigning;
use crate::queue::{Room, Submission};
use crate::read::{ReadError, Reader};
use crate::sequencer::read_statement;
use crate::store::rows::Rows;

/// Statements that are looked up with one reader: few enough to keep all cores busy with a batch.
const STATEMENTS_PER_READER: usize = 64;

/// Signatures that are checked together: enough that they share what can be shared, few enough to keep all cores busy.
const SIGNATURES_TOGETHER: usize = 32;

/// What became of posted statements, and what proves it.
#[derive(Debug)]
pub struct Answer {
    /// The head that all proofs lead to.
    pub published: Arc<Published>,
    /// One result for each statement, in order.
    pub results: Vec<Outcome>,
    /// The inclusion path of each result that names an entry; empty for the others.
    pub proofs: Vec<Vec<TreeHash>>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unavailable {
    /// Too much is waiting already.
    #[error("the queue is full: {waiting} statements are waiting")]
    Full {
        /// How many statements are waiting.
        waiting: usize,
    },
    /// The log stopped at its first failure.
    #[error("the log accepts nothing until it is started again: {reason}")]
    Latched {
        /// That failure.
        reason: String,
    },
    /// The index is being made again: whether a statement is a repeat cannot be told.
    #[error("the index is damaged and is made again; until then nothing is appended")]
    Reindexing,
    /// Nothing is signed yet.
    #[error("{reason}")]
    Pending {
        /// Which witnesses have not answered.
        reason: String,
    },
    /// The log was restored from a backup, and may have said more since.
    #[error("the log was restored from a backup and is not reconciled: it signs and appends nothing")]
    NotReconciled,
    /// The program is stopping.
    #[error("the log is being stopped")]
    Stopping,
    /// Reading failed. The log is latched now.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl Unavailable {
    /// Stable name of the reason.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full { .. } => "queue-full",
            Self::Reindexing | Self::Read(ReadError::Reindexing) => "index-rebuilding",
            Self::Latched { .. } | Self::Read(_) => "log-latched",
            Self::Pending { .. } => "witnesses-pending",
            Self::NotReconciled => "not-reconciled",
            Self::Stopping => "stopping",
        }
    }
}

/// A statement after the checks that need no place.
type Checked = Result<Candidate, Outcome>;

/// What was checked and, where something is left to decide, the sequencer's answer to come.
struct Staged {
    checked: Vec<Option<Outcome>>,
    waiting: Option<oneshot::Receiver<Decided>>,
}

/// Appends statements. Cheap for the calling thread: decoding and signature checks run on the worker threads of `rayon`.
///
/// Once handed over it runs to its end even if the caller stops waiting.
pub async fn submit(log: Arc<Log>, statements: Vec<Vec<u8>>) -> Result<Answer, Unavailable> {
    log.may_sign()?;
    let epoch = log.index().epoch();
    if !log.index().is_whole() {
        return Err(Unavailable::Reindexing);
    }
    let bytes = statements.iter().map(Vec::len).sum();
    let full = || Unavailable::Full { waiting: log.queue().depth() };
    let room = log.queue().enter(statements.len(), bytes).ok_or_else(full)?;
    let (answer, staged) = oneshot::channel();
    let stage_log = Arc::clone(&log);
    rayon::spawn(move || {
        // The caller may have stopped waiting; what was queued is appended all the same.
        let _ = answer.send(stage(&stage_log, &statements));
    });
    let Staged { checked, waiting } = staged.await.map_err(|_| stopped(&log, epoch))??;
    let decided = match waiting {
        Some(waiting) => waiting.await.map_err(|_| stopped(&log, epoch))?,
        None => Decided { outcomes: Vec::new(), published: log.published(), tree: None },
    };
    finish(log, room, checked, decided).await
}

/// Puts the outcomes in order and proves each.
async fn finish(
    log: Arc<Log>,
    room: Room,
    checked: Vec<Option<Outcome>>,
    decided: Decided,
) -> Result<Answer, Unavailable> {
    let mut outcomes = decided.outcomes.into_iter();
    let results: Vec<Outcome> =
        checked.into_iter().filter_map(|known| known.or_else(|| outcomes.next())).collect();
    for result in &results {
        if let Outcome::Refused(Refused { code, .. }) = result {
            metrics::counter!("writ_refused_total", "code" => *code).increment(1);
        }
    }
    let (published, tree) = (decided.published, decided.tree);
    let (answer, proved) = oneshot::channel();
    rayon::spawn(move || {
        let proofs = prove(&log, &published, tree.as_deref(), &results);
        drop(room);
        let _ = answer.send(proofs.map(|proofs| Answer { published, results, proofs }));
    });
    proved.await.map_err(|_| Unavailable::Stopping)?.map_err(Unavailable::from)
}

impl From<NotSigning> for Unavailable {
    fn from(why: NotSigning) -> Self {
        match why {
            NotSigning::Latched(reason) => Self::Latched { reason },
            NotSigning::Pending(reason) => Self::Pending { reason },
            NotSigning::NotReconciled(_) => Self::NotReconciled,
        }
    }
}

/// Why nobody answered: the log was latched, its index was found damaged since `epoch`, or it is being stopped.
fn stopped(log: &Log, epoch: Epoch) -> Unavailable {
    match log.may_sign() {
        Err(why) => why.into(),
        Ok(()) if log.index().epoch() != epoch => Unavailable::Reindexing,
        // A panic drops what waits before it latches.
        Ok(()) if log.queue().is_open() => Unavailable::Latched { reason: "the sequencer ended".into() },
        Ok(()) => Unavailable::Stopping,
    }
}

/// Checks all statements and queues those that passed.
fn stage(log: &Log, statements: &[Vec<u8>]) -> Result<Staged, Unavailable> {
    let mut candidates = Vec::with_capacity(statements.len());
    let mut known = Vec::with_capacity(statements.len());
    for checked in check(log, statements)? {
        match checked {
            Ok(candidate) => {
                candidates.push(candidate);
                known.push(None);
            }
            Err(outcome) => known.push(Some(outcome)),
        }
    }
    if candidates.is_empty() {
        return Ok(Staged { checked: known, waiting: None });
    }
    let (answer, waiting) = oneshot::channel();
    log.queue().send(Submission { candidates, answer }).map_err(|_| stopped(log, log.index().epoch()))?;
    Ok(Staged { checked: known, waiting: Some(waiting) })
}

/// Checks statements that were posted together, on all cores.
fn check(log: &Log, statements: &[Vec<u8>]) -> Result<Vec<Checked>, ReadError> {
    let portions: Vec<Vec<Checked>> = statements
        .par_chunks(STATEMENTS_PER_READER)
        .map(|portion| decode(log, portion))
        .collect::<Result<_, _>>()?;
    let decoded: Vec<Checked> = portions.into_iter().flatten().collect();
    let registered = registered_here(&decoded);
    if decoded.len() <= SIGNATURES_TOGETHER {
        return Ok(check_signatures(log, decoded, &registered));
    }
    let portions = decoded.into_par_iter().chunks(SIGNATURES_TOGETHER);
    Ok(portions.flat_map_iter(|portion| check_signatures(log, portion, &registered)).collect())
}

/// Keys that statements of the batch itself register. The sequencer checks whether it really came to that.
fn registered_here(decoded: &[Checked]) -> HashSet<KeyId> {
    let bodies = decoded.iter().flatten().map(|candidate| &candidate.accepted.statement.payload.body);
    bodies.filter_map(|body| if let Body::Key(key) = body { Some(key.kid) } else { None }).collect()
}

/// Size, form, repeats: everything that needs no key.
fn decode(log: &Log, portion: &[Vec<u8>]) -> Result<Vec<Checked>, ReadError> {
    // Read first, so that rows below it are complete.
    let reader = log.reader();
    let mut checked: Vec<Checked> =
        portion.iter().map(|bytes| decode_one(&reader, bytes)).collect::<Result<_, _>>()?;
    let terms: Vec<TermId> =
        checked.iter().flatten().filter_map(|c| Some(*c.unique.as_ref()?.term())).collect();
    if terms.is_empty() {
        return Ok(checked);
    }
    let unique = checked.iter_mut().flatten().filter(|candidate| candidate.unique.is_some());
    for (candidate, first) in unique.zip(reader.firsts(&terms)?) {
        candidate.earlier = earlier(&reader, candidate, first)?;
    }
    Ok(checked)
}

fn decode_one(reader: &Reader<'_>, bytes: &[u8]) -> Result<Checked, ReadError> {
    let id = StatementId::of(bytes);
    if let Some(index) = reader.index_of(&id)? {
        let found = reader.found(index)?;
        if found.statement.id() != id {
            return Err(reader.wrong_id_row(&id, index));
        }
        return Ok(Err(Outcome::Duplicate { id, index }));
    }
    let statement = match Statement::decode(bytes) {
        Ok(statement) => statement,
        Err(error) => {
            let (code, detail) = (error.code(), error.to_string());
            return Ok(Err(Outcome::Refused(Refused { id: Some(id), code, detail })));
        }
    };
    let unique = Unique::of(&statement);
    let accepted = Accepted::new(statement);
    let looked_at = reader.size();
    Ok(Ok(Candidate { accepted, signature_checked: false, unique, earlier: None, looked_at }))
}

/// Another statement that shares what should be unique: the first one under that term, if it really is so.
fn earlier(
    reader: &Reader<'_>,
    candidate: &Candidate,
    first: Option<Index>,
) -> Result<Option<Index>, ReadError> {
    let Some((index, unique)) = first.zip(candidate.unique) else { return Ok(None) };
    let other = read_statement(&Rows(reader.log().store()), index)?;
    Ok(unique.is_shared(&candidate.accepted.statement, &other).then_some(index))
}

/// The strict verdict on each signature, by the key as it is registered now.
fn check_signatures(log: &Log, decoded: Vec<Checked>, registered: &HashSet<KeyId>) -> Vec<Checked> {
    let keyed: Vec<_> = decoded.into_iter().map(|checked| with_key(log, checked, registered)).collect();
    let claims: Vec<_> = keyed
        .iter()
        .filter_map(|(checked, key)| {
            Some((key.as_ref()?, &checked.as_ref().ok()?.accepted.statement.envelope))
        })
        .collect();
    let mut verdicts = verify_all(&claims).into_iter();
    let decide = |(checked, key): (Checked, Option<CheckedKey>)| {
        let verdict = key.and_then(|_| verdicts.next());
        let candidate = checked?;
        match verdict {
            Some(Err(error)) => Err(refused(&candidate, error.code(), error.to_string())),
            Some(Ok(())) => Ok(Candidate { signature_checked: true, ..candidate }),
            None => Ok(candidate),
        }
    };
    keyed.into_iter().map(decide).collect()
}

/// A statement with the key to check it with: none where nothing is left to check, or where the batch itself registers it.
fn with_key(log: &Log, checked: Checked, registered: &HashSet<KeyId>) -> (Checked, Option<CheckedKey>) {
    let Ok(candidate) = checked else { return (checked, None) };
    let kid = candidate.accepted.statement.envelope.kid;
    let key = log.registry().key(&kid).map(|registered| registered.key.clone());
    if key.is_none() && !registered.contains(&kid) {
        let detail = format!("key {kid} is not registered in this log");
        return (Err(refused(&candidate, "unknown-key", detail)), None);
    }
    (Ok(candidate), key)
}

fn refused(candidate: &Candidate, code: &'static str, detail: String) -> Outcome {
    Outcome::Refused(Refused { id: Some(candidate.accepted.statement.id()), code, detail })
}

/// The inclusion path of every result that names an entry, under one head.
fn prove(
    log: &Log,
    published: &Arc<Published>,
    tree: Option<&EdgeUpdate>,
    results: &[Outcome],
) -> Result<Vec<Vec<TreeHash>>, ReadError> {
    let size = published.head.size;
    let tree = tree.filter(|tree| tree.size() == size);
    let prove_one = |reader: &Reader<'_>, outcome: &Outcome| {
        let index = match outcome {
            Outcome::Appended { index, .. }
            | Outcome::Duplicate { index, .. }
            | Outcome::AlreadyImported { index, .. } => *index,
            Outcome::Refused(_) => return Ok(Vec::new()),
        };
        match tree.filter(|tree| index.0 >= tree.base()).map(|tree| tree.inclusion(index.0)) {
            Some(Ok(proof)) => Ok(proof.path),
            // Not among the new nodes: from the tiles, held against the head.
            Some(Err(_)) | None => reader.proved_entry(index).map(|proved| proved.path),
        }
    };
    let reader = || Reader::new(log, Arc::clone(published));
    if results.len() < 64 {
        let reader = reader();
        return results.iter().map(|outcome| prove_one(&reader, outcome)).collect();
    }
    results
        .par_chunks(256)
        .map(|chunk| {
            let reader = reader();
            chunk.iter().map(|outcome| prove_one(&reader, outcome)).collect::<Result<Vec<_>, _>>()
        })
        .collect::<Result<Vec<_>, _>>()
        .map(|chunks| chunks.into_iter().flatten().collect())
}
