//! Which statements withdraw something, and as of when.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::{StatementId, TermId};
use schemas::kinds::{KeyOp, Target};
use schemas::payload::{Body, Kind};
use schemas::reference::{ForeignRef, Reference};
use schemas::term::Term;
use schemas::text::Tenant;
use schemas::time::{Index, Time};
use serde::{Deserialize, Serialize};

use super::{EffectError, source};
use crate::kept::{Placed, Put};
use crate::reach::Subject;

/// Most withdrawals of one thing that are looked at: the earliest logged are what a revocation came to.
pub const WITHDRAWALS_MAX: usize = 50;

/// One statement that withdraws something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// Its id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// When it was said, as its signer says.
    pub at: Time,
    /// When the log placed it.
    pub time: Time,
    /// As of when it withdraws.
    pub effective: Time,
    /// Who withdraws.
    pub revoker: String,
    /// Why, in the revoker's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What was withdrawn.
    pub subject: Subject,
    /// By which statements: one at least, oldest first.
    pub withdrawals: Vec<Withdrawal>,
}

impl Asked {
    /// What tells this question from others.
    pub(super) fn mark(&self) -> String {
        let first = self.withdrawals.first().map(|first| first.id.to_string()).unwrap_or_default();
        alloc::format!("{} {} {first}", self.subject.sort(), self.subject.name())
    }
}

impl Withdrawal {
    /// What a statement withdraws; nothing where it withdraws nothing.
    fn of(put: &Put) -> Option<Self> {
        let (envelope, payload) = (&put.statement.envelope, &put.statement.payload);
        let (effective, cause, revoker) = match &payload.body {
            Body::Revocation(revocation) => {
                let cause = revocation.cause.as_ref().map(ToString::to_string);
                (revocation.effective_at.unwrap_or(payload.at), cause, revocation.revoker.as_ref())
            }
            Body::Key(key) => match key.op {
                KeyOp::Compromise => (key.since.unwrap_or(payload.at), Some("compromised".into()), None),
                KeyOp::Retire => (key.accept_until.unwrap_or(put.time), Some("retired".into()), None),
                KeyOp::Add | KeyOp::Rotate => return None,
            },
            _ => return None,
        };
        Some(Self {
            id: put.statement.id(),
            index: put.index,
            at: payload.at,
            time: put.time,
            effective,
            revoker: revoker.unwrap_or(&envelope.iss).to_string(),
            cause,
        })
    }
}

/// What asking about a statement means: what it withdraws, or else whatever withdraws it.
pub fn asked<P: Placed>(put: &Put, log: &P) -> Result<Asked, EffectError<P::Error>> {
    if let Some(withdrawal) = Withdrawal::of(put) {
        let subject = match &put.statement.payload.body {
            Body::Revocation(revocation) => target(&revocation.target, &put.statement.payload.tenant, log)?,
            _ => Subject::of(put).ok_or(EffectError::NotWithdrawable(put.statement.payload.kind))?,
        };
        return Ok(Asked { subject, withdrawals: alloc::vec![withdrawal] });
    }
    let subject = Subject::of(put).ok_or(EffectError::NotWithdrawable(put.statement.payload.kind))?;
    let names = match &put.statement.payload.body {
        Body::Delegation(hop) => put.statement.payload.refs.iter().chain(&hop.credential).collect(),
        _ => put.statement.payload.refs.iter().collect::<Vec<&ForeignRef>>(),
    };
    let mut terms = alloc::vec![Term::Withdrawn(&put.statement.id()).id()];
    let tenant = &put.statement.payload.tenant;
    terms.extend(names.into_iter().map(|name| Term::WithdrawnForeign(tenant, name).id()));
    of_terms(subject, terms, log)
}

impl Asked {
    /// What withdraws something that is no statement.
    pub fn of<P: Placed>(subject: Subject, log: &P) -> Result<Self, EffectError<P::Error>> {
        of_terms(subject, Vec::new(), log)
    }
}

fn of_terms<P: Placed>(
    subject: Subject,
    mut terms: Vec<TermId>,
    log: &P,
) -> Result<Asked, EffectError<P::Error>> {
    match &subject {
        Subject::Principal(principal) => terms.push(Term::WithdrawnPrincipal(principal).id()),
        Subject::Key(key) => terms.extend([Term::WithdrawnKey(key).id(), Term::Key(key).id()]),
        Subject::Task { tenant, task } => terms.push(Term::WithdrawnTask(tenant, task).id()),
        Subject::Foreign { tenant, foreign, statement } => {
            terms.push(Term::WithdrawnForeign(tenant, foreign).id());
            terms.extend(statement.iter().map(|id| Term::Withdrawn(id).id()));
        }
        Subject::Revision { .. } => return Err(EffectError::NotWithdrawable(Kind::Policy)),
        Subject::Statement { id, .. } => terms.push(Term::Withdrawn(id).id()),
    }
    let rows = log.find(&terms, WITHDRAWALS_MAX).map_err(source)?;
    let size = log.size();
    let indexes: BTreeSet<Index> = rows.into_iter().flatten().filter(|index| index.0 < size).collect();
    let mut withdrawals = Vec::new();
    for index in indexes.into_iter().take(WITHDRAWALS_MAX) {
        let put = log.placed(index).map_err(source)?.filter(|put| is_about(put, &subject));
        withdrawals.extend(put.as_ref().and_then(Withdrawal::of));
    }
    if withdrawals.is_empty() {
        return Err(EffectError::NotWithdrawn { sort: subject.sort(), name: subject.name() });
    }
    Ok(Asked { subject, withdrawals })
}

/// A key entry is found under the key that it replaces, too.
fn is_about(put: &Put, subject: &Subject) -> bool {
    match (&put.statement.payload.body, subject) {
        (Body::Key(entry), Subject::Key(key)) => entry.kid == *key,
        _ => true,
    }
}

/// What a revocation names.
fn target<P: Placed>(target: &Target, tenant: &Tenant, log: &P) -> Result<Subject, EffectError<P::Error>> {
    let unknown = || EffectError::TargetUnknown(target.to_string());
    if let Some(key) = target.key {
        return Ok(Subject::Key(key));
    }
    if let Some(principal) = &target.principal {
        return Ok(Subject::Principal(principal.clone()));
    }
    if let Some(task) = &target.task {
        return Ok(Subject::Task { tenant: tenant.clone(), task: task.clone() });
    }
    match &target.reference {
        Some(Reference::Foreign(foreign)) => {
            let (tenant, foreign) = (tenant.clone(), foreign.clone());
            Ok(Subject::Foreign { tenant, foreign, statement: None })
        }
        Some(Reference::Id(id) | Reference::InLog(_, id)) => {
            let index = log.index_of(id).map_err(source::<P::Error>)?.ok_or_else(unknown)?;
            let put = log.placed(index).map_err(source::<P::Error>)?.ok_or_else(unknown)?;
            Subject::of(&put).ok_or(EffectError::NotWithdrawable(put.statement.payload.kind))
        }
        None => Err(unknown()),
    }
}

impl<E: core::fmt::Display> EffectError<E> {
    /// Whether what was asked about is there, and has not been withdrawn.
    pub fn is_standing(&self) -> bool {
        matches!(self, Self::NotWithdrawn { .. })
    }
}
