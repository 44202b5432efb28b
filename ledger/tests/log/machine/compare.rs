//! Holds the log in service, the list, and the verifier against each other.

use ledger::bundle;
use ledger::read::Reader;
use ledger::search::{Order, Range, search};
use ledger::tiles::resource;
use schemas::ids::{StatementId, TermId};
use schemas::note::Note;
use schemas::payload::Kind;
use schemas::proof::InclusionProof;
use schemas::query::{Query, What};
use schemas::tile::TilePath;
use schemas::time::Index;
use schemas::tree::TreeHash;
use schemas::trust::TrustPolicy;
use verifier::checkpoint::{VerifiedHead, verify_head};
use verifier::gather::Wants;
use verifier::log::{LogVerifier, Prepared};
use verifier::merkle::leaf_hash;

use crate::machine::chance::Chance;
use crate::machine::reference::Reference;
use crate::machine::tree::Hash;

/// Entries of which each is looked at each time; of a longer log some are.
const ALL_ENTRIES: u64 = 48;

/// Proofs, pages and tiles that are asked for each time.
const QUESTIONS: u64 = 12;

/// Everything that the log says, held against what it must say.
pub(crate) fn check(
    reader: &Reader<'_>,
    reference: &Reference,
    trust: &TrustPolicy,
    heads: &[Note],
    chance: &mut Chance,
) {
    let head = same_head(reader, reference, trust);
    for note in heads {
        let earlier = verify_head(note, trust).unwrap();
        assert_eq!(
            earlier.root(),
            tree_hash(&reference.tree.root(usize_of(earlier.size()))),
            "a head that was given"
        );
        let proof = reader.consistency(earlier.size(), head.size()).unwrap();
        earlier.verify_consistency(&proof, &head).unwrap();
    }
    same_entries(reader, reference, &head, chance);
    same_index(reader, reference, chance);
    for _ in 0..QUESTIONS {
        same_proofs(reader, reference, chance);
        same_tiles(reader, reference, chance);
    }
}

fn same_head(reader: &Reader<'_>, reference: &Reference, trust: &TrustPolicy) -> VerifiedHead {
    let head = reader.published().head;
    assert_eq!(head.size, reference.size(), "the size");
    assert_eq!(head.root, tree_hash(&reference.root()), "the root");
    assert_eq!(*head.chain.as_bytes(), reference.chain, "the chain head");
    assert_eq!(head.time.0, reference.time, "the time of the last entry");
    let verified = verify_head(&Note::parse(reader.published().note.as_bytes()).unwrap(), trust).unwrap();
    assert_eq!((verified.size(), verified.root()), (head.size, head.root), "the note");
    verified
}

/// Every entry, or some of many: its bytes, its path word for word, and the verifier's word on both.
fn same_entries(reader: &Reader<'_>, reference: &Reference, head: &VerifiedHead, chance: &mut Chance) {
    let size = reference.size();
    let indexes: Vec<u64> = if size <= ALL_ENTRIES {
        (0..size).collect()
    } else {
        (0..ALL_ENTRIES).map(|_| chance.below(size)).chain([0, size - 1]).collect()
    };
    for index in indexes {
        let proved = reader.proved_entry(Index(index)).unwrap();
        assert!(proved.entry == *reference.entries[usize_of(index)], "entry {index}");
        let path = reference.tree.path(usize_of(index), usize_of(size));
        assert_eq!(proved.path, hashes(&path), "the path of entry {index}");
        let proof = InclusionProof { index, size, path: proved.path };
        head.verify_inclusion(&proof, leaf_hash(&proved.entry)).unwrap();
    }
}

/// Ids and terms, those that are there and one that is not, in one go and page by page.
fn same_index(reader: &Reader<'_>, reference: &Reference, chance: &mut Chance) {
    let size = reference.size();
    for (id, index) in &reference.ids {
        assert_eq!(reader.index_of(&StatementId::new(*id)).unwrap(), Some(Index(*index)));
    }
    assert_eq!(reader.index_of(&StatementId::new([7; 32])).unwrap(), None);
    assert_eq!(reader.term(&TermId::new([7; TermId::LEN]), Index(0), 10).unwrap(), []);
    for (term, indexes) in &reference.terms {
        let from = chance.below(size);
        let limit = usize_of(chance.below(size) + 1);
        let expected = indexes.iter().filter(|index| **index >= from).take(limit);
        let expected: Vec<Index> = expected.copied().map(Index).collect();
        assert_eq!(reader.term(term, Index(from), limit).unwrap(), expected, "term {term}");
    }
    let kind =
        [Kind::Decision, Kind::Action, Kind::Key, Kind::Genesis, Kind::Correction][usize_of(chance.below(5))];
    let order = [Order::OldestFirst, Order::NewestFirst][usize_of(chance.below(2))];
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let query = Query::default().with(Some(What::kind(kind)));
        let range = Range { from, size, order };
        let page = search(reader, &query, range, usize_of(chance.below(40) + 1)).unwrap();
        found.extend(page.found.iter().map(|found| found.entry.index.0));
        match page.next {
            Some(next) => from = Some(next),
            None => break,
        }
    }
    if order == Order::NewestFirst {
        found.reverse();
    }
    let kinds = (0..).zip(&reference.kinds);
    assert_eq!(
        found,
        kinds.filter(|(_, other)| **other == kind).map(|(index, _)| index).collect::<Vec<u64>>()
    );
}

