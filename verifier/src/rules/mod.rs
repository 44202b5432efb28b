//! The rules: one function and one slug each, in one ordered list.
//!
//! To add a rule, write its function in the file of its family, put one line into [`RULES`], and give it vectors that it
//! accepts and rejects under `tests/vectors/rules/<slug>/`.

mod approval;
mod chain;
mod combination;
mod context;
mod credential;
mod decision;
mod effect;
mod fineness;
mod hop;
mod integrity;
mod joint;
mod limit;
mod obligation;
mod policy;
mod principal;
mod quantity;
mod reuse;
mod rulings;
mod scope;
mod table;
mod task;
mod time;
mod withdrawal;

pub(crate) use integrity::unpinned;
pub use table::RULES;

use alloc::vec::Vec;

use crate::evidence::Record;
use crate::judge::{Case, Edge, Link, Node, Path, ReliedOn};
use crate::profile::Profile;
use crate::verdict::{Effect, Finding};

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
    /// The evidence as a whole, before anything is judged: it is refused by an error of one of these codes.
    Evidence(&'static [&'static str]),
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
            Self::Evidence(_) => "the evidence as a whole",
        }
    }
}

/// The rule by which evidence is refused with an error of this code; nothing where the error is about its form alone.
pub fn refused_by(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| matches!(rule.check, Check::Evidence(codes) if codes.contains(&code)))
}

/// What the rules of one sort find, in their order, with what the profile raises.
pub(crate) fn findings(profile: &Profile, ask: impl Fn(&Check) -> Option<Finding>) -> Vec<Finding> {
    RULES.iter().filter_map(|rule| ask(&rule.check)).map(|finding| raised(profile, finding)).collect()
}

/// A finding that changes nothing by itself counts where the profile says so.
fn raised(profile: &Profile, finding: Finding) -> Finding {
    match profile.raised.get(finding.code) {
        Some(effect) if finding.effect == Effect::None => finding.with_effect(*effect),
        _ => finding,
    }
}

/// Where a rule's findings stand among those of the same effect: in the order of the rules, and last what is only not shown
/// to be absent, which says less than any other finding beside it.
pub fn rank(slug: &str) -> usize {
    if slug == integrity::ABSENCE {
        return usize::MAX;
    }
    RULES.iter().position(|rule| rule.slug == slug).unwrap_or(RULES.len())
}
