//! Whether a delegation or a credential was still there at a moment, whoever would use it: for whoever looks for authority that
//! should be gone.

use schemas::ids::StatementId;
use schemas::payload::Body;
use schemas::time::Time;

use super::graph::Graph;
use super::ground::{Effort, Ground};
use super::request::Request;
use super::withdrawn::{FoundAs, Withdrawn};
use crate::evidence::Evidence;
use crate::profile::Profile;

/// What had become of a delegation or a credential by a moment. What became of those above it is not among it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lived {
    /// When it ran out.
    pub expired: Option<Time>,
    /// From when it was withdrawn: itself, its credential, its key, its task, or somebody who gave or received it.
    pub withdrawn: Option<Time>,
    /// When the task that it was given for ended.
    pub task_ended: Option<Time>,
}

/// What had become of `of` by `at`, by the rules' own lists of what withdraws; nothing where it is neither delegation nor credential.
pub fn lived(of: &StatementId, at: Time, evidence: &Evidence, profile: &Profile) -> Option<Lived> {
    let record = evidence.get(of)?;
    let payload = record.payload.as_ref()?;
    let effort = Effort::new();
    let ground = Ground { evidence, profile, effort: &effort, supposed: None };
    let request = Request::of(record, payload, ground)?;
    let graph = Graph::build(ground, &request.links);
    let (expires, withdrawn) = match &payload.body {
        Body::Delegation(hop) => (hop.expires, Withdrawn::of_hop(ground, &graph, graph.node(record.index)?)),
        Body::Credential(credential) => {
            (credential.expires, Withdrawn::of_request(ground, &graph, &request, None))
        }
        _ => return None,
    };
    let since = |found_as: &[FoundAs]| {
        let holding = withdrawn.counting.iter().filter(|found| found.holds_at(at));
        holding.filter(|found| found_as.contains(&found.found_as)).map(|found| found.effective).min()
    };
    Some(Lived {
        expired: expires.filter(|expires| *expires < at),
        withdrawn: since(&[FoundAs::Revoked, FoundAs::RootInactive]),
        task_ended: since(&[FoundAs::OutlivesTask]),
    })
}
