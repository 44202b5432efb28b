//! What was said about the log at some moment: the head row, the kept note, the anchor. All must fit what the entries show.

use schemas::checkpoint::Checkpoint;
use schemas::ids::{EntryHash, LogId};
use schemas::kinds::Use;
use schemas::note::{KeyName, Note, SignatureType, VerifierKey};
use schemas::time::Index;
use schemas::tree::TreeHash;
use verifier::merkle::{TiledTree, root_at};
use verifier::note::verify_note;
use verifier::registry::Registry;

use super::Findings;
use super::entries::Read;
use crate::anchor::{AnchorError, Mark, Slots};
use crate::store::rows::{HEAD_KEY, NOTE_KEY, Rows};
use crate::store::{Column, Store, StoreError};

/// Checks all three.
pub(super) fn check(
    store: &dyn Store,
    read: &Read,
    slots: Result<Slots, AnchorError>,
    findings: &mut Findings,
) {
    if read.whole {
        head(store, read, findings);
    }
    if let Some(registry) = &read.registry {
        match Rows(store).note() {
            Ok(Some(text)) => {
                if let Err((code, detail)) = note(store, read, registry, &text) {
                    findings.row(code, Column::Meta, NOTE_KEY, None, detail);
                }
            }
            Ok(None) => findings.row("note-missing", Column::Meta, NOTE_KEY, None, "there is no signed note"),
            Err(error) => findings.store(Some(Column::Meta), None, &error),
        }
    }
    anchor(store, read, slots, findings);
}

fn head(store: &dyn Store, read: &Read, findings: &mut Findings) {
    match Rows(store).head() {
        Ok(head) if head == read.head => {}
        Ok(head) => {
            let (got, expected) = (head, read.head);
            let index = got.size.min(expected.size);
            let detail = format!(
                "says size {}, time {}, root {}, chain head {}; the entries give {}, {}, {}, {}",
                got.size,
                got.time.0,
                got.root,
                got.chain,
                expected.size,
                expected.time.0,
                expected.root,
                expected.chain
            );
            findings.row("head-wrong", Column::Meta, HEAD_KEY, Some(index), detail);
        }
        Err(error) => findings.store(Some(Column::Meta), None, &error),
    }
}

type NoteFinding = (&'static str, String);

/// The kept note is signed by the log's checkpoint key, and its root is the one at its size.
fn note(store: &dyn Store, read: &Read, registry: &Registry, text: &str) -> Result<(), NoteFinding> {
    let genesis = registry.genesis();
    let bad = |detail: String| ("note-wrong", detail);
    let note = Note::parse(text.as_bytes()).map_err(|error| bad(error.to_string()))?;
    let name = KeyName::new(genesis.origin.as_str()).map_err(|error| bad(error.to_string()))?;
    let public =
        genesis.key(Use::Checkpoint).copied().ok_or_else(|| bad("genesis names no checkpoint key".into()))?;
    let key = VerifierKey::new(name, SignatureType::Ed25519, public);
    verify_note(&note, [&key]).map_err(|error| ("note-signature", error.to_string()))?;
    if note.signatures().len() != 1 {
        return Err(bad(format!("carries {} signatures, expected one", note.signatures().len())));
    }
    let checkpoint = Checkpoint::from_note(&note).map_err(|error| bad(error.to_string()))?;
    if checkpoint.origin.as_str() != genesis.origin.as_str() {
        return Err(bad(format!("is of {}, the log is {}", checkpoint.origin, genesis.origin)));
    }
    if checkpoint.size > read.head.size {
        return Err((
            "rollback",
            format!("was signed at size {}, the store has {}", checkpoint.size, read.head.size),
        ));
    }
    match root_of(store, read, checkpoint.size) {
        Ok(root) if root == checkpoint.root => Ok(()),
        Ok(root) => {
            Err(bad(format!("was signed over root {}, at its size the root is {root}", checkpoint.root)))
        }
        Err(detail) => Err(bad(detail)),
    }
}

fn anchor(store: &dyn Store, read: &Read, slots: Result<Slots, AnchorError>, findings: &mut Findings) {
    let Slots(slots) = match slots {
        Ok(slots) => slots,
        Err(error) => {
            tracing::warn!(%error, "the anchor cannot be read");
            return findings.log(
                error.code(),
                None,
                "the anchor cannot be read; without it a rollback cannot be told",
            );
        }
    };
    for (number, slot) in slots.iter().enumerate() {
        match slot {
            Some((_, mark)) => mark_holds(store, read, number, mark, findings),
            None => findings.log("anchor-damaged", None, format!("slot {number} of the anchor is not whole")),
        }
    }
    if let [Some((first, _)), Some((second, _))] = slots
        && first.abs_diff(second) != 1
    {
        findings.log(
            "anchor-damaged",
            None,
            format!("the slots of the anchor are numbers {first} and {second}, expected neighbours"),
        );
    }
}

fn mark_holds(store: &dyn Store, read: &Read, number: usize, mark: &Mark, findings: &mut Findings) {
    if let Some(registry) = &read.registry
        && mark.log != registry.log()
    {
        let (got, expected): (LogId, LogId) = (mark.log, registry.log());
        return findings.log(
            "anchor-other-log",
            None,
            format!("slot {number} names log {got}, this is {expected}"),
        );
    }
    if mark.size > read.head.size {
        let detail = format!(
            "the anchor's slot {number} says size {} with root {}, the store has {}",
            mark.size, mark.root, read.head.size
        );
        return findings.log("rollback", Some(read.head.size), detail);
    }
    match root_of(store, read, mark.size) {
        Ok(root) if root == mark.root => {}
        Ok(root) => {
            let detail = format!(
                "the anchor's slot {number} says root {} at size {}, the entries give {root}",
                mark.root, mark.size
            );
            findings.log("rollback", None, detail);
        }
        Err(detail) => findings.log("rollback", None, detail),
    }
    match chain_of(store, mark.size) {
        Ok(Some(chain)) if chain == mark.chain => {}
        Ok(_) => findings.log(
            "rollback",
            None,
            format!("the anchor's slot {number} says another chain head at size {}", mark.size),
        ),
        Err(error) => findings.store(Some(Column::Entries), None, &error),
    }
}

/// The root at a size, from the tiles: these were held against the entries.
fn root_of(store: &dyn Store, read: &Read, size: u64) -> Result<TreeHash, String> {
    if size == read.head.size {
        return Ok(read.head.root);
    }
    root_at(&TiledTree::new(Rows(store)), size).map_err(|_| format!("the tiles give no root at size {size}"))
}

fn chain_of(store: &dyn Store, size: u64) -> Result<Option<EntryHash>, StoreError> {
    let Some(last) = size.checked_sub(1) else { return Ok(None) };
    Ok(Rows(store).entry_bytes(Index(last))?.map(|bytes| EntryHash::of(&bytes)))
}
