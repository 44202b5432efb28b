//! The reader as the place that questions take their evidence from.

use questions::kept::Kept;
use schemas::time::Index;
use verifier::evidence::EvidenceHead;

use crate::read::{ReadError, Reader};

impl Kept for Reader<'_> {
    fn head(&self) -> EvidenceHead {
        let head = self.published().head;
        EvidenceHead { origin: self.log().origin().to_string(), size: head.size, root: head.root }
    }

    fn entry(&self, index: Index) -> Result<Vec<u8>, ReadError> {
        self.proved_entry(index).map(|proved| proved.entry)
    }
}
