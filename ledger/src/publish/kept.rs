//! What was signed and shown before this start, read back from the store.

use schemas::note::{Note, VerifierKey};
use schemas::time::Time;
use verifier::note::{NoteVerifyError, VerifiedSignature, verify_note};

use super::moment;
use crate::store::rows::{NOTE_KEY, Rows};
use crate::store::{Column, Store, StoreError};

/// The latest time that the kept note says by any checkpoint key that the log ever had: nothing earlier may be signed. The beginning of time where it says none.
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
