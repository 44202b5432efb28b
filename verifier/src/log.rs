//! Verifies a whole log, entry by entry, in memory that does not grow with it beyond its keys.
//!
//! In three steps, so that a caller with several cores can do the first and the last in parallel: [`Prepared::new`] looks at
//! an entry by itself, [`LogVerifier::place`] at its place, in order, and [`Placed::check`] at its signature.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::entry::Place;
use schemas::envelope::{Envelope, Statement, StatementError};
use schemas::ids::EntryHash;
use schemas::payload::Body;
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use serde::Serialize;

use crate::checkpoint::VerifiedHead;
use crate::merkle::{TreeHasher, leaf_hash};
use crate::registry::{GenesisError, LogKeyError, Registry, admit};
use crate::signature::{CheckedKey, verify_all};

/// Something wrong with a log at one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogFinding {
    /// The entry.
    pub index: Index,
    /// Stable name of what is wrong.
    pub code: &'static str,
    /// What would have held, and what was met.
    pub detail: String,
}

/// An entry looked at by itself.
#[derive(Clone, Debug)]
pub struct Prepared {
    leaf: TreeHash,
    hash: EntryHash,
    content: Result<Content, (&'static str, String)>,
}

#[derive(Clone, Debug)]
struct Content {
    place: Place,
    said: Said,
}

/// A statement, or only its envelope where the payload is of a form that this program does not know.
#[derive(Clone, Debug)]
enum Said {
    Known(Box<Statement>),
    Unknown(Box<Envelope>),
}

/// An entry looked at in its place; its signature is still to be checked.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    /// What is wrong with it so far.
    pub finding: Option<LogFinding>,
    /// Whether its payload is of a form that this program does not know: kept opaque, its signature checked all the same.
    pub unknown: bool,
    signature: Option<(Index, CheckedKey, Said)>,
}

/// The state of verifying a log from entry 0 on.
#[derive(Clone, Debug, Default)]
pub struct LogVerifier {
    registry: Option<Registry>,
    tree: TreeHasher,
    last: Option<(Time, EntryHash)>,
}

impl Prepared {
    /// Decodes and hashes an entry.
    pub fn new(bytes: &[u8]) -> Self {
        Self { leaf: leaf_hash(bytes), hash: EntryHash::of(bytes), content: decode(bytes) }
    }

    /// When the entry was placed, as it says.
    pub fn time(&self) -> Option<Time> {
        Some(self.content.as_ref().ok()?.place.time)
    }

    /// The statement, where the entry holds one of a known form.
    pub fn statement(&self) -> Option<&Statement> {
        match &self.content.as_ref().ok()?.said {
            Said::Known(statement) => Some(statement),
            Said::Unknown(_) => None,
        }
    }
}

impl Said {
    fn envelope(&self) -> &Envelope {
        match self {
            Self::Known(statement) => &statement.envelope,
            Self::Unknown(envelope) => envelope,
        }
    }
}

impl LogVerifier {
    /// Begins before entry 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on where a verification stopped with nothing wrong: the tree so far, time and hash of the last entry, and at their places
    /// the statements that decide over keys, genesis first and then all of kind `key`. None of it is checked again.
    pub fn resume(
        tree: TreeHasher,
        last: (Time, EntryHash),
        keys: &[(Index, Time, Statement)],
    ) -> Result<Self, GenesisError> {
        let ((_, _, genesis), changes) = keys.split_first().ok_or(GenesisError::NotGenesis)?;
        let mut registry = Registry::from_genesis(genesis)?;
        changes.iter().for_each(|(index, time, change)| registry.record(change, *index, *time));
        Ok(Self { registry: Some(registry), tree, last: Some(last) })
    }

    /// The tree over the entries placed.
    pub fn tree(&self) -> &TreeHasher {
        &self.tree
    }

    /// How many entries were placed.
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The root over the entries placed.
    pub fn root(&self) -> TreeHash {
        self.tree.root()
    }

    /// The keys, once genesis was placed.
    pub fn registry(&self) -> Option<&Registry> {
        self.registry.as_ref()
    }

    /// Whether a key that may sign for the log at its size has signed the head. To be asked once genesis was placed.
    pub fn check_head(&self, head: &VerifiedHead) -> Result<(), LogKeyError> {
        self.registry.as_ref().map_or(Ok(()), |registry| registry.check_head(head))
    }

    /// Time of the last entry placed.
    pub fn time(&self) -> Option<Time> {
        self.last.map(|(time, _)| time)
    }

    /// Hash of the last entry placed: what the next one links to.
    pub fn chain_head(&self) -> Option<EntryHash> {
        self.last.map(|(_, hash)| hash)
    }

