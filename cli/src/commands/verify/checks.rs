//! What is checked besides the entries: signature and witnesses of the checkpoint, and how it goes on from what was seen before.

use schemas::note::Note;
use verifier::checkpoint::{CheckpointVerifyError, VerifiedHead, verify_checkpoint};
use verifier::registry::LogKeyError;

use super::report::{Check, CheckStatus};
use crate::heads::Since;
use crate::trust::Trust;

/// Whose signature the checkpoint has, and whether that key may sign for the log at its size.
pub(super) fn signature_check(
    trust: Option<&Trust>,
    head: &VerifiedHead,
    stands: Result<(), LogKeyError>,
) -> Check {
    let key = format!("{}+{}", head.key().name(), head.key().id());
    if let Err(error) = stands {
        return check("checkpoint-signature", CheckStatus::Broken, format!("key {key}: {error}"));
    }
    let detail = match trust {
        Some(trust) => format!("key {key} (pinned in {})", trust.path().display()),
        None => format!("key {key} (as named by the log itself)"),
    };
    check("checkpoint-signature", CheckStatus::Holds, detail)
}

pub(super) fn witness_check(trust: Option<&Trust>, note: &Note) -> Check {
    let Some(trust) = trust.filter(|trust| trust.policy().needs_witnesses()) else {
        return check("witnesses", CheckStatus::Skipped, "the trust file asks for none".into());
    };
    match verify_checkpoint(note, trust.policy()) {
        Ok(checkpoint) => {
            check("witnesses", CheckStatus::Holds, format!("quorum {} met", checkpoint.quorum()))
        }
        Err(error @ CheckpointVerifyError::QuorumNotMet { .. }) => {
            check("witnesses", CheckStatus::Broken, error.to_string())
        }
        Err(error) => check("witnesses", CheckStatus::Broken, error.to_string()),
    }
}

pub(super) fn consistency_check(since: Since, head: &VerifiedHead) -> Check {
    let size = head.size();
    match since {
        Since::First => check("consistency", CheckStatus::Skipped, "nothing was verified here before".into()),
        Since::Same => check("consistency", CheckStatus::Holds, format!("size {size} was verified before")),
        Since::Grown(before) => {
            check("consistency", CheckStatus::Holds, format!("from size {before} (last verified) to {size}"))
        }
        Since::Earlier(later) => check(
            "consistency",
            CheckStatus::Holds,
            format!("size {later} (last verified) goes on from this one, {size}"),
        ),
        Since::Behind(later) => check(
            "consistency",
            CheckStatus::Skipped,
            format!("size {later} was verified before; only the server can show that it goes on from {size}"),
        ),
    }
}

pub(super) fn check(name: &'static str, status: CheckStatus, detail: String) -> Check {
    Check { name, status, detail }
}
