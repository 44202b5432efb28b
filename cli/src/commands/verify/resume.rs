//! Going on from what was verified before, once the log is shown to be that log and to go on from it.

use schemas::note::Note;
use schemas::proof::ConsistencyProof;
use verifier::checkpoint::VerifiedHead;
use verifier::merkle::{ConsistencyClaim, verify_consistency};

use super::state::State;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::heads::{Since, compare};
use crate::source::{LogSource, Proof};
use crate::trust::{Trust, unpinned_head};

/// Who goes on, and with what.
pub(super) struct Resuming<'a> {
    pub(super) context: &'a Context,
    pub(super) log: &'a dyn LogSource,
    pub(super) trust: Option<&'a Trust>,
}

impl Resuming<'_> {
    /// The state, if the head that it was verified under and the entries that it covers are the beginning of what the log shows now.
    pub(super) fn resume(
        &self,
        (last_note, state): (&Note, State),
        (note, head): (&Note, &VerifiedHead),
    ) -> Result<State, Failure> {
        let last = self.same_log(last_note, &state)?;
        let since = compare(&last, head, &[self.log]).map_err(|failure| match self.trust {
            Some(trust) if failure.code == "split-view" => match self.context.heads() {
                Ok(heads) => heads.with_proof(failure, trust, [last_note, note], &[self.log]),
                Err(_) => failure,
            },
            _ => failure,
        })?;
        if state.size() > head.size() {
            return Err(ahead(&state, head, since));
        }
        self.begins(&state, head)?;
        Ok(state)
    }

    /// The head of the state, which must be of this very log.
    fn same_log(&self, note: &Note, state: &State) -> Result<VerifiedHead, Failure> {
        let genesis = state.verifier.registry().map(|registry| registry.log());
        let another = |detail: String| {
            Failure::new("state-of-another-log", format!("the state file is not of this log: {detail}"))
                .exit(Exit::Untrusted)
                .next("another --state FILE: each log has its own")
        };
        let (pinned, last) = match self.trust {
            Some(trust) => (trust.policy().genesis(), trust.verify_head(note)),
            None => {
                let first = self.log.entries(0, 1)?;
                let entry = first.first().map_or(&[][..], Vec::as_slice);
                let (_, statement) = crate::registration::decode(entry)?;
                (Some(statement.id().into()), unpinned_head(note, self.log))
            }
        };
        if let Some(pinned) = pinned.filter(|pinned| Some(*pinned) != genesis) {
            let genesis = genesis.map_or_else(|| "none".into(), |log| log.to_hex());
            return Err(another("its genesis is another".into()).values(pinned, genesis));
        }
        last.map_err(|failure| another(failure.what))
    }

    /// Shows that the entries which the state covers begin the tree of the head.
    fn begins(&self, state: &State, head: &VerifiedHead) -> Result<(), Failure> {
        let (size, root) = (state.size(), state.verifier.root());
        let path = match self.log.consistency(size, head.size())? {
            Proof::Path(path) => path,
            Proof::Refused(failure) => return Err(failure),
            Proof::Behind => return Err(ahead(state, head, Since::Behind(size))),
        };
        let proof = ConsistencyProof { first: size, second: head.size(), path };
        let claim = ConsistencyClaim { first_root: root, second_root: head.root() };
        verify_consistency(&proof, claim).map(drop).map_err(|error| {
            let what =
                format!("the log does not go on from the {size} entries that were verified before: {error}");
            Failure::new("root-mismatch", what)
                .values(format!("a continuation of {size} entries with root {root}"), head.root())
                .exit(Exit::Tampered)
        })
    }
}

/// The log, or its copy, does not go as far as the state.
fn ahead(state: &State, head: &VerifiedHead, since: Since) -> Failure {
    let size = state.size();
    let values = |failure: Failure| {
        failure.values(format!("at least {size} entries"), format!("{} entries", head.size()))
    };
    if let Since::Behind(_) = since {
        let what = format!("the mirror ends at size {}, the state is of size {size}", head.size());
        return values(Failure::new("mirror-behind", what)).next("writ mirror DIR, to bring it up to date");
    }
    let what = format!("the log {} shows less than was verified before", head.origin());
    values(Failure::new("rollback", what).exit(Exit::Rollback))
        .next("ask who runs the log for the missing entries; keep the state file as evidence")
}