    /// Looks at the next entry in its place: index, time, link, key, role and, where it changes keys, signature.
    pub fn place(&mut self, prepared: Prepared) -> Placed {
        let index = Index(self.tree.size());
        self.tree.push(prepared.leaf);
        let Prepared { hash, content, .. } = prepared;
        match content {
            Err((code, detail)) => {
                // What it links to and when it was is unknown: the next entry's link is still checked against its bytes.
                self.last = Some((self.last.map_or(Time(0), |(time, _)| time), hash));
                Placed { finding: Some(LogFinding { index, code, detail }), ..Placed::default() }
            }
            Ok(content) => {
                let order = self.check_order(index, &content);
                self.last = Some((content.place.time, hash));
                let placed =
                    if index == Index(0) { self.begin(content) } else { self.check_place(index, content) };
                Placed { finding: order.or(placed.finding), ..placed }
            }
        }
    }

    fn check_order(&self, index: Index, content: &Content) -> Option<LogFinding> {
        let finding = |code, detail| Some(LogFinding { index, code, detail });
        if content.place.index != index {
            return finding(
                "index-wrong",
                alloc::format!("the entry says {}, it stands at {index}", content.place.index),
            );
        }
        let (time, hash) = self.last?;
        if content.place.prev != hash {
            let detail =
                alloc::format!("links to {}, the entry before it hashes to {hash}", content.place.prev);
            return finding("link-broken", detail);
        }
        if content.place.time < time {
            return finding(
                "time-backwards",
                alloc::format!("is of {}, the one before of {}", content.place.time.0, time.0),
            );
        }
        None
    }

    fn begin(&mut self, content: Content) -> Placed {
        let finding = |code, detail| Placed {
            finding: Some(LogFinding { index: Index(0), code, detail }),
            ..Placed::default()
        };
        let Said::Known(statement) = content.said else {
            return finding("genesis-invalid", String::from("the first entry is of an unknown form"));
        };
        match Registry::from_genesis(&statement) {
            Err(error) => finding("genesis-invalid", error.to_string()),
            Ok(registry) => {
                let expected = EntryHash::of_origin(registry.genesis().origin.as_str());
                self.registry = Some(registry);
                if content.place.prev == expected {
                    Placed::default()
                } else {
                    finding(
                        "link-broken",
                        alloc::format!("links to {}, the origin hashes to {expected}", content.place.prev),
                    )
                }
            }
        }
    }

    fn check_place(&mut self, index: Index, content: Content) -> Placed {
        let finding =
            |code, detail| Placed { finding: Some(LogFinding { index, code, detail }), ..Placed::default() };
        let Some(registry) = &mut self.registry else {
            return finding("genesis-missing", String::from("no genesis says whose keys count"));
        };
        let key = match registry.key_at(&content.said.envelope().kid, index, content.place.time) {
            Ok(key) => key.key.clone(),
            Err(error) => return finding(error.code(), error.to_string()),
        };
        let statement = match content.said {
            Said::Known(statement) => statement,
            unknown @ Said::Unknown(_) => {
                let signature = Some((index, key, unknown));
                return Placed { unknown: true, signature, ..Placed::default() };
            }
        };
        if let Err(refusal) = admit(registry, &statement, index, content.place.time) {
            return finding(refusal.code(), refusal.to_string());
        }
        // A change of keys decides over later entries: its signature cannot wait.
        if let Body::Key(_) = statement.payload.body {
            if let Err(error) = key.verify_envelope(&statement.envelope) {
                return finding(error.code(), error.to_string());
            }
            registry.record(&statement, index, content.place.time);
            return Placed::default();
        }
        Placed { signature: Some((index, key, Said::Known(statement))), ..Placed::default() }
    }
}

impl Placed {
    /// [`Self::check`] of each, with work shared among them.
    pub fn check_all(placed: &[Self]) -> Vec<Option<LogFinding>> {
        let claims: Vec<_> = placed.iter().filter_map(Self::claim).map(|(_, claim)| claim).collect();
        let mut verdicts = verify_all(&claims).into_iter();
        let finding = |placed: &Self| match placed.claim() {
            Some((index, _)) => {
                let error = verdicts.next()?.err()?;
                Some(LogFinding { index, code: error.code(), detail: error.to_string() })
            }
            None => placed.finding.clone(),
        };
        placed.iter().map(finding).collect()
    }

    /// The signature to be checked, unless something was wrong before.
    fn claim(&self) -> Option<(Index, (&CheckedKey, &Envelope))> {
        let (index, key, said) = self.signature.as_ref().filter(|_| self.finding.is_none())?;
        Some((*index, (key, said.envelope())))
    }

    /// Checks the signature, if nothing was wrong before; what is wrong with the entry in the end.
    pub fn check(self) -> Option<LogFinding> {
        Self::check_all(&[self]).pop().flatten()
    }
}

fn decode(bytes: &[u8]) -> Result<Content, (&'static str, String)> {
    let (place, statement) = Place::split(bytes).map_err(|error| (error.code(), error.to_string()))?;
    let named = |error: StatementError| (error.code(), error.to_string());
    let said = match Statement::decode(statement) {
        Ok(statement) => Said::Known(Box::new(statement)),
        Err(error) if error.is_unknown() => {
            Said::Unknown(Box::new(Envelope::decode(statement).map_err(named)?))
        }
        Err(error) => return Err(named(error)),
    };
    Ok(Content { place, said })
}
