//! What the log must be: a list of entries, with everything that follows from them found by looking at all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::outcome::{Outcome, Refused, Warning};
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{StatementId, TermId};
use schemas::payload::Kind;
use schemas::term::terms;
use schemas::time::Index;

use crate::machine::cast::{Cast, Said};
use crate::machine::tree::{Hash, Tree};

/// A log as a list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reference {
    pub(crate) entries: Vec<Arc<[u8]>>,
    pub(crate) tree: Tree,
    /// Hash of the last entry; before the first one that of the origin.
    pub(crate) chain: Hash,
    pub(crate) time: u64,
    /// The index, as the entries give it.
    pub(crate) ids: BTreeMap<Hash, u64>,
    pub(crate) terms: BTreeMap<TermId, Vec<u64>>,
    pub(crate) kinds: Vec<Kind>,
    /// Whose key is registered, and where it still counts.
    registered: BTreeMap<usize, bool>,
    /// Numbers that are used, and the first place of each source event.
    slots: BTreeSet<(usize, u64)>,
    sources: BTreeMap<u64, u64>,
    /// Statements that were said in bulk.
    pub(crate) told: u64,
}

impl Reference {
    pub(crate) fn new(origin: &str, genesis: &[u8], time: u64) -> Self {
        let mut reference = Self { chain: blake3::hash(origin.as_bytes()).into(), ..Self::default() };
        reference.append(time, genesis);
        reference
    }

    pub(crate) fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    pub(crate) fn root(&self) -> Hash {
        self.tree.root(self.tree.len())
    }

    /// Whether this is a history with all of `other` at its beginning.
    pub(crate) fn goes_on_from(&self, other: &Self) -> bool {
        self.entries.starts_with(&other.entries)
    }

    /// What becomes of one group: entries where they are to be, and what each sender is to be told.
    pub(crate) fn group(&mut self, cast: &Cast, now: u64, said: &[(Said, Vec<u8>)]) -> Vec<Outcome> {
        said.iter().map(|(said, bytes)| self.decide(cast, now, said, bytes)).collect()
    }

    fn decide(&mut self, cast: &Cast, now: u64, said: &Said, bytes: &[u8]) -> Outcome {
        let id = StatementId::of(bytes);
        if let Some(index) = self.ids.get(id.as_bytes()) {
            return Outcome::Duplicate { id, index: Index(*index) };
        }
        if let Some(code) = self.refusal(cast, said) {
            return Outcome::Refused(Refused { id: Some(id), code, detail: String::new() });
        }
        if let Said::Imported { event, .. } = said
            && let Some(index) = self.sources.get(event)
        {
            return Outcome::AlreadyImported { id: self.statement(*index).id(), index: Index(*index) };
        }
        let index = self.append(now, bytes);
        let mut warnings = Vec::new();
        match said {
            Said::Numbered { who, seq, .. } => {
                if !self.slots.insert((*who, *seq)) {
                    warnings.push(Warning::SeqConflict);
                }
            }
            Said::Imported { event, .. } => {
                self.sources.insert(*event, index);
            }
            Said::Register { who } => {
                self.registered.insert(*who, true);
            }
            Said::Compromise { who } => {
                self.registered.insert(*who, false);
            }
            Said::Decision { .. } | Said::New { .. } | Said::Wrong(_) => {}
        }
        Outcome::Appended { id, index: Index(index), warnings }
    }

    /// Why this may not stand in the log now.
    fn refusal(&self, cast: &Cast, said: &Said) -> Option<&'static str> {
        let who = match said {
            Said::Wrong(wrong) => return Some(wrong.code()),
            Said::Register { .. } | Said::Compromise { .. } | Said::New { .. } => return None,
            Said::Decision { who, .. } | Said::Numbered { who, .. } | Said::Imported { who, .. } => *who,
        };
        match self.registered.get(&who) {
            None => Some("unknown-key"),
            Some(false) => Some("key-compromised"),
            Some(true) if cast.may(who, said) => None,
            Some(true) => Some("role-vantage"),
        }
    }

    /// Whether a key can be withdrawn: whoever was never registered has none.
    pub(crate) fn knows(&self, who: usize) -> bool {
        self.registered.contains_key(&who)
    }

    pub(crate) fn statement(&self, index: u64) -> Statement {
        let entry = Entry::decode(&self.entries[index as usize]).unwrap();
        Statement::decode(&entry.statement).unwrap()
    }

    /// The next entry: `[1, index, time, prev, statement]` in CBOR (RFC 8949 §3).
    pub(crate) fn append(&mut self, time: u64, statement: &[u8]) -> u64 {
        let index = self.size();
        let mut entry = vec![0x85, 1];
        entry.extend(head(0, index));
        entry.extend(head(0, time));
        entry.extend([head(2, 32), self.chain.to_vec()].concat());
        entry.extend([head(2, statement.len() as u64), statement.to_vec()].concat());
        self.tree.push(&entry);
        self.chain = blake3::hash(&entry).into();
        self.time = time;
        let decoded = Statement::decode(statement).unwrap();
        self.kinds.push(decoded.payload.kind);
        for term in terms(&decoded) {
            self.terms.entry(term).or_default().push(index);
        }
        self.ids.insert(*decoded.id().as_bytes(), index);
        self.entries.push(entry.into());
        index
    }
}

/// Major type and argument of a data item, in the shortest form.
fn head(major: u8, argument: u64) -> Vec<u8> {
    let major = major << 5;
    match argument {
        0..24 => vec![major | argument as u8],
        24..0x100 => vec![major | 24, argument as u8],
        0x100..0x1_0000 => [vec![major | 25], (argument as u16).to_be_bytes().to_vec()].concat(),
        0x1_0000..0x1_0000_0000 => [vec![major | 26], (argument as u32).to_be_bytes().to_vec()].concat(),
        _ => [vec![major | 27], argument.to_be_bytes().to_vec()].concat(),
    }
}
