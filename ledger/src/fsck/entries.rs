//! The entries: each one's form, link, time, signature and admission at its place; and the tree over them.
//!
//! Entries that cannot be read, or are not there, are passed over where the tiles still have their leaves: what is behind
//! them is checked with those, and shown right or wrong by the head, the note and the anchor.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rayon::prelude::*;
use schemas::envelope::Statement;
use schemas::ids::EntryHash;
use schemas::payload::Body;
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use verifier::registry::{Registry, admit};

use super::Findings;
use super::ahead::{self, Ended, Rows};
use super::entry::{Keyed, Parsed, Verdict, verify};
use super::kept::Kept;
use super::read::{Indexed, Read};
use super::sequences::Low;
use super::sums::{Derived, Summing};
use super::tree::Tree;
use crate::store::rows::{Head, index_bytes};
use crate::store::{Column, Store};

/// Entries of a chunk whose signatures are checked together on one core.
const TOGETHER: usize = 64;

/// Most entries that are tried one by one for the first that can be read again: many times what one block holds.
const PROBES_MAX: u64 = 4_096;

/// Reads all entries in order. Keeps root and chain at the sizes asked for.
pub(super) fn check(
    store: &dyn Store,
    summing: &Summing,
    sizes: &BTreeSet<u64>,
    indexed: Indexed,
    findings: &mut Findings,
) -> Read {
    let mut walk = Walk::new(store, summing, sizes, indexed);
    loop {
        let first = match walk.rows(findings) {
            Ended::Last => return walk.end(None, findings),
            Ended::Gap(key, at) => {
                let first = walk.next;
                let passed = walk.pass(at, findings);
                let detail = format!("expected entry {first} next; {}", what_of_the_rest(passed, first, at));
                findings.row("entry-missing", Column::Entries, &key, Some(first), detail);
                if passed { continue } else { first }
            }
            Ended::Failed(error) => {
                let first = walk.next;
                let again = walk.readable_again();
                let passed = again.is_some_and(|at| walk.pass(at, findings));
                findings.entries_unreadable(first, &error, &what_of_the_rest(passed, first, walk.next));
                if passed { continue } else { first }
            }
        };
        return walk.end(Some(first), findings);
    }
}

/// What was done about the entries behind some that could not be read.
fn what_of_the_rest(passed: bool, first: u64, next: u64) -> String {
    if passed {
        let last = next.saturating_sub(1);
        let entries = if first == last {
            format!("entry {first} is")
        } else {
            format!("entries {first} to {last} are")
        };
        format!("{entries} passed over with the hashes that the tiles have; the rest is checked")
    } else {
        format!("nothing from entry {first} on is checked")
    }
}

struct Walk<'s> {
    store: &'s dyn Store,
    summing: &'s Summing,
    sizes: &'s BTreeSet<u64>,
    indexed: Indexed,
    /// The entry expected next.
    next: u64,
    registry: Option<Registry>,
    /// Whether the registry knows all that was said before: an entry that nobody can read may have changed it.
    registry_whole: bool,
    tree: Tree<'s>,
    chain: Option<EntryHash>,
    time: Time,
    derived: Derived,
    sequences: Kept<'s>,
    low: Low,
    holes: Vec<Range<u64>>,
    chains: BTreeMap<u64, EntryHash>,
}

impl<'s> Walk<'s> {
    fn new(store: &'s dyn Store, summing: &'s Summing, sizes: &'s BTreeSet<u64>, indexed: Indexed) -> Self {
        Self {
            store,
            summing,
            sizes,
            indexed,
            next: 0,
            registry: None,
            registry_whole: true,
            tree: Tree::new(store, sizes),
            chain: None,
            time: Time(0),
            derived: Derived::default(),
            sequences: Kept::new(store),
            low: Low::default(),
            holes: Vec::new(),
            chains: BTreeMap::new(),
        }
    }

    /// Takes rows in order for as long as each is the next.
    fn rows(&mut self, findings: &mut Findings) -> Ended {
        ahead::rows(self.store, self.next, |rows| match rows {
            Rows::Entries(entries) => self.chunk(&entries, findings),
            Rows::Stray(key) => {
                findings.row("entry-unknown", Column::Entries, &key, None, "is not an index of 8 bytes");
            }
        })
    }

    /// The first entry behind the next one that can be read, or the end of the column.
    fn readable_again(&self) -> Option<u64> {
        let readable = |index: &u64| self.store.get(Column::Entries, &index_bytes(Index(*index))).is_ok();
        if readable(&self.next) {
            // One by one it could be read, in order it could not: there is no way round.
            return None;
        }
        (self.next..self.next.saturating_add(PROBES_MAX)).find(readable)
    }

