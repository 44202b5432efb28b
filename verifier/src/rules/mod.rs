//! The rules: one function and one slug each, in one ordered list.
//!
//! To add a rule, write its function in the file of its family, put one line into [`RULES`], and give it vectors that it
//! accepts and rejects under `tests/vectors/rules/<slug>/`.

mod chain;
mod decision;
mod integrity;
mod scope;
mod time;
mod withdrawal;

pub(crate) use integrity::unpinned;

use crate::evidence::Record;
use crate::judge::{Case, Edge, Link, Node, Path, ReliedOn};
use crate::verdict::{Effect, Finding};

const DENIES: &[Effect] = &[Effect::NotAuthorized];
const LEAVES_OPEN: &[Effect] = &[Effect::Indeterminate];
const NOTES: &[Effect] = &[Effect::None];
const DENIES_OR_LEAVES_OPEN: &[Effect] = &[Effect::NotAuthorized, Effect::Indeterminate];
const DENIES_OR_NOTES: &[Effect] = &[Effect::NotAuthorized, Effect::None];

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable name; the `code` of its findings.
    pub slug: &'static str,
    /// What it finds, in one line.
    pub summary: &'static str,
    /// What its findings may mean for the outcome.
    pub effects: &'static [Effect],
    /// What it looks at.
    pub check: Check,
}

