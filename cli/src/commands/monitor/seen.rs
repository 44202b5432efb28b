//! What emitters say they have seen of the log: heads that spread in its own statements, each held against its tree.

use std::collections::BTreeMap;

use gateway::client::Client;
use schemas::entry::Place;
use schemas::envelope::Statement;
use schemas::note::Note;
use schemas::proof::ConsistencyProof;
use schemas::tree::TreeHash;
use verifier::checkpoint::VerifiedHead;
use verifier::merkle::{
    ConsistencyClaim, TileEdge, TiledTree, leaf_hash, prove_consistency, root_at, verify_consistency,
};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::fork::TilesAt;
use crate::heads::{Heads, Kept};
use crate::moment;
use crate::source::LogSource;
use crate::stop::Stop;
use crate::trust::Trust;

/// Code of the alarm that a statement's head is not the log's.
pub(super) const UNCONFIRMED: &str = "seen-unconfirmed";

/// Heads that are held against one reading of the tree's tiles, which stay in memory until then.
const HEADS_TOGETHER: usize = 256;

/// How far the statements of a log were read.
pub(super) struct Reading {
    /// Entries below it were read, by this run or one before; nothing where none ever began.
    read: Option<u64>,
    edge: TileEdge,
    stop: Stop,
}

/// Where a head was first named: index of the entry, and who signed it.
type Named = (u64, String);

/// Heads by size and root, each with where it was first named.
type NamedHeads = BTreeMap<(u64, TreeHash), Named>;

impl Reading {
    /// Goes on from there; where no run was before, from the first head that is met.
    pub(super) fn new(read: Option<u64>, stop: Stop) -> Self {
        Self { read, edge: TileEdge::new(), stop }
    }

    /// Reads the statements up to a head that was shown to go on from the ones before; an alarm for each that has seen another log.
    ///
    /// The entries are hashed: what is read is what is under the head, or nothing is concluded. Where an end is asked for meanwhile the next
    /// run reads them.
    pub(super) fn go_on(
        &mut self,
        trust: &Trust,
        heads: &Heads,
        log: &Client,
        (note, head): (&Note, &VerifiedHead),
    ) -> Result<Vec<Failure>, Failure> {
        let kept = heads.kept(trust)?;
        let read = |size| Kept::Read { at: moment::now().0, size };
        let Some(start) = self.read else {
            kept.add(&read(head.size()))?;
            self.read = Some(head.size());
            return Ok(Vec::new());
        };
        if start >= head.size() {
            return Ok(Vec::new());
        }
        let named = match self.read_to(log, start, head) {
            Ok(Some(named)) => named,
            Ok(None) => return Ok(Vec::new()),
            Err(failure) => return Ok(vec![failure]),
        };
        let mut alarms = Vec::new();
        let named: Vec<_> = named.into_iter().collect();
        for heads_together in named.chunks(HEADS_TOGETHER) {
            let tree = TiledTree::new(TilesAt { log, size: head.size() });
            for ((size, root), (index, iss)) in heads_together {
                let own = match own_root(&tree, *size, *root, head) {
                    Ok(own) => own,
                    Err(failure) => return Ok(vec![failure]),
                };
                let confirmed = own == Some(*root);
                let (at, iss) = (moment::now().0, iss.clone());
                kept.add(&Kept::Seen {
                    at,
                    index: *index,
                    iss: iss.clone(),
                    size: *size,
                    root: *root,
                    confirmed,
                })?;
                if !confirmed {
                    let failure = unconfirmed((*index, iss), (*size, *root), own);
                    alarms.push(heads.with_proof_of(failure, trust, (*size, *root), note, log)?);
                }
            }
        }
        kept.add(&read(head.size()))?;
        self.read = Some(head.size());
        Ok(alarms)
    }

    /// The heads that new statements name, each with where it was named first; nothing where an end was asked for.
    fn read_to(
        &mut self,
        log: &Client,
        start: u64,
        head: &VerifiedHead,
    ) -> Result<Option<NamedHeads>, Failure> {
        if self.edge.size() != start {
            let edge = TileEdge::load(&TilesAt { log, size: start }, start);
            self.edge = edge.map_err(|error| Failure::new(error.code(), error.to_string()))?;
        }
        let (mut edge, mut named) = (self.edge.clone(), BTreeMap::new());
        while edge.size() < head.size() {
            if self.stop.asked() {
                return Ok(None);
            }
            let entries = LogSource::entries(log, edge.size(), head.size())?;
            for (index, entry) in (edge.size()..).zip(&entries) {
                let statement = Place::split(entry).ok().and_then(|(_, bytes)| Statement::decode(bytes).ok());
                let Some(statement) = statement else { continue };
                if let Some(seen) = statement.payload.seen {
                    let iss = statement.envelope.iss.to_string();
                    named.entry((seen.size, seen.root)).or_insert((index, iss));
                }
            }
            let leaves: Vec<TreeHash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
            let update =
                edge.append(&leaves).map_err(|error| Failure::new(error.code(), error.to_string()))?;
            edge = update.into_edge();
        }
        if edge.root() != head.root() {
            let what = format!("the entries from #{start} on do not add up to the signed root");
            return Err(Failure::new("root-mismatch", what)
                .values(head.root(), edge.root())
                .exit(Exit::Tampered));
        }
        self.edge = edge;
        Ok(Some(named))
    }
}

/// The root that the log's tree has at a size, which the head proves; nothing where the tree is smaller. `claimed` saves work where it
/// is that root.
fn own_root(
    tree: &TiledTree<TilesAt<'_>>,
    size: u64,
    claimed: TreeHash,
    head: &VerifiedHead,
) -> Result<Option<TreeHash>, Failure> {
    if size > head.size() {
        return Ok(None);
    }
    if size == 0 {
        return Ok(Some(TreeHash::EMPTY_ROOT));
    }
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new("server-answer", format!("the log's tiles are not those of its head: {error}"))
    };
    let path = prove_consistency(tree, size, head.size()).map_err(|error| unreadable(&error))?.path;
    let proof = ConsistencyProof { first: size, second: head.size(), path };
    let begins =
        |first_root| verify_consistency(&proof, ConsistencyClaim { first_root, second_root: head.root() });
    if begins(claimed).is_ok() {
        return Ok(Some(claimed));
    }
    let own = root_at(tree, size).map_err(|error| unreadable(&error))?;
    begins(own).map_err(|error| unreadable(&error))?;
    Ok(Some(own))
}

fn unconfirmed((index, iss): Named, (size, root): (u64, TreeHash), own: Option<TreeHash>) -> Failure {
    let what = format!(
        "entry #{index} by {iss} has seen a head that is not this log's: it was shown another history, or does not tell the truth"
    );
    let own = own.map_or_else(|| "no tree of that size yet".into(), |own| format!("root {own}"));
    Failure::new(UNCONFIRMED, what)
        .values(format!("{own} at size {size}"), format!("root {root}"))
        .exit(Exit::Indeterminate)
        .next(format!(
            "ask {iss} for the signed head of size {size}: with it a fork is proved, without it nothing is"
        ))
}
