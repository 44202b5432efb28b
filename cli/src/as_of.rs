//! What a server says it searched, held against the log's signed head.

use gateway::client::{AsOf, Client};
use schemas::proof::ConsistencyProof;
use verifier::checkpoint::VerifiedHead;
use verifier::merkle::{ConsistencyClaim, verify_consistency};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::recompute::{self, Checkpoint};
use crate::trust::Trust;

/// Holds the state that the server says it searched against the log's signed head, and that against the heads of before.
///
/// Hands back whether the head's key is pinned.
pub(crate) fn hold(
    context: &Context,
    client: &Client,
    trust: Option<&Trust>,
    as_of: &AsOf,
) -> Result<(bool, Exit), Failure> {
    let Checkpoint { note, head, trust, exit } = recompute::checkpoint(context, client, trust)?;
    if let Some(trust) = trust {
        context.heads()?.advance(trust, client, &note, &head)?;
    }
    hold_against(as_of, &head, client)?;
    Ok((trust.is_some(), exit))
}

/// One must be the beginning of the other: pages of one search stay with one size while the log grows.
fn hold_against(as_of: &AsOf, head: &VerifiedHead, client: &Client) -> Result<(), Failure> {
    let other = || {
        Failure::new("as-of-mismatch", "what was searched is not the log that the signed head is of")
            .values(
                format!("{} size {} root {}", head.origin(), head.size(), head.root()),
                format!("{} size {} root {}", as_of.origin, as_of.size, as_of.root),
            )
            .exit(Exit::Tampered)
    };
    let (searched, signed) = ((as_of.size, as_of.root), (head.size(), head.root()));
    if as_of.origin != head.origin().as_str() {
        return Err(other());
    }
    if searched.0 == signed.0 {
        return if searched.1 == signed.1 { Ok(()) } else { Err(other()) };
    }
    let ((first, first_root), (second, second_root)) =
        if searched.0 < signed.0 { (searched, signed) } else { (signed, searched) };
    let path = client.consistency(first, second)?.path;
    let claim = ConsistencyClaim { first_root, second_root };
    verify_consistency(&ConsistencyProof { first, second, path }, claim).map(|_| ()).map_err(|_| other())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_searched_must_be_of_the_log_that_the_head_is_of() {
        let mut log = crate::testlog::TestLog::new();
        for at in 1..4 {
            let statement = log.note_by_registrar(at, "more");
            log.append(&statement);
        }
        let as_of = |size| {
            let head = log.verified(size);
            AsOf { origin: head.origin().to_string(), size, root: head.root(), time: 1 }
        };
        let proof = serde_json::json!({"path": log.consistency(3, 4)}).to_string().into_bytes();
        let path = "/v1/proofs/consistency?first=3&second=4";
        let client = crate::testlog::serve(vec![(path.into(), proof)]);
        assert!(hold_against(&as_of(4), &log.verified(4), &client).is_ok());
        assert!(hold_against(&as_of(3), &log.verified(4), &client).is_ok(), "a page of an earlier size");
        let root = schemas::tree::TreeHash::new([7; 32]);
        let others = [
            AsOf { root, ..as_of(4) },
            AsOf { root, ..as_of(3) },
            AsOf { origin: "another".into(), ..as_of(4) },
        ];
        for other in others {
            let failure = hold_against(&other, &log.verified(4), &client).unwrap_err();
            assert_eq!(
                (failure.code.as_str(), failure.exit),
                ("as-of-mismatch", Exit::Tampered),
                "{other:?}"
            );
        }
    }
}
