//! The reader as the place where names are looked up.

use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::term::Term;
use schemas::text::Line;
use schemas::time::Index;
use verifier::naming::{self, Named, Names};

use crate::read::{Found, ReadError, Reader};

/// The statements that a name can mean.
pub type Candidates = naming::Candidates<Found>;

impl Named for Found {
    fn index(&self) -> Index {
        self.entry.index
    }

    fn statement(&self) -> Option<&Statement> {
        Some(&self.statement)
    }
}

impl Names for Reader<'_> {
    type Found = Found;
    type Error = ReadError;

    fn index_of(&self, id: &StatementId) -> Result<Option<Index>, ReadError> {
        Reader::index_of(self, id)
    }

    fn at(&self, index: Index) -> Result<Option<Found>, ReadError> {
        self.found_proved(index).map(Some)
    }

    fn by_value(&self, value: &Line, most: usize) -> Result<Vec<Index>, ReadError> {
        self.term(&Term::Foreign(value).id(), Index(0), most)
    }

    fn ids_between(
        &self,
        first: &StatementId,
        last: &StatementId,
        most: usize,
    ) -> Result<Vec<StatementId>, ReadError> {
        Reader::ids_between(self, first.as_bytes(), last.as_bytes(), most)
    }
}
