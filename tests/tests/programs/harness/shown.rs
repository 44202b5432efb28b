//! What a server shows of its log, taken apart.

use schemas::note::Note;
use schemas::tree::TreeHash;
use serde_json::Value;
use verifier::checkpoint::{VerifiedHead, verify_head};

use super::{Http, Place};

/// The head that an answer shows, under the pinned key.
pub(crate) fn head(place: &Place, note: &str) -> VerifiedHead {
    verify_head(&Note::parse(note.as_bytes()).unwrap(), &place.policy()).unwrap()
}

pub(crate) fn hashes(path: &Value) -> Vec<TreeHash> {
    path.as_array().unwrap().iter().map(|hash| TreeHash::from_hex(hash.as_str().unwrap()).unwrap()).collect()
}

/// Every entry's bytes, in order.
pub(crate) fn entries(http: &Http) -> Vec<Vec<u8>> {
    let size = http.size();
    let mut entries: Vec<Vec<u8>> = Vec::new();
    while (entries.len() as u64) < size {
        let page = http.get(&format!("/v1/entries?start={}", entries.len()));
        assert_eq!(page.status, 200, "{}", page.text());
        let page = schemas::tile::decode_entry_bundle(&page.body).unwrap();
        assert!(!page.is_empty());
        entries.extend(page.into_iter().map(<[u8]>::to_vec));
    }
    entries.truncate(usize::try_from(size).unwrap());
    entries
}
