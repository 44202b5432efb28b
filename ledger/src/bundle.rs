//! Putting bundles together: the entries that judging needs, their paths, and the log's word that there are no others.

use std::cell::RefCell;
use std::collections::BTreeMap;

use schemas::bundle::{Bundle, BundleError, ProvedEntry};
use schemas::envelope::Statement;
use schemas::ids::{ByteString, StatementId, TermId};
use schemas::kinds::{Assertion, TermRow};
use schemas::payload::{Body, Payload};
use schemas::time::Index;
use thiserror::Error;
use verifier::gather::{GatherError, Gathered, Source, Wants, gather};

use crate::in_force::NoKeyAtHand;
use crate::read::{ReadError, Reader};
use crate::signer::SignError;
use crate::submit::Unavailable;

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
    /// Nothing may be signed, and a bundle needs the log's signed word.
    #[error("{0}")]
    NotSigning(Unavailable),
    /// Every statement key at hand was withdrawn.
    #[error(transparent)]
    NoKey(#[from] NoKeyAtHand),
    /// The assertion cannot be signed.
    #[error("the log's assertion: {0}")]
    Sign(#[from] SignError),
    /// The parts make no bundle.
    #[error(transparent)]
    Encode(#[from] BundleError),
}

/// The bytes of the bundle for a subject, under the reader's head: for outsiders, who check the quorum, the checkpoint's.
pub fn make(reader: &Reader<'_>, subject: StatementId, wants: Wants) -> Result<Vec<u8>, BundleFailure> {
    reader.log().may_sign().map_err(|why| BundleFailure::NotSigning(why.into()))?;
    let source = Remembering { reader, entries: RefCell::default() };
    let gathered = gather(subject, wants, &source)?;
    let mut read = source.entries.into_inner();
    let prove = |index: &Index| match read.remove(index) {
        Some(entry) => reader.proved(*index, entry),
        None => reader.proved_entry(*index),
    };
    let entries: Vec<ProvedEntry> = gathered.entries.iter().map(prove).collect::<Result<_, _>>()?;
    let assertions = assertions(reader, gathered)?;
    let checkpoint = reader.published().note.to_string();
    Ok(Bundle { subject, checkpoint, entries, assertions }.encode()?)
}

/// A reader that keeps the entries it was asked for, so that each is read once.
struct Remembering<'r, 'l> {
    reader: &'r Reader<'l>,
    entries: RefCell<BTreeMap<Index, Vec<u8>>>,
}

impl Source for Remembering<'_, '_> {
    type Error = ReadError;

    fn size(&self) -> u64 {
        Source::size(self.reader)
    }

    fn statement(&self, index: Index) -> Result<Option<Statement>, ReadError> {
        let bytes = self.reader.entry_bytes(index)?;
        let found = self.reader.decoded(index, &bytes)?;
        self.entries.borrow_mut().insert(index, bytes);
        Ok(Some(found.statement))
    }

    fn index_of(&self, id: &StatementId) -> Result<Option<Index>, ReadError> {
        self.reader.index_of(id)
    }

    fn find(&self, terms: &[TermId], most: usize) -> Result<Vec<Vec<Index>>, ReadError> {
        self.reader.find(terms, most)
    }
}

/// The log's signed word on every term that was asked, split so that each statement keeps its bound.
fn assertions(reader: &Reader<'_>, gathered: Gathered) -> Result<Vec<ByteString>, BundleFailure> {
    let head = reader.published().head;
    let mut signed = Vec::new();
    let mut rows: Vec<TermRow> = Vec::new();
    let mut bytes = 0;
    let mut sign = |rows: Vec<TermRow>| {
        let body = Body::Assertion(Assertion { size: head.size, root: head.root, rows });
        let log = reader.log();
        let payload = Payload::of_log(Some(log.id()), head.time, body);
        let statement = log.statements().sign(log, head.size, |signer| signer.sign(&payload))??;
        signed.push(ByteString(statement.envelope.bytes().to_vec()));
        Ok::<_, BundleFailure>(())
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
