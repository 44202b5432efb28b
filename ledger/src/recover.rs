//! Opening a log: what must hold before anything is served or signed.
//!
//! Cheap enough for every start: the head against the tree's edge and the last entry, the keys, the entries behind the
//! anchor. `writd fsck` recomputes the rest.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use schemas::envelope::Statement;
use schemas::ids::{EntryHash, LogId};
use schemas::payload::Kind;
use schemas::term::{Term, terms};
use schemas::text::Origin;
use schemas::time::Index;
use thiserror::Error;
use verifier::merkle::{NodeSource, TileEdge, TiledTree, leaf_hash, root_at};
use verifier::registry::{GenesisError, Registry, admit};

use crate::anchor::{Anchor, AnchorError, Mark};
use crate::apply::View;
use crate::catch_up::{ahead, catch_up};
use crate::reindex::{ReindexError, rebuild};
use crate::store::rows::{Head, Rows, decode_entry};
use crate::store::sequence::Slot;
use crate::store::{Column, Store, StoreError};

/// Key statements read at a time while the registry is put together.
const KEYS_PAGE: usize = 1_024;

/// Why a log cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The store says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The anchor says no.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// There is no genesis at index 0.
    #[error("entry #0 is no genesis of this format: {detail}")]
    Genesis {
        /// What it is.
        detail: String,
    },
    /// Head, tree and entries do not fit together.
    #[error("the store contradicts itself at entry {index}: {detail}")]
    Contradiction {
        /// The first entry concerned.
        index: Index,
        /// What was expected and met.
        detail: String,
    },
    /// The index cannot be made again.
    #[error(transparent)]
    Reindex(#[from] ReindexError),
    /// The store is older than the anchor, or is another history.
    #[error(
        "rollback: the store has {store}, but the anchor {path} says that this log had {anchored}. \
         The folder was restored from an older copy or changed. Put the newest copy back; nothing is signed until then"
    )]
    Rollback {
        /// Size and root of the store, at the anchor's size where it has that many entries.
        store: String,
        /// Size and root in the anchor.
        anchored: String,
        /// The anchor file.
        path: String,
    },
}

impl From<GenesisError> for OpenError {
    fn from(error: GenesisError) -> Self {
        Self::Genesis { detail: error.to_string() }
    }
}

impl OpenError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Anchor(error) => error.code(),
            Self::Genesis { .. } => "genesis-invalid",
            Self::Reindex(ReindexError::Store(error)) => error.code(),
            Self::Contradiction { .. } | Self::Reindex(ReindexError::Entries { .. }) => "store-contradiction",
            Self::Rollback { .. } => "rollback",
        }
    }

    /// The derived columns that can be at fault: one that cannot be read, or all where parts contradict each other.
    fn suspects(&self) -> Vec<Column> {
        match self {
            Self::Store(error) | Self::Reindex(ReindexError::Store(error)) => {
                error.damaged_index().into_iter().collect()
            }
            Self::Contradiction { .. } => Column::DERIVED.to_vec(),
            _ => Vec::new(),
        }
    }
}

/// A log as its store shows it.
#[derive(Debug)]
pub struct Loaded {
    /// The log.
    pub log: LogId,
    /// Its name.
    pub origin: Origin,
    /// The keys as of the head.
    pub registry: Registry,
    /// What the next group is applied to.
    pub view: View,
}

/// Reads a log like [`load`], with the latest part of its index, which a store may have kept in memory alone. Makes the index again
/// where that is what is wrong, or was being made again.
pub fn load_whole(store: &dyn Store) -> Result<Loaded, OpenError> {
    let mut to_make = Rows(store).unfinished()?;
    to_make.extend(ahead(store)?.into_iter().filter(|column| !to_make.contains(column)).collect::<Vec<_>>());
    if !to_make.is_empty() {
        rebuild(store, &to_make)?;
    }
    let load = || {
        catch_up(store)?;
        load(store)
    };
    load().or_else(|error| {
        rebuild_suspects(store, error)?;
        load()
    })
}

/// Does what [`reconcile`] does, and makes the index again where that is what is wrong.
pub fn reconcile_whole(store: &dyn Store, loaded: Loaded, anchor: &mut Anchor) -> Result<Loaded, OpenError> {
    match reconcile(store, &loaded, anchor) {
        Ok(()) => Ok(loaded),
        Err(error) => {
            rebuild_suspects(store, error)?;
            let loaded = load(store)?;
            reconcile(store, &loaded, anchor)?;
            Ok(loaded)
        }
    }
}

