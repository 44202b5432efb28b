//! What is supposed to be withdrawn: from what people call it to what a revocation of it would name.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::{KeyId, StatementId};
use schemas::kinds::{CredentialOp, Target, TargetKind};
use schemas::payload::{Body, Kind};
use schemas::reference::Reference;
use schemas::term::Term;
use schemas::text::{PrincipalId, Tenant};

use super::WhatIfError;
use crate::kept::{Placed, Put};

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'s> {
    /// A statement.
    Statement(&'s StatementId),
    /// A name that is no statement's: a principal's, or a key's.
    Name(&'s str),
}

/// What would be withdrawn.
#[derive(Clone, Debug)]
pub(super) struct Withdrawable {
    /// What a revocation would name.
    pub(super) target: Target,
    /// The tenant that it would be of; nothing: what it names is of no tenant.
    pub(super) tenant: Tenant,
    /// The statement that gave it, or that says what it is.
    pub(super) statement: Option<Put>,
}

impl Withdrawable {
    pub(super) fn find<P: Placed>(subject: Subject<'_>, log: &P) -> Result<Self, WhatIfError<P::Error>> {
        match subject {
            Subject::Statement(id) => {
                let index = log.index_of(id).map_err(WhatIfError::source)?;
                let put = index.map(|index| log.placed(index)).transpose().map_err(WhatIfError::source)?;
                let put = put.flatten().ok_or_else(|| WhatIfError::NotFound(id.to_string()))?;
                Self::of_statement(put)
            }
            Subject::Name(name) => {
                let found = Self::of_name(name, log).map_err(WhatIfError::source)?;
                found.ok_or_else(|| WhatIfError::NotFound(name.into()))
            }
        }
    }

    fn of_statement<E: core::fmt::Display>(put: Put) -> Result<Self, WhatIfError<E>> {
        let payload = &put.statement.payload;
        let by_id = |kind| Target { reference: Some(Reference::Id(put.statement.id())), ..bare(kind) };
        let target = match &payload.body {
            Body::Delegation(_) => by_id(TargetKind::Delegation),
            Body::Approval(_) => by_id(TargetKind::Approval),
            Body::Credential(credential) if credential.op != CredentialOp::Authenticate => {
                by_id(TargetKind::Credential)
            }
            Body::Task(_) => Target { task: payload.task.clone(), ..bare(TargetKind::Task) },
            Body::Principal(stated) => principal(stated.id.clone()),
            Body::Key(key) => Target { key: Some(key.kid), ..bare(TargetKind::Key) },
            _ => return Err(WhatIfError::NotRevocable(payload.kind)),
        };
        Ok(Self { target, tenant: payload.tenant.clone(), statement: Some(put) })
    }

    fn of_name<P: Placed>(name: &str, log: &P) -> Result<Option<Self>, P::Error> {
        if let Some(kid) = KeyId::from_hex(name) {
            let stated = latest(&Term::Key(&kid), Kind::Key, log)?;
            let target = Target { key: Some(kid), ..bare(TargetKind::Key) };
            return Ok(stated.map(|put| Self {
                target,
                tenant: put.statement.payload.tenant.clone(),
                statement: Some(put),
            }));
        }
        let Ok(id) = PrincipalId::new(name) else { return Ok(None) };
        let is_named = log.find(&[Term::Principal(&id).id()], 1)?.into_iter().any(|row| !row.is_empty());
        if !is_named {
            return Ok(None);
        }
        let statement = latest(&Term::Registration(&id), Kind::Principal, log)?;
        let tenant = statement.as_ref().map(|put| put.statement.payload.tenant.clone());
        let tenant = tenant.unwrap_or_else(Tenant::default_label);
        Ok(Some(Self { target: principal(id), tenant, statement }))
    }

    /// How a person goes on to withdraw it.
    pub(super) fn next(&self) -> String {
        let id = self.statement.as_ref().map(|put| crate::text::short(&put.statement.id()));
        match (self.target.kind, id) {
            (TargetKind::Key, _) => {
                alloc::format!("writ keys retire {}, or writ keys compromise", self.target)
            }
            (_, Some(id)) => alloc::format!("writ revoke {id} --key KEY"),
            (_, None) => alloc::format!("writ authority {}", self.target),
        }
    }
}

fn bare(kind: TargetKind) -> Target {
    Target { kind, reference: None, key: None, task: None, principal: None }
}

fn principal(id: PrincipalId) -> Target {
    Target { principal: Some(id), ..bare(TargetKind::Principal) }
}

/// Most statements of one term among which the latest of a kind is looked for.
const STATED_MAX: usize = 1_000;

fn latest<P: Placed>(term: &Term<'_>, kind: Kind, log: &P) -> Result<Option<Put>, P::Error> {
    let found: Vec<_> = log.find(&[term.id()], STATED_MAX)?.into_iter().flatten().collect();
    for index in found.into_iter().rev() {
        if let Some(put) = log.placed(index)?.filter(|put| put.statement.payload.kind == kind) {
            return Ok(Some(put));
        }
    }
    Ok(None)
}
