//! Delegations as they stand at a moment, by the judge: in batches that share their evidence, up to what one answer may cost.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Reverse;

use schemas::ids::{StatementId, TermId};
use schemas::time::{Index, Time};
use serde::{Deserialize, Serialize};
use verifier::evidence::Evidence;
use verifier::gather::GatherError;
use verifier::judge::Standing;
use verifier::verdict::{Effect, Finding, Outcome, VerdictHop};

use crate::kept::{Evidential, KeptError};
use crate::text::printable;

/// What judging may cost, where that is the whole answer: entries take some 60 µs each, a signature being most of it.
pub const JUDGED_MAX: Cost = Cost { delegations: 1_000, entries: 60_000 };

/// Most findings that are listed of one delegation.
pub(crate) const FINDINGS_MAX: usize = 16;

/// How many delegations share their evidence.
const BATCH: usize = 64;

/// What judging for one answer may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Most delegations that are judged.
    pub delegations: usize,
    /// How many entries are gathered and checked before no more delegations are judged.
    pub entries: usize,
}

/// Whether authority is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carries {
    /// It is: a way from a root holds at every hop.
    Held,
    /// Evidence is missing: it cannot be told.
    Uncertain,
    /// It is not.
    NotHeld,
}

/// One hop of a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// The delegation's id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// Who gave.
    pub delegator: String,
    /// Who received.
    pub delegatee: String,
    /// Until when; absent: for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
}

/// A rule by which authorities carry nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LostBy {
    /// Its slug.
    pub code: String,
    /// How many.
    pub count: u64,
}

/// By which rules authorities carry nothing, as they are counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lost(BTreeMap<&'static str, u64>);

/// What a rule of the judge found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// What it means for the outcome.
    pub effect: Effect,
    /// The rule's slug.
    pub code: String,
    /// The statement that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementId>,
    /// Where that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Index>,
    /// The finding as a sentence.
    pub detail: String,
}

impl From<Outcome> for Carries {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Authorized => Self::Held,
            Outcome::Indeterminate => Self::Uncertain,
            Outcome::NotAuthorized => Self::NotHeld,
        }
    }
}

impl Carries {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Uncertain => "uncertain",
            Self::NotHeld => "not held",
        }
    }
}

impl Lost {
    /// Counts one that carries nothing, by the worst rule of it.
    pub(crate) fn add(&mut self, standing: &Standing) {
        let denies = |finding: &&Finding| finding.effect == Effect::NotAuthorized;
        if let Some(worst) = standing.findings.iter().find(denies) {
            let count = self.0.entry(worst.code).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// The rules, the most frequent first.
    pub(crate) fn by(self) -> Vec<LostBy> {
        let mut by: Vec<LostBy> =
            self.0.into_iter().map(|(code, count)| LostBy { code: code.into(), count }).collect();
        by.sort_by_key(|lost| Reverse(lost.count));
        by
    }
}

impl LostBy {
    /// All of them as words: `revoked 2, hop-expired 1`.
    pub(crate) fn said(all: &[Self]) -> String {
        let each: Vec<String> = all.iter().map(|lost| format!("{} {}", lost.code, lost.count)).collect();
        each.join(", ")
    }
}

impl From<&VerdictHop> for Hop {
    fn from(hop: &VerdictHop) -> Self {
        let VerdictHop { id, index, expires, .. } = *hop;
        Self { id, index, delegator: hop.delegator.clone(), delegatee: hop.delegatee.clone(), expires }
    }
}

impl From<&Finding> for Found {
    fn from(finding: &Finding) -> Self {
        Self {
            effect: finding.effect,
            code: finding.code.to_string(),
            statement: finding.statement,
            index: finding.index,
            detail: finding.detail.clone(),
        }
    }
}

impl Found {
    /// As a line: the sign of what it means, its slug, its sentence, where.
    pub(crate) fn line(&self) -> String {
        let sign = match self.effect {
            Effect::NotAuthorized => '✗',
            Effect::Indeterminate => '?',
            Effect::None => '!',
        };
        let place = self.index.map(|index| format!(" ({index})")).unwrap_or_default();
        let detail = printable(&self.detail).replace('\n', "\\n");
        format!("{sign} {}: {detail}{place}", printable(&self.code))
    }
}

/// What was found of a delegation, worst first, at most [`FINDINGS_MAX`].
pub(crate) fn findings(standing: &Standing) -> Vec<Found> {
    standing.findings.iter().take(FINDINGS_MAX).map(Found::from).collect()
}

/// A finding on what more is involved in than evidence may hold.
pub(crate) fn too_many() -> Found {
    Found {
        effect: Effect::Indeterminate,
        code: "bundle-too-large".into(),
        statement: None,
        index: None,
        detail: "more statements are involved than evidence may hold: it was not judged".into(),
    }
}

/// A way in words: its root and each who received, with the place of the hop.
pub(crate) fn way(hops: &[Hop]) -> String {
    let Some(first) = hops.first() else { return String::from("none") };
    let received = hops.iter().map(|hop| format!(" → {} ({})", hop.delegatee, hop.index));
    printable(&[first.delegator.clone()].into_iter().chain(received).collect::<String>()).replace('\n', "\\n")
}

/// Has each subject looked at with evidence that holds all that judging it needs, or with none where that is more than evidence
/// may hold. Says whether all were looked at; stops where the answer has cost enough.
pub(crate) fn each<L: Evidential>(
    log: &L,
    subjects: &[StatementId],
    further: &BTreeSet<TermId>,
    most: Cost,
    mut look: impl FnMut(&StatementId, Option<&Evidence>),
) -> Result<bool, KeptError<L::Error>> {
    let all = subjects.len() <= most.delegations;
    let mut waiting: Vec<&[StatementId]> =
        subjects.get(..most.delegations).unwrap_or(subjects).chunks(BATCH).rev().collect();
    let mut gathered = 0_usize;
    while let Some(batch) = waiting.pop() {
        if gathered >= most.entries {
            return Ok(false);
        }
        match log.evidence_about(batch, further.clone()) {
            Ok(evidence) => {
                gathered = gathered.saturating_add(evidence.records().count());
                batch.iter().for_each(|subject| look(subject, Some(&evidence)));
            }
            Err(KeptError::Gather(GatherError::TooMany { max })) => match batch {
                [one] => {
                    gathered = gathered.saturating_add(max);
                    look(one, None);
                }
                several => {
                    let (first, second) = several.split_at(several.len() / 2);
                    waiting.extend([second, first]);
                }
            },
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}
