//! How one verified head stands to another.

use schemas::proof::ConsistencyProof;
use verifier::checkpoint::VerifiedHead;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::source::{LogSource, Proof};

/// How a head stands to the one verified before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// Nothing was verified before.
    First,
    /// It is the same.
    Same,
    /// It goes on from this size.
    Grown(u64),
    /// It is an earlier one, which the later one of this size includes.
    Earlier(u64),
    /// It is an earlier one of a copy, and how the one of this size stands to it is for the server to show.
    Behind(u64),
}

/// How a head stands to an earlier verified one, by a proof that any of the servers gives.
pub(crate) fn compare(
    last: &VerifiedHead,
    head: &VerifiedHead,
    logs: &[&dyn LogSource],
) -> Result<Since, Failure> {
    if head.size() == last.size() {
        if head.root() == last.root() {
            return Ok(Since::Same);
        }
        return Err(split(last, head));
    }
    let shrunk = head.size() < last.size();
    let (earlier, later) = if shrunk { (head, last) } else { (last, head) };
    if earlier.size() == 0 {
        return if shrunk { Err(rolled_back(last, head)) } else { Ok(Since::Grown(0)) };
    }
    let mut worst: Result<Since, Failure> = Ok(Since::Behind(last.size()));
    for log in logs {
        let failure = match log.consistency(earlier.size(), later.size()) {
            Ok(Proof::Path(path)) => {
                let proof = ConsistencyProof { first: earlier.size(), second: later.size(), path };
                match earlier.verify_consistency(&proof, later) {
                    Ok(_) if shrunk => return Ok(Since::Earlier(last.size())),
                    Ok(_) => return Ok(Since::Grown(last.size())),
                    Err(_) => split(last, head),
                }
            }
            Ok(Proof::Refused(_)) if shrunk => rolled_back(last, head),
            Ok(Proof::Refused(failure)) | Err(failure) => failure,
            Ok(Proof::Behind) => continue,
        };
        if worst.as_ref().err().is_none_or(|worst| worst.exit != worst.exit.worse(failure.exit)) {
            worst = Err(failure);
        }
    }
    worst
}

fn rolled_back(last: &VerifiedHead, head: &VerifiedHead) -> Failure {
    let what = format!(
        "the log {} shows {} entries and cannot account for those that it showed before",
        head.origin(),
        head.size()
    );
    Failure::new("rollback", what)
        .values(
            format!("at least {} entries, root {}", last.size(), last.root()),
            format!("{} entries", head.size()),
        )
        .exit(Exit::Rollback)
        .next("ask who runs the log for the missing entries; keep this machine's state folder as evidence")
}

pub(super) fn split(last: &VerifiedHead, head: &VerifiedHead) -> Failure {
    let what =
        format!("the log {} has signed two histories, or does not show how one goes on", head.origin());
    Failure::new("split-view", what)
        .values(
            format!("a continuation of {} entries with root {} (verified before)", last.size(), last.root()),
            format!("{} entries with root {}", head.size(), head.root()),
        )
        .exit(Exit::Tampered)
        .next("keep this machine's state folder as evidence: the log's key has signed both heads")
}
