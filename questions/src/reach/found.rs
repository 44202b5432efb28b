//! What is kept of each statement that was found.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::{StatementId, TermId};
use schemas::kinds::{Action, Decision, Delegation, Effect, Outcome};
use schemas::reference::ForeignRef;
use schemas::scope::Scope;
use schemas::term::Term;
use schemas::text::PrincipalId;
use schemas::time::{Index, Time};

use super::link::Linked;
use crate::kept::Put;

/// Class of actions that cannot be undone (docs/format.md).
const IRREVERSIBLE: &str = "irreversible";

/// One delegation.
#[derive(Clone, Debug)]
pub(crate) struct Hop {
    pub(crate) index: Index,
    pub(crate) id: StatementId,
    pub(crate) delegator: PrincipalId,
    pub(crate) delegatee: PrincipalId,
    pub(crate) scope: Option<Scope>,
    pub(crate) expires: Option<Time>,
    /// How many hops are between it and the subject.
    pub(crate) above: u64,
    /// Whether it gave the subject its authority, and none of the subject's.
    pub(crate) held: bool,
    /// Under which terms its withdrawals are found.
    pub(crate) withdrawals: Vec<TermId>,
}

/// One action.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    pub(crate) index: Index,
    pub(crate) id: StatementId,
    /// When the log placed it.
    pub(crate) time: Time,
    /// When it was attempted, as its signer says.
    pub(crate) at: Time,
    pub(crate) actor: PrincipalId,
    pub(crate) action: String,
    pub(crate) resources: Vec<String>,
    pub(crate) outcome: Option<Outcome>,
    /// Whether its class says that it cannot be undone.
    pub(crate) irreversible: bool,
    /// What it changed.
    pub(crate) effects: Vec<Effect>,
}

/// One ruling that allowed nothing.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) index: Index,
    pub(crate) id: StatementId,
    pub(crate) at: Time,
    pub(crate) actor: PrincipalId,
    pub(crate) action: String,
    pub(crate) resources: Vec<String>,
}

impl Hop {
    pub(super) fn of(put: &Put, hop: &Delegation, linked: Linked) -> Self {
        let (id, payload) = (put.statement.id(), &put.statement.payload);
        let names: Vec<&ForeignRef> = payload.refs.iter().chain(&hop.credential).collect();
        let mut withdrawals = alloc::vec![
            Term::Withdrawn(&id).id(),
            Term::WithdrawnKey(&put.statement.envelope.kid).id(),
            Term::WithdrawnPrincipal(&hop.delegator).id(),
            Term::WithdrawnPrincipal(&hop.delegatee).id(),
        ];
        withdrawals.extend(names.iter().map(|name| Term::WithdrawnForeign(&payload.tenant, name).id()));
        withdrawals.extend(payload.task.iter().map(|task| Term::WithdrawnTask(&payload.tenant, task).id()));
        Self {
            index: put.index,
            id,
            delegator: hop.delegator.clone(),
            delegatee: hop.delegatee.clone(),
            scope: hop.scope.clone(),
            expires: hop.expires,
            above: linked.node.above,
            held: linked.held,
            withdrawals,
        }
    }
}

impl Act {
    pub(super) fn of(put: &Put, action: &Action) -> Self {
        Self {
            index: put.index,
            id: put.statement.id(),
            time: put.time,
            at: action.attempted_at,
            actor: action.actor.clone(),
            action: action.action.name.to_string(),
            resources: action.resources.iter().map(ToString::to_string).collect(),
            outcome: action.outcome,
            irreversible: action.action.class.as_ref().is_some_and(|class| class.as_str() == IRREVERSIBLE),
            effects: action.effects.clone(),
        }
    }

    /// Takes over what came of it.
    pub(super) fn ends_in(&mut self, outcome: Self) {
        self.outcome = self.outcome.or(outcome.outcome);
        self.irreversible |= outcome.irreversible;
        self.effects.extend(outcome.effects);
    }
}

impl Refusal {
    pub(super) fn of(put: &Put, decision: &Decision) -> Self {
        Self {
            index: put.index,
            id: put.statement.id(),
            at: decision.evaluated_at,
            actor: decision.actor.clone(),
            action: decision.action.name.to_string(),
            resources: decision.resources.iter().map(ToString::to_string).collect(),
        }
    }
}
