//! Whether a statement is what somebody looks for.

use super::{Field, Query, What};
use crate::envelope::Statement;
use crate::ids::TermId;
use crate::payload::Body;
use crate::term::{Term, foreign_ids, terms};
use crate::text::{Line, Name, Tenant};

impl Query {
    /// Whether all conditions hold.
    pub fn fits(&self, statement: &Statement) -> bool {
        let (tenant, has) = (self.tenant(), terms(statement));
        self.conditions
            .iter()
            .all(|condition| condition.excluded != condition.what.holds(statement, &has, &tenant))
    }
}

impl What {
    /// Whether this holds for a statement that gives rise to the terms `has`, ascending.
    fn holds(&self, statement: &Statement, has: &[TermId], tenant: &Tenant) -> bool {
        let payload = &statement.payload;
        let is_among = |term: TermId| has.binary_search(&term).is_ok();
        match self {
            Self::Terms(terms) => terms.iter().any(|term| is_among(*term)),
            Self::Task(task) => is_among(Term::Task(tenant, task).id()),
            Self::Word(value) => {
                is_among(Term::Foreign(value).id())
                    || self.id_prefix().is_some_and(|prefix| statement.id().to_hex().starts_with(prefix))
            }
            Self::Foreign(kind, value) => {
                foreign_ids(statement).iter().any(|id| id.kind == *kind && id.value == *value)
            }
            Self::Begins(field, prefix) => begins(&payload.body, *field, prefix),
            Self::Outcome(outcome) => {
                matches!(&payload.body, Body::Action(action) if action.outcome == Some(*outcome))
            }
            Self::Policy(Some(engine), id, Some(revision)) => {
                is_among(Term::Revision(tenant, engine, id, revision).id())
            }
            Self::Policy(engine, id, revision) => {
                decided_by(&payload.body, (engine.as_ref(), id, revision.as_ref()))
            }
            Self::Tenant(tenant) => payload.tenant == *tenant,
            Self::Since(since) => payload.at >= *since,
            Self::Until(until) => payload.at <= *until,
        }
    }
}

fn begins(body: &Body, field: Field, prefix: &str) -> bool {
    let (action, resources) = match body {
        Body::Decision(decision) => (&decision.action.name, &decision.resources),
        Body::Approval(approval) => (&approval.action.name, &approval.resources),
        Body::Action(action) => (&action.action.name, &action.resources),
        _ => return false,
    };
    match field {
        Field::Action => action.as_str().starts_with(prefix),
        Field::Resource => resources.iter().any(|resource| resource.as_str().starts_with(prefix)),
    }
}

fn decided_by(body: &Body, (engine, id, revision): (Option<&Name>, &Line, Option<&Line>)) -> bool {
    let (by, of, at) = match body {
        Body::Policy(policy) => (&policy.engine, Some(&policy.id), Some(&policy.revision)),
        Body::Decision(decision) => match &decision.policy {
            Some(policy) => (&policy.engine, policy.id.as_ref(), policy.revision.as_ref()),
            None => return false,
        },
        _ => return false,
    };
    engine.is_none_or(|engine| by == engine)
        && of == Some(id)
        && revision.is_none_or(|revision| at == Some(revision))
}
