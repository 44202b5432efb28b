//! With what a log begins its service: a head signed anew, or what was kept while its witnesses are still to be asked.

use std::sync::Arc;

use schemas::note::VerifierKey;

use super::gate::Gate;
use super::{Publication, PublishedCheckpoint, kept};
use crate::apply::View;
use crate::log::{Published, StartError, publish};
use crate::signer::CheckpointSigner;
use crate::store::Store;

/// With what a log begins its service.
pub(crate) struct Begun {
    pub(crate) published: Arc<Published>,
    pub(crate) checkpoint: Option<Arc<PublishedCheckpoint>>,
    /// What still stands before the first signature.
    pub(crate) gate: Option<Gate>,
}

/// Signs the head, unless there are witnesses to be asked and too few of them have answered: then the latest note that was
/// kept is shown.
pub(crate) fn begin(
    store: &Arc<dyn Store>,
    view: &View,
    signer: &CheckpointSigner,
    own: &[VerifierKey],
    publication: &Arc<Publication>,
) -> Result<Begun, StartError> {
    let sign = || publish(signer, view).map(Arc::new);
    if publication.witnesses().is_empty() {
        return Ok(Begun { published: sign()?, checkpoint: None, gate: None });
    }
    let checkpoint = kept::checkpoint(&**store, &view.head, own, publication)?.map(Arc::new);
    let (note, signed, kept) = kept::note(&**store, &view.head)?;
    let mut gate =
        Gate::new(Arc::clone(publication), Arc::clone(store), view.head, note, signed, own.to_vec());
    gate.ask()?;
    if gate.is_open() {
        return Ok(Begun { published: sign()?, checkpoint, gate: None });
    }
    tracing::warn!(reason = gate.reason(), "the log is read, and nothing is signed yet");
    Ok(Begun { published: Arc::new(kept), checkpoint, gate: Some(gate) })
}
