//! Before the first signature after a start: what do the witnesses know of this log?
//!
//! A machine that was rolled back as a whole brings its anchor along; its witnesses remember. They are asked with the last
//! note that was kept, which is no new signature.

use std::sync::Arc;
use std::time::Duration;

use schemas::checkpoint::Checkpoint;
use schemas::note::{Note, VerifierKey};
use schemas::tree::TreeHash;
use thiserror::Error;
use verifier::merkle::{TiledTree, prove_consistency, root_at};

use super::Publication;
use super::witness::{Answer, WitnessClient, WitnessFailure};
use crate::store::Store;
use crate::store::rows::{Head, Rows};

/// How long to wait before witnesses that did not answer are asked again, while nothing may be signed.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(2);

/// A witness knows of a history that this store does not have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "rollback: the witness {witness} says: {failure}; the store has size {size} with root {root}. The log was restored \
     from an older copy, or its key has signed elsewhere. Put the newest copy back; nothing is signed until then"
)]
pub struct WitnessRefusal {
    witness: String,
    failure: WitnessFailure,
    size: u64,
    root: TreeHash,
}

/// What is held against the witnesses' memory, and what they have answered so far.
pub(crate) struct Gate {
    publication: Arc<Publication>,
    store: Arc<dyn Store>,
    head: Head,
    kept: Note,
    signed: Checkpoint,
    /// The checkpoint keys that the log ever had: a witness may hold what only an earlier one has signed.
    keys: Vec<VerifierKey>,
    /// Whether a witness that does not know the log has said nothing.
    must_know: bool,
    /// Of each witness, whether it has answered; otherwise why not.
    answered: Vec<Result<(), WitnessFailure>>,
}

impl Gate {
    /// A gate before a log whose store has this head and has kept this note.
    pub(crate) fn new(
        publication: Arc<Publication>,
        store: Arc<dyn Store>,
        head: Head,
        kept: Note,
        signed: Checkpoint,
        keys: Vec<VerifierKey>,
    ) -> Self {
        let unasked = || Err(WitnessFailure::Unreachable("not asked yet".into()));
        let answered = publication.witnesses().iter().map(|_| unasked()).collect();
        Self { publication, store, head, kept, signed, keys, must_know: false, answered }
    }

    /// The same before a log that was restored: only a witness that remembers it can vouch that it said no more.
    pub(crate) fn of_restored(self) -> Self {
        Self { must_know: true, ..self }
    }

    /// Asks every witness that has not answered, all at once. An error where one of them knows better than the store.
    pub(crate) fn ask(&mut self) -> Result<(), WitnessRefusal> {
        let this = &*self;
        let asked: Vec<_> = std::thread::scope(|scope| {
            let asking: Vec<_> = this
                .publication
                .witnesses()
                .iter()
                .zip(&this.answered)
                .map(|(witness, answered)| {
                    answered.is_err().then(|| scope.spawn(move || this.standing(witness)))
                })
                .collect();
            let joined = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                thread.join().unwrap_or_else(|_| Err(WitnessFailure::Unreachable("asking it failed".into())))
            };
            asking.into_iter().map(|thread| thread.map_or(Ok(()), joined)).collect()
        });
        for (witness, result) in self.publication.witnesses().iter().zip(&asked) {
            match result {
                Ok(()) => {}
                Err(failure @ (WitnessFailure::OtherTree { .. } | WitnessFailure::Ahead { .. })) => {
                    return Err(WitnessRefusal {
                        witness: witness.name.clone(),
                        failure: failure.clone(),
                        size: self.head.size,
                        root: self.head.root,
                    });
                }
                Err(failure) => {
                    tracing::warn!(witness = witness.name, %failure, next = failure.next(), "a witness has not answered");
                }
            }
        }
        self.answered = asked;
        Ok(())
    }

    /// Whether enough of them have answered for the log to sign.
    pub(crate) fn is_open(&self) -> bool {
        self.publication.met(|name| self.results().any(|(witness, result)| witness == name && result.is_ok()))
    }

    /// Who has not answered, and why.
    pub(crate) fn reason(&self) -> String {
        let missing = self.results().filter_map(|(name, result)| Some((name, result.as_ref().err()?)));
        let missing: Vec<String> = missing.map(|(name, failure)| format!("{name}: {failure}")).collect();
        format!(
            "too few witnesses have said how far they know the log ({}); nothing is signed before",
            missing.join("; ")
        )
    }

    fn results(&self) -> impl Iterator<Item = (&str, &Result<(), WitnessFailure>)> {
        self.publication.witnesses().iter().map(|witness| witness.name.as_str()).zip(&self.answered)
    }

    /// Whether what one witness knows is in the store.
    fn standing(&self, witness: &WitnessClient) -> Result<(), WitnessFailure> {
        let kept = self.signed.size;
        match witness.add_checkpoint(kept, &[], &self.kept) {
            Ok(Answer::Cosigned(_)) => Ok(()),
            Ok(Answer::Holds(0)) if self.must_know => Err(WitnessFailure::UnknownLog),
            Err(WitnessFailure::UnknownLog) if !self.must_know => Ok(()),
            Err(failure) => Err(failure),
            Ok(Answer::Holds(holds)) if holds > self.head.size => {
                Err(WitnessFailure::Ahead { holds, size: self.head.size })
            }
            Ok(Answer::Holds(holds)) if holds > kept => self.compare(witness, holds),
            Ok(Answer::Holds(holds)) => {
                let proof = self.proof(holds, kept)?;
                match witness.add_checkpoint(holds, &proof, &self.kept)? {
                    Answer::Cosigned(_) => Ok(()),
                    Answer::Holds(holds) => Err(WitnessFailure::Moving { holds }),
                }
            }
        }
    }

    /// Holds what a witness shows to monitors against the store: the store was copied between a signature and its keeping.
    fn compare(&self, witness: &WitnessClient, holds: u64) -> Result<(), WitnessFailure> {
        let latest = witness.latest(self.signed.origin.as_str(), &self.keys);
        let latest = latest.filter(|latest| latest.size >= holds);
        let latest = latest.ok_or(WitnessFailure::Incomparable { holds })?;
        if latest.size > self.head.size {
            return Err(WitnessFailure::Ahead { holds: latest.size, size: self.head.size });
        }
        let root = root_at(&TiledTree::new(Rows(&*self.store)), latest.size)
            .map_err(|error| WitnessFailure::Proof { size: latest.size, detail: error.to_string() })?;
        if root == latest.root {
            return Ok(());
        }
        Err(WitnessFailure::OtherTree { size: latest.size, status: 200 })
    }

    fn proof(&self, first: u64, second: u64) -> Result<Vec<TreeHash>, WitnessFailure> {
        if first == 0 {
            return Ok(Vec::new());
        }
        let proof = prove_consistency(&TiledTree::new(Rows(&*self.store)), first, second);
        let failed = |detail: String| WitnessFailure::Proof { size: first, detail };
        Ok(proof.map_err(|error| failed(error.to_string()))?.path)
    }
}