    /// Passes over the entries up to `to` with the leaves that the tiles have of them; not where one is missing there.
    fn pass(&mut self, to: u64, findings: &mut Findings) -> bool {
        let hole = self.next..to;
        let Some(leaves) = self.tree.kept_leaves(hole.clone()) else { return false };
        self.tree.grow(&leaves, findings);
        self.holes.push(hole);
        self.next = to;
        self.chain = None;
        self.registry_whole = false;
        true
    }

    fn chunk(&mut self, parsed: &[Parsed], findings: &mut Findings) {
        self.next += parsed.len() as u64;
        let mut to_verify = Vec::new();
        for entry in parsed {
            if let Some(checked) = self.place(entry, findings) {
                to_verify.push(checked);
            }
        }
        let (sequences, tree) = (&self.sequences, &mut self.tree);
        let (summing, indexed) = (self.summing, self.indexed);
        let leaves: Vec<TreeHash> = parsed.iter().map(|entry| entry.leaf).collect();
        // What has one thread goes on beside what has all.
        let (verdicts, ()) = rayon::join(
            || -> Vec<Verdict> {
                to_verify
                    .par_chunks(TOGETHER)
                    .flat_map_iter(|entries| verify(sequences, summing, indexed, entries))
                    .collect()
            },
            || tree.grow(&leaves, findings),
        );
        for Verdict { index, derived, signature, unknown_to } in verdicts {
            self.derived = self.derived.plus(derived);
            if let Some(detail) = signature {
                let key = index_bytes(index);
                findings.row("signature-invalid", Column::Entries, &key, Some(index.0), detail);
            }
            match unknown_to {
                Some((slot, Ok(row))) => self.low.take(slot, index, row),
                Some((_, Err(error))) => findings.store(Some(Column::Sequences), Some(index.0), &error),
                None => {}
            }
        }
    }

    /// What depends on an entry's place: link, time, key and role. Gives the key to check its signature with.
    fn place<'e>(&mut self, parsed: &'e Parsed, findings: &mut Findings) -> Option<Keyed<'e>> {
        let Parsed { index, hash, entry, .. } = parsed;
        let key = index_bytes(*index);
        let mut bad = |code, detail: String| findings.row(code, Column::Entries, &key, Some(index.0), detail);
        let before = self.chain.replace(*hash);
        let size = index.0.saturating_add(1);
        if self.sizes.contains(&size) {
            self.chains.insert(size, *hash);
        }
        let (entry, statement) = match entry {
            Ok(parts) => parts,
            Err(detail) => {
                bad("entry-form", detail.clone());
                self.registry_whole = false;
                return None;
            }
        };
        if entry.time < self.time {
            bad("entry-time", format!("time {} is before {} of the entry before", entry.time.0, self.time.0));
        }
        self.time = self.time.max(entry.time);
        let statement = match statement {
            Ok(statement) => statement,
            Err(detail) => {
                bad("statement-form", detail.clone());
                self.registry_whole = false;
                return None;
            }
        };
        if let Some(expected) = expected_link(*index, before, statement)
            && expected != entry.prev
        {
            bad("entry-link", format!("links to {}, expected {expected}", entry.prev));
        }
        if index.0 == 0 {
            match Registry::from_genesis(statement) {
                Ok(registry) => self.registry = Some(registry),
                Err(error) => bad("genesis-invalid", error.to_string()),
            }
        }
        let Some(registry) = &mut self.registry else { return Some((*index, statement, None)) };
        if let Err(refusal) = admit(registry, statement, *index, entry.time)
            && self.registry_whole
        {
            bad("entry-not-admissible", format!("{}: {refusal}", refusal.code()));
        }
        let key = registry.key(&statement.envelope.kid).map(|registered| registered.key.clone());
        registry.record(statement, *index, entry.time);
        Some((*index, statement, key))
    }

    fn end(mut self, stopped: Option<u64>, findings: &mut Findings) -> Read {
        if self.tree.size() == 0 && stopped.is_none() {
            findings.log("genesis-missing", Some(0), "there is no entry");
        }
        self.tree.end(stopped.is_none(), findings);
        self.low.end(findings);
        let chain = self.chain.unwrap_or(EntryHash::new([0; 32]));
        Read {
            head: Head { size: self.tree.size(), time: self.time, root: self.tree.root(), chain },
            last_known: self.chain.is_some(),
            registry: self.registry,
            indexed: self.indexed,
            derived: self.derived,
            holes: self.holes,
            stopped,
            roots: self.tree.into_roots(),
            chains: self.chains,
        }
    }
}

/// What an entry must link to; nothing where the entry before could not be read.
fn expected_link(index: Index, before: Option<EntryHash>, statement: &Statement) -> Option<EntryHash> {
    match &statement.payload.body {
        Body::Genesis(genesis) if index.0 == 0 => Some(EntryHash::of_origin(genesis.origin.as_str())),
        _ => before,
    }
}