/// Makes again what can have led to an error. Where that is nothing, or the entries themselves do not add up to the head, the
/// error stands.
fn rebuild_suspects(store: &dyn Store, error: OpenError) -> Result<(), OpenError> {
    let suspects = error.suspects();
    if suspects.is_empty() {
        return Err(error);
    }
    tracing::warn!(%error, "the index may be damaged");
    match rebuild(store, &suspects) {
        Ok(_) => Ok(()),
        Err(ReindexError::Entries { .. }) => Err(error),
        Err(other) => Err(other.into()),
    }
}

/// Reads a log and holds its head against its tree and its last entry.
pub fn load(store: &dyn Store) -> Result<Loaded, OpenError> {
    let rows = Rows(store);
    let genesis = genesis(&rows)?;
    let mut registry = Registry::from_genesis(&genesis)?;
    let head = rows.head()?;
    let edge = TileEdge::load(&rows, head.size).map_err(|error| contradiction(head.size, &error))?;
    if edge.root() != head.root {
        let detail = format!("the tiles give root {}, the head says {}", edge.root(), head.root);
        return Err(contradiction(head.size, &detail));
    }
    check_last(&rows, &head)?;
    record_keys(&rows, head.size, &mut registry)?;
    let origin = registry.genesis().origin.clone();
    Ok(Loaded { log: registry.log(), origin, registry, view: View { head, edge: Arc::new(edge) } })
}

/// Holds a loaded log against its anchor; where the log is ahead, checks what came after and advances the anchor.
pub fn reconcile(store: &dyn Store, loaded: &Loaded, anchor: &mut Anchor) -> Result<(), OpenError> {
    let head = loaded.view.head;
    let mark = anchor.mark();
    check_not_behind(store, &head, &mark, anchor.path())?;
    if mark.size < head.size {
        // Killed between the store's sync and the anchor's: what is there was never acknowledged, but it is whole.
        let rows = Rows(store);
        let mut registry = Registry::from_genesis(&genesis(&rows)?)?;
        // The keys as they were when these entries were accepted: a later withdrawal must not count against them.
        record_keys(&rows, mark.size, &mut registry)?;
        for index in mark.size..head.size {
            check_tail_entry(&rows, loaded, &mut registry, Index(index))?;
        }
        tracing::info!(
            from = mark.size,
            to = head.size,
            "the store was ahead of the anchor; its tail is verified"
        );
    }
    // Also where nothing moved: the older slot may be a torn one.
    anchor.advance(Mark { log: loaded.log, size: head.size, root: head.root, chain: head.chain })?;
    anchor.advance(Mark { log: loaded.log, size: head.size, root: head.root, chain: head.chain })?;
    Ok(())
}

/// The statement at index 0.
pub fn genesis(rows: &Rows<'_>) -> Result<Statement, OpenError> {
    let absent = || OpenError::Genesis { detail: "there is none".into() };
    let entry = rows.entry(Index(0))?.ok_or_else(absent)?;
    let statement = Statement::decode(&entry.statement);
    statement.map_err(|error| OpenError::Genesis { detail: error.to_string() })
}

fn contradiction(size: u64, detail: &dyn Display) -> OpenError {
    OpenError::Contradiction { index: Index(size.saturating_sub(1)), detail: detail.to_string() }
}

/// The last entry is the head's, and there is none behind it.
fn check_last(rows: &Rows<'_>, head: &Head) -> Result<(), OpenError> {
    let last = head.size.checked_sub(1).map(Index);
    let last = last.ok_or_else(|| contradiction(0, &"the head says that the log is empty"))?;
    let bytes =
        rows.entry_bytes(last)?.ok_or_else(|| contradiction(head.size, &"the last entry is missing"))?;
    let entry = decode_entry(last, &bytes)?;
    let chain = EntryHash::of(&bytes);
    if (chain, entry.time) != (head.chain, head.time) {
        let detail = format!(
            "the last entry has hash {chain} and time {}, the head says {} and {}",
            entry.time.0, head.chain, head.time.0
        );
        return Err(contradiction(head.size, &detail));
    }
    match rows.entry_bytes(Index(head.size))? {
        Some(_) => Err(contradiction(head.size.saturating_add(1), &"there is an entry behind the head")),
        None => Ok(()),
    }
}

