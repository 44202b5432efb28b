//! Putting bundles together: the entries that judging needs, their paths, and the log's word that there are no others.

use schemas::bundle::{Bundle, BundleError, ProvedEntry};
use schemas::ids::{ByteString, StatementId};
use schemas::kinds::{Assertion, TermRow};
use schemas::payload::Body;
use thiserror::Error;
use verifier::gather::{GatherError, Gathered, gather};

use crate::birth::payload_of_log;
use crate::read::{ReadError, Reader};
use crate::signer::SignError;

/// Most bytes of rows in one assertion: what a statement holds, less its envelope and fixed fields.
const ASSERTION_ROWS_BYTES_MAX: usize = 60_000;

/// Most bytes that one index takes in a row, and that a row takes besides its indexes.
const INDEX_BYTES_MAX: usize = 9;
const ROW_BYTES: usize = 24;

/// Why there is no bundle.
#[derive(Debug, Error)]
pub enum BundleFailure {
    /// Nothing was gathered.
    #[error(transparent)]
    Gather(#[from] GatherError<ReadError>),
    /// Reading failed. The log is latched now.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The assertion cannot be signed.
    #[error("the log's assertion: {0}")]
    Sign(#[from] SignError),
    /// The parts make no bundle.
    #[error(transparent)]
    Encode(#[from] BundleError),
}

/// The bytes of the bundle for a subject, under the reader's head.
pub fn make(reader: &Reader<'_>, subject: StatementId) -> Result<Vec<u8>, BundleFailure> {
    let gathered = gather(subject, reader)?;
    let entries: Vec<ProvedEntry> =
        gathered.entries.iter().map(|index| reader.proved_entry(*index)).collect::<Result<_, _>>()?;
    let assertions = assertions(reader, gathered)?;
    let checkpoint = reader.published().note.to_string();
    Ok(Bundle { subject, checkpoint, entries, assertions }.encode()?)
}

/// The log's signed word on every term that was asked, split so that each statement keeps its bound.
fn assertions(reader: &Reader<'_>, gathered: Gathered) -> Result<Vec<ByteString>, BundleFailure> {
    let head = reader.published().head;
    let mut signed = Vec::new();
    let mut rows: Vec<TermRow> = Vec::new();
    let mut bytes = 0;
    let mut sign = |rows: Vec<TermRow>| {
        let body = Body::Assertion(Assertion { size: head.size, root: head.root, rows });
        let statement =
            reader.log().statements().sign(&payload_of_log(Some(reader.log().id()), head.time, body))?;
        signed.push(ByteString(statement.envelope.bytes().to_vec()));
        Ok::<_, SignError>(())
    };
    for (term, indexes) in gathered.rows {
        let more = ROW_BYTES + INDEX_BYTES_MAX * indexes.len();
        if bytes + more > ASSERTION_ROWS_BYTES_MAX && !rows.is_empty() {
            sign(std::mem::take(&mut rows))?;
            bytes = 0;
        }
        bytes += more;
        rows.push(TermRow { term, indexes });
    }
    sign(rows)?;
    Ok(signed)
}