/// Proofs at sizes that the log had, word for word.
fn same_proofs(reader: &Reader<'_>, reference: &Reference, chance: &mut Chance) {
    let second = chance.below(reference.size()) + 1;
    let first = chance.below(second) + 1;
    let index = chance.below(second);
    assert_eq!(reader.root_at(second).unwrap(), tree_hash(&reference.tree.root(usize_of(second))));
    let (proof, root) = reader.inclusion(Index(index), second).unwrap();
    assert_eq!(root, tree_hash(&reference.tree.root(usize_of(second))));
    let path = reference.tree.path(usize_of(index), usize_of(second));
    assert_eq!(proof.path, hashes(&path), "the path of entry {index} at size {second}");
    let proof = reader.consistency(first, second).unwrap();
    let expected = reference.tree.proof(usize_of(first), usize_of(second));
    assert_eq!(proof.path, hashes(&expected), "from size {first} to {second}");
}

/// A tile of leaves, the one above them, and the entries under it.
fn same_tiles(reader: &Reader<'_>, reference: &Reference, chance: &mut Chance) {
    let size = reference.size();
    let tile = chance.below(size.div_ceil(256));
    let width = (size - tile * 256).min(256);
    let width = chance.below(width) + 1;
    let suffix = if width == 256 { String::new() } else { format!(".p/{width}") };
    let first = usize_of(tile * 256);
    let last = first + usize_of(width);
    let read = |path: String| resource(reader, TilePath::parse(&path).unwrap()).unwrap().unwrap();
    let leaves: Vec<u8> = (first..last).flat_map(|leaf| reference.tree.hash(leaf..leaf + 1)).collect();
    assert_eq!(read(format!("tile/0/{tile:03}{suffix}")), leaves, "tile {tile}");
    let length = |entry: &[u8]| (entry.len() as u16).to_be_bytes();
    let entries = &reference.entries[first..last];
    let entries: Vec<u8> = entries.iter().flat_map(|entry| [&length(entry), &**entry].concat()).collect();
    assert_eq!(read(format!("tile/entries/{tile:03}{suffix}")), entries, "entries under tile {tile}");
    if let Some(full) = (size / 256).checked_sub(1).map(|last| last + 1) {
        let above: Vec<u8> =
            (0..usize_of(full)).flat_map(|tile| reference.tree.hash(tile * 256..(tile + 1) * 256)).collect();
        assert_eq!(read(format!("tile/1/000.p/{full}")), above);
    }
}

/// The verifier walks the whole log as it is served, and finds nothing.
pub(crate) fn walk(reader: &Reader<'_>, reference: &Reference) {
    let mut walk = LogVerifier::new();
    for index in 0..reference.size() {
        let entry = reader.entry_bytes(Index(index)).unwrap();
        assert_eq!(walk.place(Prepared::new(&entry)).check(), None);
    }
    assert_eq!((walk.size(), walk.root()), (reference.size(), tree_hash(&reference.root())));
    assert_eq!(walk.chain_head().map(|hash| *hash.as_bytes()), Some(reference.chain));
}

/// A bundle about some statement holds, and has the entries of the list.
pub(crate) fn same_bundle(
    reader: &Reader<'_>,
    reference: &Reference,
    trust: &TrustPolicy,
    chance: &mut Chance,
) {
    let index = chance.below(reference.size());
    let subject = reference.statement(index).id();
    let bytes = bundle::make(reader, subject, Wants::default()).unwrap();
    let checked = verifier::bundle::check(&bytes, trust).unwrap();
    assert_eq!((checked.subject, checked.head.size()), (subject, reference.size()));
    let mut has_subject = false;
    for record in checked.evidence.records() {
        assert_eq!(record.envelope.bytes(), reference.statement(record.index.0).envelope.bytes());
        // The log's last entry is there for its time alone, without its key.
        has_subject |= record.index == Index(index) && record.standing.is_ok();
    }
    assert!(has_subject);
}

fn tree_hash(hash: &Hash) -> TreeHash {
    TreeHash::new(*hash)
}

pub(crate) fn hashes(hashes: &[Hash]) -> Vec<TreeHash> {
    hashes.iter().map(tree_hash).collect()
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap()
}
