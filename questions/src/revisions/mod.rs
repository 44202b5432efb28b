//! What two revisions of a policy ruled, request by request: what changed, and what only one of them was asked.

mod text;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::kinds::{Decision, Ruling};
use schemas::payload::Body;
use schemas::term::Term;
use schemas::text::{Line, Name, Tenant};
use schemas::time::Time;
use serde::{Deserialize, Serialize};

use crate::kept::{AsOf, Placed};

/// Name of the JSON form.
pub const REVISIONS_SCHEMA: &str = "writ.revisions/1";

/// Most decisions of each revision that are looked at: an answer that would need more says that it is not all.
pub const EXAMINED_MAX: usize = 10_000;

/// Two revisions of one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whose.
    pub tenant: Tenant,
    /// The engine.
    pub engine: Name,
    /// The policy.
    pub id: Line,
}

/// What the two ruled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revisions {
    /// [`REVISIONS_SCHEMA`].
    pub schema: String,
    /// The policy, as `engine:id`.
    pub policy: String,
    /// The one that is compared with.
    pub first: Revision,
    /// The one that is compared.
    pub second: Revision,
    /// How many requests (actor, action, resources) both ruled alike, by the last ruling of each.
    pub same: u64,
    /// How many both ruled, and ruled otherwise.
    pub different: u64,
    /// How many of the changes are listed.
    pub count: usize,
    /// Whether there are more.
    pub truncated: bool,
    /// What was ruled otherwise, in the order of actor, action and resources.
    pub changes: Vec<Change>,
    /// Whether every decision of both was looked at.
    pub complete: bool,
    /// Under which head.
    pub as_of: AsOf,
}

/// One of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revision {
    /// Its name.
    pub revision: String,
    /// The `policy` statement that announced it; absent where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announced: Option<StatementId>,
    /// How many decisions it made.
    pub decisions: u64,
    /// How many of them were permits.
    pub permits: u64,
    /// How many were denials.
    pub denials: u64,
    /// How many requests only this one ruled.
    pub alone: u64,
    /// When the first of them was made, as its signer says; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// When the last of them was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

/// A request that the two ruled otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Who asked.
    pub actor: String,
    /// What for.
    pub action: String,
    /// On what.
    pub resources: Vec<String>,
    /// The last ruling of the first revision.
    pub first: Ruled,
    /// The last ruling of the second.
    pub second: Ruled,
}

/// A ruling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruled {
    /// Which way.
    pub ruling: Ruling,
    /// The decision.
    pub decision: StatementId,
}

/// Actor, action, resources: what makes two requests one.
type Asked = (String, String, Vec<String>);

/// What one revision did.
struct Made {
    revision: Revision,
    last: BTreeMap<Asked, Ruled>,
    complete: bool,
}

/// What two revisions of a policy ruled; nothing where the log knows neither. At most `limit` changes are listed.
pub fn revisions<P: Placed>(
    policy: &Policy,
    (first, second): (&Line, &Line),
    limit: usize,
    placed: &P,
) -> Result<Option<Revisions>, P::Error> {
    let mut one = Made::by(policy, first, placed)?;
    let mut other = Made::by(policy, second, placed)?;
    let unknown = |made: &Made| made.revision.decisions == 0 && made.revision.announced.is_none();
    if unknown(&one) && unknown(&other) {
        return Ok(None);
    }
    let both: BTreeSet<&Asked> = one.last.keys().filter(|asked| other.last.contains_key(*asked)).collect();
    let (mut same, mut changes) = (0_u64, Vec::new());
    for asked in &both {
        let (Some(before), Some(after)) = (one.last.get(*asked), other.last.get(*asked)) else { continue };
        if before.ruling == after.ruling {
            same = same.saturating_add(1);
            continue;
        }
        let (actor, action, resources) = (*asked).clone();
        changes.push(Change { actor, action, resources, first: before.clone(), second: after.clone() });
    }
    let alone = |made: &Made| made.last.len().saturating_sub(both.len()) as u64;
    let (first_alone, second_alone) = (alone(&one), alone(&other));
    (one.revision.alone, other.revision.alone) = (first_alone, second_alone);
    let different = changes.len();
    changes.truncate(limit);
    Ok(Some(Revisions {
        schema: REVISIONS_SCHEMA.into(),
        policy: alloc::format!("{}:{}", policy.engine, policy.id),
        first: one.revision,
        second: other.revision,
        same,
        different: different as u64,
        count: changes.len(),
        truncated: changes.len() < different,
        changes,
        complete: one.complete && other.complete,
        as_of: placed.as_of(),
    }))
}

impl Made {
    fn by<P: Placed>(policy: &Policy, revision: &Line, placed: &P) -> Result<Self, P::Error> {
        let Policy { tenant, engine, id } = policy;
        let term = Term::Revision(tenant, engine, id, revision).id();
        let found = placed.find(&[term], EXAMINED_MAX.saturating_add(1))?;
        let indexes: Vec<_> = found.into_iter().flatten().collect();
        let mut made = Self {
            revision: Revision {
                revision: revision.to_string(),
                announced: None,
                decisions: 0,
                permits: 0,
                denials: 0,
                alone: 0,
                from: None,
                until: None,
            },
            last: BTreeMap::new(),
            complete: indexes.len() <= EXAMINED_MAX,
        };
        for index in indexes.into_iter().take(EXAMINED_MAX) {
            let Some(put) = placed.placed(index)? else { continue };
            match &put.statement.payload.body {
                Body::Policy(_) => made.revision.announced = Some(put.statement.id()),
                Body::Decision(decision) => made.take(decision, put.statement.id()),
                _ => {}
            }
        }
        Ok(made)
    }

    fn take(&mut self, decision: &Decision, id: StatementId) {
        let of = &mut self.revision;
        of.decisions = of.decisions.saturating_add(1);
        of.permits = of.permits.saturating_add(u64::from(decision.ruling == Ruling::Permit));
        of.denials = of.denials.saturating_add(u64::from(decision.ruling == Ruling::Deny));
        let at = decision.evaluated_at;
        of.from = Some(of.from.map_or(at, |from| from.min(at)));
        of.until = Some(of.until.map_or(at, |until| until.max(at)));
        let mut resources: Vec<String> = decision.resources.iter().map(ToString::to_string).collect();
        resources.sort();
        let asked = (decision.actor.to_string(), decision.action.name.to_string(), resources);
        self.last.insert(asked, Ruled { ruling: decision.ruling, decision: id });
    }
}
