//! The chains behind every action of a task or a trace, drawn together: each hop once, from the principals down to what was done.

mod text;

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::payload::{Body, Payload};
use schemas::time::{Index, Time};
use serde::Serialize;
use verifier::judge::profile_by_vantage;
use verifier::profile::Profile;
use verifier::verdict::{Effect, Finding, Outcome, VerdictProfile};

use crate::chain::{Beside, Broken, Chain, HOPS_MAX, Hop, Link, RootStayed, chain};
use crate::course::Course;
use crate::judging::{Judging, Seen, Unjudged};
use crate::kept::{AsOf, KeptError};
use crate::page::Cursor;
use crate::sweep::{ENTRIES_MAX, is_judged_elsewhere};

/// Name of the JSON form.
pub const CHAINS_SCHEMA: &str = "writ.chains/1";

/// The actions of a task or a trace, with every hop behind them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chains {
    /// [`CHAINS_SCHEMA`].
    pub schema: &'static str,
    /// What was asked about.
    pub of: Of,
    /// What the listed actions came to.
    pub verdicts: Verdicts,
    /// How many actions are listed.
    pub count: usize,
    /// Whether there are more.
    pub truncated: bool,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Whether some of their hops are not listed: there are more than [`HOPS_MAX`], or than the judge follows.
    pub hops_truncated: bool,
    /// The hops on any path to any of them, in the order of the log, each once.
    pub hops: Vec<SharedHop>,
    /// The actions, in the order of the log.
    pub actions: Vec<Act>,
    /// Those of them that could not be judged.
    pub unjudged: Vec<Left>,
    /// Under which head.
    pub as_of: AsOf,
}

/// A task or a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Of {
    /// `task` or `trace`.
    pub sort: &'static str,
    /// Its name.
    pub name: String,
    /// The tenant of a task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

/// What actions came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdicts {
    /// Authorized.
    pub authorized: u64,
    /// Not authorized.
    pub not_authorized: u64,
    /// Evidence is missing.
    pub indeterminate: u64,
    /// Not judged.
    pub unjudged: u64,
}

/// A hop that actions share. What is wrong with it can differ from action to action, and is said there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SharedHop {
    /// The hop; `on_way` where the verdict on any of the actions cites it.
    #[serde(flatten)]
    pub hop: Hop,
    /// How many of the listed actions it carries: their verdicts cite a way over it.
    pub carries: u64,
    /// For how many of those it, or what it relies on, is at fault.
    pub at_fault: u64,
}

/// An action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Act {
    /// Its id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// When it was attempted, as its signer or its source says.
    pub at: Time,
    /// What it says, in a line.
    pub summary: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The root principal of the way that the verdict cites; empty where it is not known.
    pub root: String,
    /// Whether every hop on that way names this root.
    pub root_stayed: RootStayed,
    /// The first link that is broken, from the root on; absent where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_first: Option<Broken>,
    /// The hops on that way.
    pub way: Vec<Index>,
    /// What it relies on; none: its actor is the root.
    pub relies_on: Vec<Link>,
    /// What it relies on beside its hops.
    pub beside: Vec<Beside>,
    /// Every finding on that way and about the action itself.
    pub findings: Vec<Finding>,
    /// Whether every reference resolved and everything asked for was there.
    pub complete: bool,
    /// Under which parameters.
    pub profile: VerdictProfile,
}

/// An action without a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Its id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// The refusal's stable name.
    pub code: String,
    /// Why, in a sentence.
    pub what: String,
}

/// Which part of the answer is wanted, and how it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Part<'p> {
    /// Most actions.
    pub limit: usize,
    /// By which parameters; nothing: by those of each action's vantage.
    pub profile: Option<&'p Profile>,
}

/// The chains behind those of `subjects`, entries that fit [`Course::actions`] in the log's order, that are actions of their own.
///
/// Hands back where it was cut, for want of room or because it had cost enough.
pub fn chains<S: Judging>(
    course: &Course,
    subjects: impl Iterator<Item = Index>,
    part: Part<'_>,
    log: &S,
) -> Result<(Drawing, Option<Index>), KeptError<S::Error>> {
    let query = course.actions();
    let (mut drawing, mut gathered) = (Drawing::default(), 0usize);
    for index in subjects {
        if drawing.count() >= part.limit || gathered >= ENTRIES_MAX {
            return Ok((drawing, Some(index)));
        }
        let Some(put) = log.placed(index).map_err(KeptError::source)? else { continue };
        if is_judged_elsewhere(log, &query, &put).map_err(KeptError::source)? {
            continue;
        }
        let (id, payload) = (put.statement.id(), &put.statement.payload);
        let profile = part.profile.cloned().unwrap_or_else(|| profile_by_vantage(payload));
        let Seen { found, gathered: more } =
            log.seen(&id, profile.wants(), |evidence| chain(&id, evidence, &profile))?;
        gathered = gathered.saturating_add(more);
        match found.and_then(|chain| chain.map_err(Unjudged::from)) {
            Ok(chain) => drawing.add(chain, payload),
            Err(refused) => {
                drawing.leave(Left { id, index, code: refused.code().into(), what: refused.to_string() });
            }
        }
    }
    Ok((drawing, None))
}