/// What a rule looks at, and its function.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Any statement that the verdict rests on: hop, decision or subject.
    Record(fn(&Case<'_>, &Record) -> Option<Finding>),
    /// A reference to a hop; the hop that makes it, or nothing where the request does.
    Link(fn(&Case<'_>, &Link<'_>, Option<&Node<'_>>) -> Option<Finding>),
    /// A hop by itself.
    Hop(fn(&Case<'_>, &Node<'_>) -> Option<Finding>),
    /// A hop and what relies on it.
    Edge(fn(&Case<'_>, &Edge<'_>) -> Option<Finding>),
    /// A way from a root.
    Path(fn(&Case<'_>, &Path<'_>) -> Option<Finding>),
    /// The request, its decision and its moment.
    Case(fn(&Case<'_>) -> Option<Finding>),
    /// Everything that the verdict rests on, taken together.
    Support(fn(&Case<'_>, &ReliedOn) -> Option<Finding>),
}

impl Check {
    /// What it looks at, in words.
    pub const fn looks_at(&self) -> &'static str {
        match self {
            Self::Record(_) => "each statement relied on",
            Self::Link(_) => "each reference to a hop",
            Self::Hop(_) => "each hop",
            Self::Edge(_) => "each hop and what relies on it",
            Self::Path(_) => "each way from a root",
            Self::Case(_) => "the request",
            Self::Support(_) => "all that is relied on together",
        }
    }
}

/// Every rule, in the order in which they are documented.
pub const RULES: &[Rule] = &[
    rule(
        "signature-invalid",
        "a statement's signature does not stand",
        DENIES,
        Check::Record(integrity::signature_invalid),
    ),
    rule(
        "key-not-valid",
        "a statement's key was unknown, retired or compromised at its place",
        DENIES,
        Check::Record(integrity::key_not_valid),
    ),
    rule(
        "signer-not-entitled",
        "a statement's key has no role that covers it",
        DENIES,
        Check::Record(integrity::signer_not_entitled),
    ),
    rule(
        "unknown-statement",
        "a statement is of a form that this program does not know",
        LEAVES_OPEN,
        Check::Record(integrity::unknown_statement),
    ),
    rule(
        "unknown-statement",
        "all entries were read, and one is of a form that this program does not know",
        LEAVES_OPEN,
        Check::Case(integrity::unknown_anywhere),
    ),
    rule(
        "duplicate-conflict",
        "two statements claim one number of one emitter's sequence",
        DENIES,
        Check::Record(integrity::duplicate_conflict),
    ),
    rule(
        "root-unknown",
        "no registrar registered the root, or it is no principal that a chain begins with",
        DENIES_OR_NOTES,
        Check::Path(chain::root_unknown),
    ),
    rule(
        "root-changed",
        "a hop names another root than the one its chain begins with",
        DENIES,
        Check::Path(chain::root_changed),
    ),
    rule(
        "hop-missing",
        "a hop that is referred to is not in the evidence",
        LEAVES_OPEN,
        Check::Link(chain::hop_missing),
    ),
    rule(
        "ambiguous",
        "a reference to a hop fits several statements",
        LEAVES_OPEN,
        Check::Link(chain::ambiguous),
    ),
    rule(
        "ambiguous",
        "a reference to a decision, approval or attempt fits several statements",
        LEAVES_OPEN,
        Check::Case(chain::request_ambiguous),
    ),
    rule(
        "hop-discontinuous",
        "a hop's delegatee is not who relies on it",
        DENIES,
        Check::Edge(chain::hop_discontinuous),
    ),
    rule("cycle", "a hop rests on itself", DENIES, Check::Link(chain::cycle)),
    rule(
        "depth-exceeded",
        "more hops follow than a hop, or the format, allows",
        DENIES,
        Check::Path(chain::depth_exceeded),
    ),
    rule("scope-missing", "a hop hands on no authority", DENIES, Check::Hop(scope::scope_missing)),
    rule(
        "scope-escalated",
        "a hop hands on more than its parent has",
        DENIES,
        Check::Edge(scope::scope_escalated),
    ),
    rule(
        "scope-exceeded",
        "the action lies outside a hop's scope",
        DENIES_OR_LEAVES_OPEN,
        Check::Hop(scope::scope_exceeded),
    ),
    rule("hop-expired", "a hop had expired at the moment", DENIES, Check::Hop(time::hop_expired)),
    rule(
        "hop-not-yet-valid",
        "a hop was not yet valid at the moment",
        DENIES,
        Check::Hop(time::hop_not_yet_valid),
    ),
    rule("revoked", "a hop was withdrawn at the moment", DENIES, Check::Hop(withdrawal::hop_revoked)),
    rule(
        "revoked",
        "what the request presents was withdrawn at the moment",
        DENIES,
        Check::Case(withdrawal::request_revoked),
    ),
    rule(
        "revoker-not-entitled",
        "a withdrawal of a hop by somebody who may not withdraw it does not count",
        NOTES,
        Check::Hop(withdrawal::hop_revoker_not_entitled),
    ),
    rule(
        "revoker-not-entitled",
        "a withdrawal of what the request presents, by somebody who may not, does not count",
        NOTES,
        Check::Case(withdrawal::request_revoker_not_entitled),
    ),
    rule(
        "decision-missing",
        "no decision covers the action",
        LEAVES_OPEN,
        Check::Case(decision::decision_missing),
    ),
    rule(
        "decision-deny",
        "the decision is not a permit",
        DENIES_OR_LEAVES_OPEN,
        Check::Case(decision::decision_deny),
    ),
    rule(
        "decision-stale",
        "the decision was not fresh at the moment",
        DENIES,
        Check::Case(decision::decision_stale),
    ),
    rule(
        "decision-mismatch",
        "the decision is about another actor, action, resource or request",
        DENIES,
        Check::Case(decision::decision_mismatch),
    ),
    rule(
        "denied-but-executed",
        "the action was carried out against the decision",
        DENIES,
        Check::Case(decision::denied_but_executed),
    ),
    rule(
        "self-decided",
        "the actor decided on, or approved, its own request",
        DENIES,
        Check::Case(decision::self_decided),
    ),
    rule(
        "moment-unproved",
        "authority does not hold over all the time that the moment may be in",
        LEAVES_OPEN,
        Check::Hop(time::hop_moment_unproved),
    ),
    rule(
        "moment-unproved",
        "the request's moment needs a second entitled key, or its decision holds only at the claimed time",
        LEAVES_OPEN,
        Check::Case(time::request_moment_unproved),
    ),
    rule(
        "not-pinned",
        "no trust file pins the key that signed the log's head",
        LEAVES_OPEN,
        Check::Case(integrity::not_pinned),
    ),
    rule(
        "absence-unproved",
        "the evidence leaves open whether something else exists that bears on a statement",
        LEAVES_OPEN,
        Check::Record(integrity::absence_unproved),
    ),
    rule(
        "absence-unproved",
        "the profile does not take the log's word for what does not exist",
        LEAVES_OPEN,
        Check::Case(integrity::absence_asserted),
    ),
    rule(
        "absence-unproved",
        "an approval or attempt that is referred to is not in the evidence",
        LEAVES_OPEN,
        Check::Case(integrity::named_and_absent),
    ),
    rule(
        "absence-unproved",
        "an emitter involved gave out a number that no entry carries",
        NOTES,
        Check::Support(integrity::sequence_gap),
    ),
    // Last: what the rules before it cost counts.
    rule(
        "depth-exceeded",
        "the chain is too large to be followed to its end",
        LEAVES_OPEN,
        Check::Case(chain::effort_exceeded),
    ),
];

/// Where a rule's findings stand among those of the same effect: in the order of the rules, and last what is only not shown
/// to be absent, which says less than any other finding beside it.
pub fn rank(slug: &str) -> usize {
    if slug == integrity::ABSENCE {
        return usize::MAX;
    }
    RULES.iter().position(|rule| rule.slug == slug).unwrap_or(RULES.len())
}

const fn rule(slug: &'static str, summary: &'static str, effects: &'static [Effect], check: Check) -> Rule {
    Rule { slug, summary, effects, check }
}
