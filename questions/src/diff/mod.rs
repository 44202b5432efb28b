//! What differs: what was approved or ruled and what was done; two actions, hop by hop; what two delegations hand on.

mod fields;
mod text;

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::payload::{Body, Kind, Payload};
use schemas::time::Index;
use serde::Serialize;
use thiserror::Error;
use verifier::evidence::{Evidence, Record};
use verifier::judge::judge;
use verifier::profile::Profile;
use verifier::verdict::{AsOf, Finding, Verdict, VerdictHop, VerdictProfile, VerdictTrust};

use crate::scopes::{ScopeChange, compare};
use crate::summary::summary;
use crate::who::unpinned;

/// Name of the JSON form.
pub const DIFF_SCHEMA: &str = "writ.diff/1";

/// Most findings that an answer lists.
pub const FINDINGS_MAX: usize = 256;

/// What two statements differ in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// [`DIFF_SCHEMA`].
    pub schema: &'static str,
    /// What is compared with: what was approved, ruled, done or handed on first.
    pub first: Side,
    /// What is compared.
    pub second: Side,
    /// How many fields both state, and state differently.
    pub different: usize,
    /// How many fields are listed.
    pub count: usize,
    /// Whether there are more findings than [`FINDINGS_MAX`].
    pub truncated: bool,
    /// Every field that both kinds have.
    pub fields: Vec<Field>,
    /// What the second delegation hands on beside the first; absent of other kinds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeChange>,
    /// The hops behind each, where both are of one kind.
    pub hops: Vec<HopOf>,
    /// What the judge finds about the second side, or about what it relies on, that has to do with the first.
    pub findings: Vec<Finding>,
    /// Under which parameters.
    pub profile: VerdictProfile,
    /// On whose keys it stands.
    pub trust: VerdictTrust,
    /// Under which head.
    pub as_of: AsOf,
    /// Whether every reference resolved and everything asked for was there.
    pub complete: bool,
    /// On what "nothing else exists" rests: `recomputed`, `proved` or `asserted`.
    pub absence: &'static str,
}

/// One of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Its id.
    pub id: StatementId,
    /// Its kind.
    pub kind: Kind,
    /// Where it stands.
    pub index: Index,
    /// What it says, in a line.
    pub summary: String,
    /// Whether it was authorized, where it is something that is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// How the two compare.
    pub is: Is,
    /// What the first says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// What the second says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Is {
    /// Both state the same.
    Same,
    /// Both state it, and differ.
    Different,
    /// Only one states it.
    OneSided,
    /// Neither does.
    Unstated,
}

/// A hop behind one of the two, or behind both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HopOf {
    /// The delegation's id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// Who gave.
    pub delegator: String,
    /// Who received.
    pub delegatee: String,
    /// Behind the first.
    pub first: bool,
    /// Behind the second.
    pub second: bool,
}

/// A statement to compare, with the evidence about it.
#[derive(Clone, Copy, Debug)]
pub struct Compared<'e> {
    /// The statement.
    pub id: StatementId,
    /// The evidence.
    pub evidence: &'e Evidence,
    /// The parameters to judge it under.
    pub profile: &'e Profile,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DiffError {
    /// One of the two is not in the evidence, or this program cannot read it.
    #[error("statement {0} is not in the evidence, or of a form that this program does not know")]
    NotFound(StatementId),
    /// Statements of these kinds have nothing to be compared in.
    #[error(
        "a {first} and a {second} are not compared; name an approval or decision and an action, or two actions, decisions \
         or delegations"
    )]
    NotComparable {
        /// Kind of the first.
        first: Kind,
        /// Kind of the second.
        second: Kind,
    },
    /// The action names neither a decision nor an approval that is there.
    #[error(
        "{0} names neither an approval nor a decision that is in the evidence; name what it is to be compared with"
    )]
    NothingNamed(StatementId),
}

impl DiffError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::NotComparable { .. } => "not-comparable",
            Self::NothingNamed(_) => "nothing-named",
        }
    }
}

/// What an action was approved or ruled by: the approval where there is one, else the decision.
pub fn named_by(action: &Compared<'_>) -> Result<StatementId, DiffError> {
    let verdict = judge(&action.id, action.evidence, action.profile).ok();
    let named = |kind| {
        let relies_on = verdict.iter().flat_map(|verdict| &verdict.relies_on);
        relies_on.filter(|relied| relied.kind == kind).find_map(|relied| relied.id)
    };
    named("approval").or_else(|| named("decision")).ok_or(DiffError::NothingNamed(action.id))
}

