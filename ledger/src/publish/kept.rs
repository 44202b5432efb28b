//! What was signed and shown before this start, read back from the store and held against it.

use std::sync::Arc;

use schemas::checkpoint::Checkpoint;
use schemas::ids::EntryHash;
use schemas::note::{Note, VerifierKey};
use schemas::time::{Index, Time};
use verifier::merkle::TileEdge;
use verifier::note::{NoteVerifyError, VerifiedSignature, verify_note};

use super::{Publication, PublishedCheckpoint, moment};
use crate::log::Published;
use crate::recover::OpenError;
use crate::store::rows::{CHECKPOINT_KEY, Head, NOTE_KEY, Rows};
use crate::store::{Column, Store, StoreError};

/// The latest time that the kept note says by any checkpoint key that the log ever had: nothing earlier may be signed. The
/// beginning of time where it says none.
pub(crate) fn time(store: &dyn Store, keys: &[VerifierKey]) -> Result<Time, StoreError> {
    let Some(text) = Rows(store).note()? else { return Ok(Time(0)) };
    let bad = |detail: String| StoreError::row(Column::Meta, NOTE_KEY, detail);
    let note = Note::parse(text.as_bytes()).map_err(|error| bad(error.to_string()))?;
    let times: Vec<VerifierKey> = keys.iter().map(VerifierKey::for_times).collect();
    let signed = match verify_note(&note, keys.iter().chain(&times)) {
        Ok(signed) => signed,
        // By a key that the log does not know.
        Err(NoteVerifyError::NoKnownSignature { .. }) => return Ok(Time(0)),
        Err(error) => return Err(bad(error.to_string())),
    };
    Ok(moment(signed.iter().filter_map(VerifiedSignature::time).max().unwrap_or_default()))
}

/// The latest note that was kept, and the head it is of.
pub(crate) fn note(store: &dyn Store, head: &Head) -> Result<(Note, Checkpoint, Published), OpenError> {
    let bad = |detail: &dyn ToString| StoreError::row(Column::Meta, NOTE_KEY, detail.to_string());
    let text = Rows(store).note()?.ok_or_else(|| bad(&"there is none"))?;
    let note = Note::parse(text.as_bytes()).map_err(|error| bad(&error))?;
    let (signed, published) = published(store, head, &note, text)?;
    Ok((note, signed, published))
}

/// The latest checkpoint that was kept, if it meets the policy still.
pub(crate) fn checkpoint(
    store: &dyn Store,
    head: &Head,
    keys: &[VerifierKey],
    publication: &Publication,
) -> Result<Option<PublishedCheckpoint>, OpenError> {
    let Some(text) = Rows(store).checkpoint()? else { return Ok(None) };
    let bad = |detail: &dyn ToString| StoreError::row(Column::Meta, CHECKPOINT_KEY, detail.to_string());
    let note = Note::parse(text.as_bytes()).map_err(|error| bad(&error))?;
    let times: Vec<VerifierKey> = keys.iter().map(VerifierKey::for_times).collect();
    let witnesses = publication.witnesses().iter().map(|witness| &witness.key);
    let signed = match verify_note(&note, keys.iter().chain(&times).chain(witnesses)) {
        Ok(signed) => signed,
        Err(NoteVerifyError::NoKnownSignature { .. }) => return Ok(None),
        Err(error) => return Err(bad(&error).into()),
    };
    let by = |key: &VerifierKey| signed.iter().find(|signature| signature.key() == key);
    let time = times.iter().filter_map(by).filter_map(VerifiedSignature::time).max();
    let (true, Some(time)) = (keys.iter().any(|key| by(key).is_some()), time) else { return Ok(None) };
    let cosigned = publication.witnesses().iter().filter(|witness| by(&witness.key).is_some());
    let cosigned: Vec<String> = cosigned.map(|witness| witness.name.clone()).collect();
    if !publication.met(|name| cosigned.iter().any(|cosigned| cosigned == name)) {
        return Ok(None);
    }
    let at = Arc::new(published(store, head, &note, text)?.1);
    Ok(Some(PublishedCheckpoint { at, time, cosigned }))
}

/// A signed head of this store, which must have the very tree that was signed.
fn published(
    store: &dyn Store,
    head: &Head,
    note: &Note,
    text: String,
) -> Result<(Checkpoint, Published), OpenError> {
    let rows = Rows(store);
    let wrong = |size: u64, detail: &dyn ToString| OpenError::Contradiction {
        index: Index(size.saturating_sub(1)),
        detail: format!("a note that was kept: {}", detail.to_string()),
    };
    let signed = Checkpoint::from_note(note).map_err(|error| wrong(head.size, &error))?;
    let size = signed.size;
    if size == 0 || size > head.size {
        return Err(wrong(head.size, &format!("it is of size {size}, the store has {}", head.size)));
    }
    let edge = TileEdge::load(&rows, size).map_err(|error| wrong(size, &error))?;
    if edge.root() != signed.root {
        return Err(wrong(size, &format!("it says root {}, the tiles give {}", signed.root, edge.root())));
    }
    let last = Index(size.saturating_sub(1));
    let bytes = rows.entry_bytes(last)?.ok_or_else(|| wrong(size, &"its last entry is missing"))?;
    let entry = crate::store::rows::decode_entry(last, &bytes)?;
    let head = Head { size, time: entry.time, root: signed.root, chain: EntryHash::of(&bytes) };
    Ok((signed, Published { head, note: text.into(), edge: Arc::new(edge) }))
}