/// Takes in every change of keys below `size`. Their places come from the index; each entry is held against the tree.
fn record_keys(rows: &Rows<'_>, size: u64, registry: &mut Registry) -> Result<(), OpenError> {
    let term = Term::Kind(Kind::Key).id();
    let mut from = Index(0);
    loop {
        let page = rows.term(&term, from, size, KEYS_PAGE)?;
        for index in &page {
            let bytes = rows.entry_bytes(*index)?;
            let bytes =
                bytes.ok_or_else(|| contradiction(index.0.saturating_add(1), &"the entry is missing"))?;
            check_leaf(rows, *index, &bytes)?;
            let entry = decode_entry(*index, &bytes)?;
            let statement = Statement::decode(&entry.statement);
            let statement = statement.map_err(|error| contradiction(index.0.saturating_add(1), &error))?;
            registry.record(&statement, *index, entry.time);
        }
        match page.last() {
            Some(last) if page.len() == KEYS_PAGE => from = Index(last.0.saturating_add(1)),
            _ => return Ok(()),
        }
    }
}

fn check_leaf(rows: &Rows<'_>, index: Index, bytes: &[u8]) -> Result<(), OpenError> {
    let tree = TiledTree::new(*rows);
    let leaf = tree.node(0, index.0).map_err(|error| contradiction(index.0.saturating_add(1), &error))?;
    if leaf == leaf_hash(bytes) {
        return Ok(());
    }
    Err(contradiction(index.0.saturating_add(1), &"the entry does not hash to its leaf in the tree"))
}

/// The store has all that the anchor knows of, and the same history.
pub(crate) fn check_not_behind(
    store: &dyn Store,
    head: &Head,
    mark: &Mark,
    anchor: &Path,
) -> Result<(), OpenError> {
    let rollback = |store: String| OpenError::Rollback {
        store,
        anchored: format!("size {} with root {}", mark.size, mark.root),
        path: anchor.display().to_string(),
    };
    if head.size < mark.size {
        return Err(rollback(format!("size {} with root {}", head.size, head.root)));
    }
    let root = root_at(&TiledTree::new(Rows(store)), mark.size);
    let root = root.map_err(|error| contradiction(mark.size, &error))?;
    let last =
        mark.size.checked_sub(1).map(|last| Rows(store).entry_bytes(Index(last))).transpose()?.flatten();
    let chain = last.map(|bytes| EntryHash::of(&bytes));
    if root != mark.root {
        return Err(rollback(format!("root {root} at size {}", mark.size)));
    }
    if chain != Some(mark.chain) {
        let got = chain.map_or_else(|| "none".to_owned(), |chain| chain.to_string());
        return Err(rollback(format!("chain head {got} at size {}, expected {}", mark.size, mark.chain)));
    }
    Ok(())
}

/// An entry that the anchor does not yet cover, checked like a new one: link, leaf, rows, signature, admission.
fn check_tail_entry(
    rows: &Rows<'_>,
    loaded: &Loaded,
    registry: &mut Registry,
    index: Index,
) -> Result<(), OpenError> {
    let wrong = |detail: &dyn Display| contradiction(index.0.saturating_add(1), detail);
    let bytes = rows.entry_bytes(index)?.ok_or_else(|| wrong(&"the entry is missing"))?;
    check_leaf(rows, index, &bytes)?;
    let entry = decode_entry(index, &bytes)?;
    let before = index.0.checked_sub(1).map(|before| rows.entry_bytes(Index(before))).transpose()?.flatten();
    let prev =
        before.map_or_else(|| EntryHash::of_origin(loaded.origin.as_str()), |bytes| EntryHash::of(&bytes));
    if prev != entry.prev {
        return Err(wrong(&format!("it links to {}, the entry before has hash {prev}", entry.prev)));
    }
    let statement = Statement::decode(&entry.statement).map_err(|error| wrong(&error))?;
    if rows.index_of(&statement.id())? != Some(index) {
        return Err(wrong(&"its id row is missing or names another entry"));
    }
    if let Some(slot) = Slot::of(&statement)
        && !rows.highest(&slot.sequence)?.is_some_and(|highest| highest.covers(slot.number, index))
    {
        return Err(wrong(&format!("the row of its sequence does not know of number {}", slot.number)));
    }
    for term in terms(&statement) {
        if rows.term(&term, index, index.0.saturating_add(1), 1)?.is_empty() {
            return Err(wrong(&format!("its row of term {term} is missing")));
        }
    }
    admit(registry, &statement, index, entry.time).map_err(|error| wrong(&error))?;
    let key = registry.key(&statement.envelope.kid).ok_or_else(|| wrong(&"its key is unknown"))?;
    key.key.verify_envelope(&statement.envelope).map_err(|error| wrong(&error))?;
    registry.record(&statement, index, entry.time);
    Ok(())
}
