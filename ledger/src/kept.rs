//! The reader as the place that questions take their evidence from.

use std::borrow::Cow;
use std::collections::BTreeSet;

use questions::kept::{AsOf, Evidential, Kept, KeptError, Placed, Put, evidence_about};
use schemas::envelope::Statement;
use schemas::ids::{StatementId, TermId};
use schemas::time::Index;
use verifier::evidence::{Evidence, EvidenceHead};
use verifier::gather::Source;

use crate::read::{Found, ReadError, Reader};

impl Kept for Reader<'_> {
    fn head(&self) -> EvidenceHead {
        let head = self.published().head;
        EvidenceHead { origin: self.log().origin().to_string(), size: head.size, root: head.root }
    }

    fn entry(&self, index: Index) -> Result<Vec<u8>, ReadError> {
        self.proved_entry(index).map(|proved| proved.entry)
    }
}

/// A reader that sees no more than the first entries: those that an answer's first page was made of.
pub(crate) struct Pinned<'r, 'l> {
    reader: &'r Reader<'l>,
    as_of: AsOf,
}

impl<'r, 'l> Pinned<'r, 'l> {
    /// Pinned to `1 <= size <= reader.size()`.
    pub(crate) fn new(reader: &'r Reader<'l>, size: u64) -> Result<Self, ReadError> {
        let origin = reader.log().origin().to_string();
        let last = reader.found_proved(Index(size.saturating_sub(1)))?;
        let as_of = AsOf { origin, size, root: reader.root_at(size)?, time: last.entry.time };
        Ok(Self { reader, as_of })
    }
}

impl Source for Pinned<'_, '_> {
    type Error = ReadError;

    fn size(&self) -> u64 {
        self.as_of.size
    }

    fn statement(&self, index: Index) -> Result<Option<Statement>, ReadError> {
        Source::statement(self.reader, index)
    }

    fn index_of(&self, id: &StatementId) -> Result<Option<Index>, ReadError> {
        Ok(self.reader.index_of(id)?.filter(|index| index.0 < self.as_of.size))
    }

    fn find(&self, terms: &[TermId], most: usize) -> Result<Vec<Vec<Index>>, ReadError> {
        let mut found = self.reader.find(terms, most)?;
        found.iter_mut().for_each(|row| row.retain(|index| index.0 < self.as_of.size));
        Ok(found)
    }
}

impl Kept for Pinned<'_, '_> {
    fn head(&self) -> EvidenceHead {
        let AsOf { origin, size, root, .. } = self.as_of.clone();
        EvidenceHead { origin, size, root }
    }

    fn entry(&self, index: Index) -> Result<Vec<u8>, ReadError> {
        Kept::entry(self.reader, index)
    }
}

impl Evidential for Pinned<'_, '_> {
    fn evidence_about(
        &self,
        subjects: &[StatementId],
        further: BTreeSet<TermId>,
    ) -> Result<Cow<'_, Evidence>, KeptError<ReadError>> {
        evidence_about(subjects, further, self).map(Cow::Owned)
    }
}

impl Placed for Pinned<'_, '_> {
    fn as_of(&self) -> AsOf {
        self.as_of.clone()
    }

    /// What is in the log had signature, key and role checked at its place, before it was placed.
    fn placed(&self, index: Index) -> Result<Option<Put>, ReadError> {
        let found = self.reader.found_proved(index)?;
        Ok(Some(Put { index, time: found.entry.time, statement: found.statement }))
    }

    fn looked(&self, indexes: &[Index], visit: &mut dyn FnMut(&Put)) -> Result<(), ReadError> {
        self.reader.found_many(indexes, &mut |found| {
            let Found { entry, statement } = *found;
            visit(&Put { index: entry.index, time: entry.time, statement });
        })
    }
}
