//! What the threads at the desk do: posts become one submission to the sequencer; what it decided becomes an answer to each post.

use std::sync::Arc;

use rayon::prelude::*;
use schemas::tree::TreeHash;
use tokio::sync::oneshot;
use verifier::merkle::EdgeUpdate;

use crate::check::check;
use crate::log::{Log, Published};
use crate::outcome::{Decided, Outcome, Refused};
use crate::queue::{Room, Submission};
use crate::read::{ReadError, Reader};
use crate::submit::{Answer, Unavailable};

/// Results that are proved by one thread; more are spread over the cores.
const PROVED_TOGETHER: usize = 256;

/// Statements that were posted together.
#[derive(Debug)]
pub(crate) struct Post {
    /// Their bytes.
    pub(crate) statements: Vec<Vec<u8>>,
    /// Who posted them.
    pub(crate) asker: Asker,
}

/// Where an answer goes, and the room that its statements take until then.
#[derive(Debug)]
pub(crate) struct Asker {
    /// Given back with the answer.
    pub(crate) room: Room,
    /// Told what became of the statements. Dropped without a word where nobody can know: see [`crate::submit`].
    pub(crate) answer: oneshot::Sender<Result<Answer, Unavailable>>,
}

/// A post after the checks that need no place: the outcomes that are known already.
#[derive(Debug)]
struct Staged {
    asker: Asker,
    known: Vec<Option<Outcome>>,
}

/// What became of posts that were checked together.
#[derive(Debug)]
pub(crate) struct Decision {
    posts: Vec<Staged>,
    decided: Decided,
}

impl Asker {
    fn tell(self, answer: Result<Answer, Unavailable>) {
        drop(self.room);
        // Whoever hung up finds the statements in the log all the same.
        let _ = self.answer.send(answer);
    }
}

/// Checks all statements of some posts and queues those that passed. Posts of which nothing is left to decide are answered.
pub(crate) fn stage(log: &Arc<Log>, posts: Vec<Post>) {
    let (statements, askers): (Vec<_>, Vec<_>) =
        posts.into_iter().map(|post| (post.statements, post.asker)).unzip();
    let checked = match check(log, &statements) {
        Ok(checked) => checked,
        Err(error) => return askers.into_iter().for_each(|asker| asker.tell(Err(error.clone().into()))),
    };
    let mut candidates = Vec::with_capacity(checked.len());
    let mut checked =
        checked.into_iter().map(|checked| checked.map(|candidate| candidates.push(candidate)).err());
    let staged = askers.into_iter().zip(&statements).map(|(asker, statements)| Staged {
        asker,
        known: checked.by_ref().take(statements.len()).collect(),
    });
    let (open, known): (Vec<_>, Vec<_>) = staged.partition(|post| post.known.iter().any(Option::is_none));
    if !known.is_empty() {
        let decided = Decided { outcomes: Vec::new(), published: log.published(), tree: None };
        answer(log, Decision { posts: known, decided });
    }
    if candidates.is_empty() {
        return;
    }
    let desk = Arc::clone(log);
    let answer = Box::new(move |decided| desk.desk().decided(Decision { posts: open, decided }));
    // Closed: the log is stopped, and everybody who waits is told so by that.
    let _ = log.queue().send(Submission { candidates, answer });
}

/// Puts the outcomes of each post in order, proves them, and says so.
pub(crate) fn answer(log: &Log, decision: Decision) {
    let Decision { posts, decided: Decided { outcomes, published, tree } } = decision;
    let reader = Reader::new(log, Arc::clone(&published));
    let mut outcomes = outcomes.into_iter();
    for Staged { asker, known } in posts {
        let results: Vec<Outcome> =
            known.into_iter().filter_map(|known| known.or_else(|| outcomes.next())).collect();
        for result in &results {
            if let Outcome::Refused(Refused { code, .. }) = result {
                metrics::counter!("writ_refused_total", "code" => *code).increment(1);
            }
        }
        let proofs = prove(&reader, tree.as_deref(), &results);
        let published = Arc::clone(&published);
        asker.tell(proofs.map(|proofs| Answer { published, results, proofs }).map_err(Unavailable::from));
    }
}

/// The inclusion path of every result that names an entry, under the reader's head.
fn prove(
    reader: &Reader<'_>,
    tree: Option<&EdgeUpdate>,
    results: &[Outcome],
) -> Result<Vec<Vec<TreeHash>>, ReadError> {
    let tree = tree.filter(|tree| tree.size() == reader.size());
    let all = |reader: &Reader<'_>, results: &[Outcome]| {
        results.iter().map(|outcome| prove_one(reader, tree, outcome)).collect::<Result<Vec<_>, _>>()
    };
    if results.len() <= PROVED_TOGETHER {
        return all(reader, results);
    }
    let (log, published): (&Log, &Arc<Published>) = (reader.log(), reader.published());
    let chunks = results.par_chunks(PROVED_TOGETHER);
    let chunks = chunks.map(|chunk| all(&Reader::new(log, Arc::clone(published)), chunk));
    Ok(chunks.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn prove_one(
    reader: &Reader<'_>,
    tree: Option<&EdgeUpdate>,
    outcome: &Outcome,
) -> Result<Vec<TreeHash>, ReadError> {
    let index = match outcome {
        Outcome::Appended { index, .. }
        | Outcome::Duplicate { index, .. }
        | Outcome::AlreadyImported { index, .. } => *index,
        Outcome::Refused(_) => return Ok(Vec::new()),
    };
    match tree.filter(|tree| index.0 >= tree.base()).map(|tree| tree.inclusion(index.0)) {
        Some(Ok(proof)) => Ok(proof.path),
        // Not among the new nodes: from the tiles, held against the head.
        Some(Err(_)) | None => reader.proved_entry(index).map(|proved| proved.path),
    }
}
