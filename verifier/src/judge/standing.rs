//! What stands of an authority at another moment than its own: whether a delegation, a credential or a permit still carries an
//! action.

use alloc::collections::BTreeSet;
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
use super::support::{Support, several};
use super::withdrawn::{Supposed, Withdrawn};
use super::{Counted, JudgeError, all_findings, judged};
use crate::evidence::Evidence;
use crate::profile::Profile;
use crate::verdict::{Finding, Outcome, VerdictHop};

/// Most pairs of patterns to compare for what two hops both allow; beyond it, what a way carries is not told.
const PATTERN_PAIRS_MAX: usize = 1 << 13;

/// Most ways to one authority that are told apart: more than a person reads, and as many again are compared at each hop.
pub const WAYS_MAX: usize = 16;

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
    /// Whether every reference resolved and everything asked for was there.
    pub complete: bool,
}

/// What may be done by a way: what every hop of it allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// The intersection of all that is spelled out; nothing: no hop spells it out.
    pub grants: Option<Vec<Grant>>,
    /// Authority held in other systems: each act needs a fresh permit from each of them too.
    pub elsewhere: Vec<External>,
    /// Whether that takes too long to tell: then nothing is said of it.
    pub is_untold: bool,
}

/// Every way to an authority, each as it would stand if it were the only one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ways {
    /// The ways, the best first; at least one.
    pub each: Vec<Standing>,
    /// Whether there are more than are followed: [`WAYS_MAX`] to each hop.
    pub is_cut: bool,
}

/// Judges a delegation or a credential as its holder's next use of it, or a decision as the next action that relies on it, as of a
/// moment.
///
/// What is logged later counts with what it says of the moment: an answer is as of the head.
pub fn standing<'e>(
    subject: &StatementId,
    asked: Asked<'e>,
    evidence: &'e Evidence,
    profile: &'e Profile,
) -> Result<Standing, JudgeError> {
    let effort = Effort::new();
    let ground = Ground { evidence, profile, effort: &effort, supposed: asked.supposed };
    let (case, uses) = laid(subject, asked, ground)?;
    let (support, findings) = judged(&case);
    Ok(by(&case, &support, findings, uses))
}

/// The same for each way that leads there: an act needs one that holds all along, and never parts of several.
pub fn ways<'e>(
    subject: &StatementId,
    asked: Asked<'e>,
    evidence: &'e Evidence,
    profile: &'e Profile,
) -> Result<Ways, JudgeError> {
    let effort = Effort::new();
    let ground = Ground { evidence, profile, effort: &effort, supposed: asked.supposed };
    let (case, uses) = laid(subject, asked, ground)?;
    let (supports, is_cut) = several(&case, WAYS_MAX);
    let mut seen: BTreeSet<(Option<&PrincipalId>, Vec<Index>)> = BTreeSet::new();
    let mut each: Vec<Standing> = Vec::new();
    for support in &supports {
        let hops = support.hops.iter().map(|(node, _)| node.record.index).collect();
        // A parent that is named twice is one way, by the better of its names.
        if seen.insert((support.root.as_ref(), hops)) {
            each.push(by(&case, support, all_findings(&case, support), uses));
        }
    }
    each.sort_by_key(|standing| standing.outcome);
    Ok(Ways { each, is_cut })
}

/// The case of the next use of an authority, and how many it has left.
fn laid<'e>(
    subject: &StatementId,
    asked: Asked<'e>,
    ground: Ground<'e>,
) -> Result<(Case<'e>, Option<Counted>), JudgeError> {
    let not_found = JudgeError::NotFound { subject: *subject };
    let record = ground.evidence.get(subject).ok_or(not_found.clone())?;
    let payload = record.payload.as_ref().ok_or(not_found)?;
    let request = Request::of(record, payload, ground)
        .filter(|request| request.kind != Kind::Action)
        .ok_or(JudgeError::NotJudgeable { kind: payload.kind })?;
    let actor = asked.by.unwrap_or(request.actor);
    let begun = begun_at(ground.evidence, asked.at);
    let request = Request { actor, begun, uses: true, claimed: asked.at, ..request };
    let uses = match &payload.body {
        Body::Delegation(_) => counted_of(ground, record, begun),
        _ => None,
    };
    Ok((Case::at(Moment::asked(asked.at), ground, request), uses))
}

/// What an authority comes to by one way.
fn by(case: &Case<'_>, support: &Support<'_>, findings: Vec<Finding>, uses: Option<Counted>) -> Standing {
    Standing {
        outcome: outcome(&findings),
        root: support.root.clone(),
        hops: support.hops.iter().map(|(node, via)| hop(node, *via, &findings)).collect(),
        carried: carried(support),
        expires: support.hops.iter().filter_map(|(node, _)| node.hop.expires).min(),
        uses,
        further_hops: further_hops(support),
        complete: case.is_complete(&support.relied_on(case)),
        findings,
    }
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
                    return Carried { grants: None, elsewhere, is_untold: true };
                }
                all = Some(intersection(&before, grants));
            }
            None => all = Some(Vec::new()),
        }
    }
    Carried { grants: all, elsewhere, is_untold: false }
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
