//! What was said about the log at some moment: the head row, the kept note and checkpoint, the anchor. All must fit what the entries show.

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
use crate::store::rows::{CHECKPOINT_KEY, HEAD_KEY, NOTE_KEY, Rows};
use crate::store::{Column, Store, StoreError};

/// The kept notes and the anchor, as they were before anything was checked.
pub(super) struct Marks {
    note: Result<Option<String>, StoreError>,
    checkpoint: Result<Option<String>, StoreError>,
    slots: Result<Slots, AnchorError>,
}

impl Marks {
    /// Reads the note; the anchor was read before the store was opened.
    pub(super) fn read(store: &dyn Store, slots: Result<Slots, AnchorError>) -> Self {
        Self { note: Rows(store).note(), checkpoint: Rows(store).checkpoint(), slots }
    }

    /// The sizes of which something is said.
    pub(super) fn sizes(&self) -> BTreeSet<u64> {
        let notes = [&self.note, &self.checkpoint].into_iter().flat_map(|note| note.as_ref().ok()).flatten();
        let notes = notes.filter_map(|text| Note::parse(text.as_bytes()).ok());
        let signed = notes.filter_map(|note| Checkpoint::from_note(&note).ok()).map(|signed| signed.size);
        let slots = self.slots.as_ref().map(|Slots(slots)| slots.as_slice()).unwrap_or_default();
        let marks = slots.iter().flatten().map(|(_, mark)| mark.size);
        signed.chain(marks).collect()
    }

    /// Checks all of them.
    pub(super) fn check(&self, store: &dyn Store, read: &Read, findings: &mut Findings) {
        if read.reaches_the_end() {
            head(store, read, findings);
        }
        if let Some(registry) = &read.registry {
            match &self.note {
                Ok(Some(text)) => {
                    if let Err((code, detail)) = note(read, registry, text, &Lines::OwnOnly) {
                        findings.row(code, Column::Meta, NOTE_KEY, None, detail);
                    }
                }
                Ok(None) => {
                    findings.row("note-missing", Column::Meta, NOTE_KEY, None, "there is no signed note")
                }
                Err(error) => findings.store(Some(Column::Meta), None, error),
            }
            match &self.checkpoint {
                Ok(Some(text)) => {
                    if let Err((code, detail)) = note(read, registry, text, &Lines::Cosigned) {
                        findings.row(code, Column::Meta, CHECKPOINT_KEY, None, detail);
                    }
                }
                Ok(None) => {}
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

/// Whose signature lines a kept note may have.
#[derive(PartialEq)]
enum Lines {
    /// The log's.
    OwnOnly,
    /// Also those of witnesses, whose keys nobody here knows.
    Cosigned,
}

/// A kept note is signed by the log's checkpoint key, and its root is the one at its size.
fn note(read: &Read, registry: &Registry, text: &str, lines: &Lines) -> Result<(), NoteFinding> {
    let genesis = registry.genesis();
    let bad = |detail: String| ("note-wrong", detail);
    let note = Note::parse(text.as_bytes()).map_err(|error| bad(error.to_string()))?;
    let name = KeyName::new(genesis.origin.as_str()).map_err(|error| bad(error.to_string()))?;
    let checkpoint = Checkpoint::from_note(&note).map_err(|error| bad(error.to_string()))?;
    let in_force = registry.log_keys(Use::Checkpoint, checkpoint.size);
    let keys = in_force.iter().map(|key| *key.key.public());
    let keys = keys.map(|public| VerifierKey::new(name.clone(), SignatureType::Ed25519, public));
    let keys: Vec<VerifierKey> = keys.flat_map(|key| [key.for_times(), key]).collect();
    let signed = verify_note(&note, &keys).map_err(|error| ("note-signature", error.to_string()))?.len();
    if *lines == Lines::OwnOnly && note.signatures().len() != signed {
        let lines = note.signatures().len();
        return Err(bad(format!(
            "carries {lines} signatures, expected {signed}, all of them by the log's keys in force"
        )));
    }
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
