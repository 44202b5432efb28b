//! What stands of an authority at another moment than its own: whether a delegation, or a permit, still carries an action.

use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::limits::CHAIN_HOPS_MAX;
use schemas::payload::{Body, Kind};
use schemas::scope::{External, Grant, Scope, intersection};
use schemas::text::{PrincipalId, Tenant};
use schemas::time::{Index, Time};

use super::answer::{hop, outcome};
use super::case::Case;
use super::counted::counted_of;
use super::graph::{Graph, Node};
use super::ground::{Effort, Ground};
use super::identity::{Root, root};
use super::moment::Moment;
use super::request::Request;
use super::support::Support;
use super::withdrawn::{Supposed, Withdrawn};
use super::{Counted, JudgeError, judged};
use crate::evidence::Evidence;
use crate::profile::Profile;
use crate::verdict::{Finding, Outcome, VerdictHop};

/// Most pairs of patterns to compare for what two hops both allow; beyond it, what a way carries is not told.
const PATTERN_PAIRS_MAX: usize = 1 << 13;

/// What is asked of an authority.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'e> {
    /// When.
    pub at: Time,
    /// Under which name its holder would use it; nothing: the one that it was given to.
    pub by: Option<&'e PrincipalId>,
    /// What is supposed to be withdrawn.
    pub supposed: Option<&'e Supposed>,
}

/// What an authority comes to at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether it carries: as the judge would find of an action, what is about that one act aside.
    pub outcome: Outcome,
    /// The root that its best way leads from.
    pub root: Option<PrincipalId>,
    /// The hops of that way, root first.
    pub hops: Vec<VerdictHop>,
    /// What the rules find, worst first.
    pub findings: Vec<Finding>,
    /// What may be done by it.
    pub carried: Carried,
    /// Until when all hops of the way last; nothing: for good.
    pub expires: Option<Time>,
    /// How many actions it may carry, and how many count; nothing: any number.
    pub uses: Option<Counted>,
    /// How many further hops may follow, where a hop of the way says so.
    pub further_hops: Option<usize>,
    /// Whether hops above it have several parents, so that another way may carry more.
    pub is_joined: bool,
    /// Whether every reference resolved and everything asked for was there.
    pub complete: bool,
}

/// What may be done by a way: what every hop of it allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// The intersection of all that is spelled out; nothing: no hop spells it out, or it takes too long to tell.
    pub grants: Option<Vec<Grant>>,
    /// Authority held in other systems: each act needs a fresh permit from each of them too.
    pub elsewhere: Vec<External>,
}

/// Judges a delegation as its holder's next use of it, or a decision as the next action that relies on it, as of a moment.
///
/// What is logged later counts with what it says of the moment: an answer is as of the head.
pub fn standing<'e>(
    subject: &StatementId,
    asked: Asked<'e>,
    evidence: &'e Evidence,
    profile: &'e Profile,
) -> Result<Standing, JudgeError> {
    let record = evidence.get(subject).ok_or(JudgeError::NotFound { subject: *subject })?;
    let payload = record.payload.as_ref().ok_or(JudgeError::NotFound { subject: *subject })?;
    let effort = Effort::new();
    let ground = Ground { evidence, profile, effort: &effort, supposed: asked.supposed };
    let request = Request::of(record, payload, ground)
        .filter(|request| matches!(request.kind, Kind::Delegation | Kind::Decision))
        .ok_or(JudgeError::NotJudgeable { kind: payload.kind })?;
    let actor = asked.by.unwrap_or(request.actor);
    let begun = begun_at(evidence, asked.at);
    let request = Request { actor, begun, uses: true, claimed: asked.at, ..request };
    let case = Case::at(Moment::asked(asked.at), ground, request);
    let (support, findings) = judged(&case);
    let uses = match &payload.body {
        Body::Delegation(_) => counted_of(ground, record, begun),
        _ => None,
    };
    Ok(Standing {
        outcome: outcome(&findings),
        root: support.root.clone(),
        hops: support.hops.iter().map(|(node, via)| hop(node, *via, &findings)).collect(),
        carried: carried(&support),
        expires: support.hops.iter().filter_map(|(node, _)| node.hop.expires).min(),
        uses,
        further_hops: further_hops(&support),
        is_joined: case.graph.parents_first().any(|node| node.links.len() > 1),
        complete: case.is_complete(&support.relied_on(&case)),
        findings,
    })
}

/// Whether a chain may begin with a principal at a moment: a registrar registered it as what chains begin with, and nothing that
/// is its own was withdrawn. Why not, otherwise, in words.
pub fn root_stands(
    principal: &PrincipalId,
    at: Time,
    supposed: Option<&Supposed>,
    evidence: &Evidence,
    profile: &Profile,
) -> Result<(), &'static str> {
    let effort = Effort::new();
    let ground = Ground { evidence, profile, effort: &effort, supposed };
    match root(ground, principal, at) {
        Root::Fit => {}
        Root::Unregistered => return Err("nobody registered it by then"),
        Root::Untyped => return Err("nobody said what it is"),
        Root::Type(_) => return Err("it acts for others"),
    }
    // No tenant bounds what is withdrawn of a principal.
    let (graph, tenant) = (Graph::default(), Tenant::default_label());
    let withdrawn = Withdrawn::of_root(ground, &graph, principal, &tenant);
    if withdrawn.counting.iter().any(|found| found.holds_at(at)) {
        Err("it was suspended, offboarded or withdrawn")
    } else {
        Ok(())
    }
}

/// The place of the first entry after a moment, as far as the evidence shows entries: what stands before was there by then.
fn begun_at(evidence: &Evidence, at: Time) -> Index {
    let by_then = evidence.records().filter(|record| record.time <= at).map(|record| record.index.0).max();
    Index(by_then.map_or(0, |last| last.saturating_add(1)))
}

fn carried(support: &Support<'_>) -> Carried {
    let mut all: Option<Vec<Grant>> = None;
    let mut elsewhere: Vec<External> = Vec::new();
    for (node, _) in &support.hops {
        match &node.hop.scope {
            Some(Scope::External(external)) if elsewhere.contains(external) => {}
            Some(Scope::External(external)) => elsewhere.push(external.clone()),
            Some(Scope::Grants(grants)) => {
                let before = all.take().unwrap_or_else(|| grants.clone());
                if patterns(&before).saturating_mul(patterns(grants)) > PATTERN_PAIRS_MAX {
                    return Carried { grants: None, elsewhere };
                }
                all = Some(intersection(&before, grants));
            }
            None => all = Some(Vec::new()),
        }
    }
    Carried { grants: all, elsewhere }
}

fn patterns(grants: &[Grant]) -> usize {
    let count = |grant: &Grant| grant.actions.len().saturating_add(grant.resources.len());
    grants.iter().map(count).fold(0, usize::saturating_add)
}

/// How many hops may follow the last, by what each hop of the way allows below itself.
fn further_hops(support: &Support<'_>) -> Option<usize> {
    let hops = support.hops.len();
    let below = |(number, node): (usize, &Node<'_>)| {
        let allowed = usize::try_from(node.hop.max_depth?).unwrap_or(CHAIN_HOPS_MAX);
        Some(number.saturating_add(allowed).saturating_sub(hops))
    };
    (1_usize..).zip(support.hops.iter().map(|(node, _)| *node)).filter_map(below).min()
}
