//! What was said about the log at some moment: the head row, the kept note, the anchor. All must fit what the entries show.

use std::collections::BTreeSet;

use schemas::checkpoint::Checkpoint;
use schemas::ids::LogId;
use schemas::kinds::Use;
use schemas::note::{KeyName, Note, SignatureType, VerifierKey};
use verifier::note::verify_note;
use verifier::registry::Registry;

use super::Findings;
use super::read::Read;
use crate::anchor::{AnchorError, Mark, Slots};
use crate::store::rows::{HEAD_KEY, NOTE_KEY, Rows};
use crate::store::{Column, Store, StoreError};

/// The kept note and the anchor, as they were before anything was checked.
pub(super) struct Marks {
    note: Result<Option<String>, StoreError>,
    slots: Result<Slots, AnchorError>,
}

impl Marks {
    /// Reads the note; the anchor was read before the store was opened.
    pub(super) fn read(store: &dyn Store, slots: Result<Slots, AnchorError>) -> Self {
        Self { note: Rows(store).note(), slots }
    }

    /// The sizes of which something is said.
    pub(super) fn sizes(&self) -> BTreeSet<u64> {
        let note = self.note.as_ref().ok().and_then(Option::as_ref);
        let checkpoint =
            note.and_then(|text| Note::parse(text.as_bytes()).ok()).as_ref().map(Checkpoint::from_note);
        let slots = self.slots.as_ref().map(|Slots(slots)| slots.as_slice()).unwrap_or_default();
        let marks = slots.iter().flatten().map(|(_, mark)| mark.size);
        checkpoint.and_then(Result::ok).map(|checkpoint| checkpoint.size).into_iter().chain(marks).collect()
    }

    /// Checks all three.
    pub(super) fn check(&self, store: &dyn Store, read: &Read, findings: &mut Findings) {
        if read.reaches_the_end() {
            head(store, read, findings);
        }
        if let Some(registry) = &read.registry {
            match &self.note {
                Ok(Some(text)) => {
                    if let Err((code, detail)) = note(read, registry, text) {
                        findings.row(code, Column::Meta, NOTE_KEY, None, detail);
                    }
                }
                Ok(None) => {
                    findings.row("note-missing", Column::Meta, NOTE_KEY, None, "there is no signed note")
                }
                Err(error) => findings.store(Some(Column::Meta), None, error),
            }
        }
        self.anchor(read, findings);
    }

    fn anchor(&self, read: &Read, findings: &mut Findings) {
        let Slots(slots) = match &self.slots {
            Ok(slots) => slots,
            Err(error) => {
                findings.heard(error);
                let detail = "the anchor cannot be read; without it a rollback cannot be told";
                return findings.log(error.code(), None, detail);
            }
        };
        for (number, slot) in slots.iter().enumerate() {
            match slot {
                Some((_, mark)) => mark_holds(read, number, mark, findings),
                None => {
                    findings.log("anchor-damaged", None, format!("slot {number} of the anchor is not whole"))
                }
            }
        }
        if let [Some((first, _)), Some((second, _))] = slots
            && first.abs_diff(*second) != 1
        {
            findings.log(
                "anchor-damaged",
                None,
                format!("the slots of the anchor are numbers {first} and {second}, expected neighbours"),
            );
        }
    }
}

/// The head row says what the entries give, as far as they could be read.
fn head(store: &dyn Store, read: &Read, findings: &mut Findings) {
    let got = match Rows(store).head() {
        Ok(head) => head,
        Err(error) => return findings.store(Some(Column::Meta), None, &error),
    };
    let expected = read.head;
    let holds = (got.size, got.root) == (expected.size, expected.root)
        && (!read.last_known || (got.time, got.chain) == (expected.time, expected.chain));
    if holds {
        return;
    }
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

type NoteFinding = (&'static str, String);

/// The kept note is signed by the log's checkpoint key, and its root is the one at its size.
fn note(read: &Read, registry: &Registry, text: &str) -> Result<(), NoteFinding> {
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
        if !read.reaches_the_end() {
            return Ok(());
        }
        return Err((
            "rollback",
            format!("was signed at size {}, the store has {}", checkpoint.size, read.head.size),
        ));
    }
    match read.at(checkpoint.size) {
        (Some(root), _) if root == checkpoint.root => Ok(()),
        (Some(root), _) => {
            Err(bad(format!("was signed over root {}, at its size the root is {root}", checkpoint.root)))
        }
        (None, _) => Err(bad(format!("was signed at size {}, which no tree has", checkpoint.size))),
    }
}

/// One slot of the anchor fits the entries. Of what lies behind the last entry that was checked nothing is said.
fn mark_holds(read: &Read, number: usize, mark: &Mark, findings: &mut Findings) {
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
        if read.reaches_the_end() {
            let detail = format!(
                "the anchor's slot {number} says size {} with root {}, the store has {}",
                mark.size, mark.root, read.head.size
            );
            findings.log("rollback", Some(read.head.size), detail);
        }
        return;
    }
    let (root, chain) = read.at(mark.size);
    match root {
        Some(root) if root == mark.root => {}
        Some(root) => {
            let detail = format!(
                "the anchor's slot {number} says root {} at size {}, the entries give {root}",
                mark.root, mark.size
            );
            findings.log("rollback", None, detail);
        }
        None => findings.log(
            "rollback",
            None,
            format!("the anchor's slot {number} says size {}, which no tree has", mark.size),
        ),
    }
    let last_is_known = mark.size.checked_sub(1).is_some_and(|last| !read.is_unknown(last));
    if last_is_known && chain != Some(mark.chain) {
        let detail = format!("the anchor's slot {number} says another chain head at size {}", mark.size);
        findings.log("rollback", None, detail);
    }
}