/// Compares two statements.
pub fn diff(first: &Compared<'_>, second: &Compared<'_>) -> Result<Diff, DiffError> {
    let (one, other) = (Read::of(first)?, Read::of(second)?);
    if !comparable(one.payload.kind, other.payload.kind) {
        return Err(DiffError::NotComparable { first: one.payload.kind, second: other.payload.kind });
    }
    let fields = fields::compared(one.payload, other.payload);
    let scope = match (&one.payload.body, &other.payload.body) {
        (Body::Delegation(one), Body::Delegation(other)) => {
            Some(compare(one.scope.as_ref(), other.scope.as_ref()))
        }
        _ => None,
    };
    let hops = if one.payload.kind == other.payload.kind { hops(&one, &other) } else { Vec::new() };
    let (findings, truncated) = findings(&one, &other);
    let ground = other.verdict.as_ref().or(one.verdict.as_ref());
    let Some(ground) = ground else {
        return Err(DiffError::NotComparable { first: one.payload.kind, second: other.payload.kind });
    };
    Ok(Diff {
        schema: DIFF_SCHEMA,
        different: fields.iter().filter(|field| field.is == Is::Different).count(),
        count: fields.len(),
        truncated,
        fields,
        scope,
        hops,
        findings,
        profile: ground.profile.clone(),
        trust: ground.trust.clone(),
        as_of: ground.as_of.clone(),
        complete: [&one, &other]
            .iter()
            .all(|side| side.verdict.as_ref().is_none_or(|verdict| verdict.complete)),
        absence: ground.absence,
        first: one.side(),
        second: other.side(),
    })
}

impl Diff {
    /// The same as the log's server says it: whoever is told has pinned nothing.
    pub fn of_server(self) -> Self {
        Self { trust: unpinned(&self.trust), ..self }
    }
}

/// One of the two, read and where possible judged.
struct Read<'e> {
    record: &'e Record,
    payload: &'e Payload,
    verdict: Option<Verdict>,
}

impl<'e> Read<'e> {
    fn of(compared: &Compared<'e>) -> Result<Self, DiffError> {
        let Compared { id, evidence, profile } = compared;
        let record = evidence.get(id).ok_or(DiffError::NotFound(*id))?;
        let payload = record.payload.as_ref().ok_or(DiffError::NotFound(*id))?;
        Ok(Self { record, payload, verdict: judge(id, evidence, profile).ok() })
    }

    fn side(&self) -> Side {
        Side {
            id: self.record.id(),
            kind: self.payload.kind,
            index: self.record.index,
            summary: summary(self.payload, self.record.envelope.iss.as_str()),
            outcome: self.verdict.as_ref().map(|verdict| verdict.outcome.as_str()),
        }
    }
}

fn comparable(first: Kind, second: Kind) -> bool {
    matches!(
        (first, second),
        (Kind::Delegation, Kind::Delegation)
            | (Kind::Approval | Kind::Decision | Kind::Action, Kind::Decision | Kind::Action)
    )
}

/// The hops behind both, in the order of the first way and then of the second.
fn hops(one: &Read<'_>, other: &Read<'_>) -> Vec<HopOf> {
    let of = |side: &Read<'_>| -> Vec<VerdictHop> {
        side.verdict.iter().flat_map(|verdict| verdict.hops.clone()).collect()
    };
    let (before, after) = (of(one), of(other));
    let ids = |hops: &[VerdictHop]| -> BTreeSet<StatementId> { hops.iter().map(|hop| hop.id).collect() };
    let (first, second) = (ids(&before), ids(&after));
    let added = after.iter().filter(|hop| !first.contains(&hop.id));
    let hop = |hop: &VerdictHop| HopOf {
        id: hop.id,
        index: hop.index,
        delegator: hop.delegator.to_string(),
        delegatee: hop.delegatee.to_string(),
        first: first.contains(&hop.id),
        second: second.contains(&hop.id),
    };
    before.iter().chain(added).map(hop).collect()
}

/// What the rules find about the second that is about the first: that the two do not match, or that the first does not stand.
fn findings(one: &Read<'_>, other: &Read<'_>) -> (Vec<Finding>, bool) {
    const MISMATCHES: [&str; 4] =
        ["approval-mismatch", "decision-mismatch", "decision-too-coarse", "scope-escalated"];
    let id = one.record.id();
    let of = other.verdict.iter().flat_map(|verdict| &verdict.findings);
    let mut about =
        of.filter(|finding| MISMATCHES.contains(&finding.code) || finding.statement == Some(id)).cloned();
    let listed = about.by_ref().take(FINDINGS_MAX).collect();
    (listed, about.next().is_some())
}