/// Chains as they are put together.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    hops: BTreeMap<Index, SharedHop>,
    cut: bool,
    verdicts: Verdicts,
    actions: Vec<Act>,
    unjudged: Vec<Left>,
}

impl Drawing {
    /// How many actions there are.
    pub fn count(&self) -> usize {
        self.actions.len().saturating_add(self.unjudged.len())
    }

    /// Adds an action that could not be judged.
    pub fn leave(&mut self, left: Left) {
        count(&mut self.verdicts.unjudged);
        self.unjudged.push(left);
    }

    /// Adds the chain behind an action.
    pub fn add(&mut self, chain: Chain, payload: &Payload) {
        self.cut |= chain.truncated;
        count(match chain.outcome {
            Outcome::Authorized => &mut self.verdicts.authorized,
            Outcome::NotAuthorized => &mut self.verdicts.not_authorized,
            Outcome::Indeterminate => &mut self.verdicts.indeterminate,
        });
        let (mut way, mut findings) = (Vec::new(), Vec::new());
        for hop in chain.hops {
            if hop.on_way {
                way.push(hop.index);
                let links = hop.relies_on.iter().filter(|link| link.on_way).flat_map(|link| &link.findings);
                findings.extend(hop.findings.iter().chain(links).cloned());
            }
            self.share(hop);
        }
        let own = chain.relies_on.iter().filter(|link| link.on_way).flat_map(|link| &link.findings);
        findings.extend(own.chain(&chain.findings).cloned());
        let mut seen = Vec::new();
        findings.retain(|finding| {
            !seen.contains(finding) && {
                seen.push(finding.clone());
                true
            }
        });
        findings.sort_by_key(|finding| finding.effect);
        self.actions.push(Act {
            id: chain.subject.id,
            index: chain.subject.index,
            at: match &payload.body {
                Body::Action(action) => action.attempted_at,
                _ => payload.at,
            },
            summary: chain.summary,
            outcome: chain.outcome,
            root: chain.root,
            root_stayed: chain.root_stayed,
            broken_first: chain.broken_first,
            way,
            relies_on: chain.relies_on,
            beside: chain.beside,
            findings,
            complete: chain.complete,
            profile: chain.profile,
        });
    }

    fn share(&mut self, hop: Hop) {
        let index = hop.index;
        if !self.hops.contains_key(&index) && self.hops.len() >= HOPS_MAX {
            self.cut = true;
            return;
        }
        let is_fault = |finding: &Finding| finding.effect != Effect::None;
        let links = hop.relies_on.iter().filter(|link| link.on_way).flat_map(|link| &link.findings);
        let (on_way, at_fault) = (hop.on_way, hop.findings.iter().chain(links).any(is_fault));
        let ways: Vec<bool> = hop.relies_on.iter().map(|link| link.on_way).collect();
        let shared = self.hops.entry(index).or_insert_with(|| {
            let unsaid = |link: Link| Link { findings: Vec::new(), on_way: false, ..link };
            let relies_on = hop.relies_on.into_iter().map(unsaid).collect();
            let hop = Hop { findings: Vec::new(), agent: None, on_way: false, relies_on, ..hop };
            SharedHop { hop, carries: 0, at_fault: 0 }
        });
        if on_way {
            shared.hop.on_way = true;
            shared.hop.relies_on.iter_mut().zip(ways).for_each(|(link, way)| link.on_way |= way);
            count(&mut shared.carries);
            if at_fault {
                count(&mut shared.at_fault);
            }
        }
    }

    /// The answer, as of a state of the log; where it was cut, it says so.
    pub fn finish(self, course: &Course, as_of: AsOf, next: Option<String>) -> Chains {
        let count = self.count();
        let Self { hops, cut, verdicts, actions, unjudged } = self;
        Chains {
            schema: CHAINS_SCHEMA,
            of: Of::from(course),
            verdicts,
            count,
            truncated: next.is_some(),
            next,
            hops_truncated: cut,
            hops: hops.into_values().collect(),
            actions,
            unjudged,
            as_of,
        }
    }
}

impl From<&Course> for Of {
    fn from(course: &Course) -> Self {
        let tenant = course.tenant().map(ToString::to_string);
        Self { sort: course.sort(), name: course.name(), tenant }
    }
}

/// The text by which the next page is asked for.
pub fn write_cursor(cursor: Cursor, course: &Course) -> String {
    let tenant = course.tenant().map(ToString::to_string).unwrap_or_default();
    cursor.to_text(&["chains", course.sort(), &course.name(), &tenant])
}

/// The size and the index of a cursor; nothing where it is none of this question's.
pub fn read_cursor(text: &str, course: &Course) -> Option<Cursor> {
    let tenant = course.tenant().map(ToString::to_string).unwrap_or_default();
    Cursor::parse(text, &["chains", course.sort(), &course.name(), &tenant])
}

fn count(number: &mut u64) {
    *number = number.saturating_add(1);
}
