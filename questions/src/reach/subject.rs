//! What somebody asks about: a principal, a key, a policy's revision, a foreign id, or a statement.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::{KeyId, StatementId};
use schemas::payload::{Body, Kind};
use schemas::reference::ForeignRef;
use schemas::term::{Term, foreign_ids};
use schemas::text::{Line, Name, PrincipalId, Tenant};
use schemas::time::Index;

use super::link::carries;
use crate::kept::{Placed, Put};

/// Most statements that are looked at to learn what a foreign id is.
const FOREIGN_EXAMINED_MAX: usize = 256;

/// What is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Somebody.
    Principal(PrincipalId),
    /// A signing key.
    Key(KeyId),
    /// A revision of a policy, within a tenant.
    Revision {
        /// Tenant of its decisions.
        tenant: Tenant,
        /// The engine.
        engine: Name,
        /// The policy.
        id: Line,
        /// Its revision.
        revision: Line,
    },
    /// All that was given and done for a task, within a tenant.
    Task {
        /// Its tenant.
        tenant: Tenant,
        /// The task.
        task: Line,
    },
    /// Whatever goes by a foreign id, within a tenant: a credential above all.
    Foreign {
        /// Tenant of what goes by it.
        tenant: Tenant,
        /// The id.
        foreign: ForeignRef,
        /// The `credential` statement that was asked about, where it was by that.
        statement: Option<StatementId>,
    },
    /// A delegation, approval or decision.
    Statement {
        /// Where it stands.
        index: Index,
        /// Its id.
        id: StatementId,
        /// Its kind.
        kind: Kind,
    },
}

/// What a text means, where it is no statement's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// This.
    One(Subject),
    /// Several foreign ids, as `type:value (namespace)`.
    Several(Vec<String>),
    /// Nothing that the index knows.
    Nothing,
}

impl Subject {
    /// What a statement stands for; nothing where nothing relies on its kind.
    pub fn of(put: &Put) -> Option<Self> {
        let payload = &put.statement.payload;
        let (tenant, id) = (payload.tenant.clone(), put.statement.id());
        match &payload.body {
            Body::Delegation(_) | Body::Approval(_) | Body::Decision(_) => {
                Some(Self::Statement { index: put.index, id, kind: payload.kind })
            }
            Body::Credential(credential) => {
                let foreign = credential.credential.clone();
                Some(Self::Foreign { tenant, foreign, statement: Some(id) })
            }
            Body::Policy(policy) => {
                let (engine, revision) = (policy.engine.clone(), policy.revision.clone());
                Some(Self::Revision { tenant, engine, id: policy.id.clone(), revision })
            }
            Body::Task(_) => Some(Self::Task { tenant, task: payload.task.clone()? }),
            Body::Key(key) => Some(Self::Key(key.kid)),
            Body::Principal(principal) => Some(Self::Principal(principal.id.clone())),
            _ => None,
        }
    }

    /// The word for its sort: of a statement its kind.
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Principal(_) => "principal",
            Self::Key(_) => "key",
            Self::Revision { .. } => "policy",
            Self::Task { .. } => "task",
            Self::Foreign { .. } => "foreign",
            Self::Statement { kind, .. } => kind.as_str(),
        }
    }

    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Principal(principal) => principal.to_string(),
            Self::Key(key) => key.to_string(),
            Self::Revision { engine, id, revision, .. } => alloc::format!("{engine}:{id}@{revision}"),
            Self::Task { task, .. } => task.to_string(),
            Self::Foreign { foreign, .. } => foreign.to_string(),
            Self::Statement { id, .. } => id.to_string(),
        }
    }

    /// Its tenant, where its name means something only there.
    pub fn tenant(&self) -> Option<&Tenant> {
        match self {
            Self::Revision { tenant, .. } | Self::Task { tenant, .. } | Self::Foreign { tenant, .. } => {
                Some(tenant)
            }
            Self::Principal(_) | Self::Key(_) | Self::Statement { .. } => None,
        }
    }
}

/// What `text` means as a principal, a key, a policy's revision (`engine:id@revision`) or a foreign id (`value` or `type:value`),
/// the latter two within `tenant`.
pub fn subject<P: Placed>(text: &str, tenant: &Tenant, placed: &P) -> Result<Named, P::Error> {
    if let Some(subject) = exact(text, tenant, placed)? {
        return Ok(Named::One(subject));
    }
    let mut found = BTreeSet::new();
    let typed = text.split_once(':').map(|(kind, value)| (Some(kind), value));
    for (kind, value) in [Some((None, text)), typed].into_iter().flatten() {
        let Ok(value) = Line::new(value) else { continue };
        let rows = placed.find(&[Term::Foreign(&value).id()], FOREIGN_EXAMINED_MAX)?;
        let indexes: Vec<Index> = rows.into_iter().flatten().take(FOREIGN_EXAMINED_MAX).collect();
        placed.looked(&indexes, &mut |put| {
            let payload = &put.statement.payload;
            let fits =
                |own: &&&ForeignRef| own.value == value && kind.is_none_or(|kind| own.kind.as_str() == kind);
            let own = foreign_ids(&put.statement);
            let own = own.iter().filter(fits).filter(|_| payload.tenant == *tenant);
            found.extend(own.filter(|own| is_relied_on(put, own)).map(|own| (*own).clone()));
        })?;
    }
    let mut each = found.iter();
    Ok(match (each.next(), each.next()) {
        (None, _) => Named::Nothing,
        (Some(foreign), None) => {
            Named::One(Subject::Foreign { tenant: tenant.clone(), foreign: foreign.clone(), statement: None })
        }
        _ => Named::Several(found.iter().map(|own| alloc::format!("{own} ({})", own.namespace)).collect()),
    })
}

/// What has a row of its own.
fn exact<P: Placed>(text: &str, tenant: &Tenant, placed: &P) -> Result<Option<Subject>, P::Error> {
    let is_there = |terms: &[schemas::ids::TermId]| {
        Ok(placed.find(terms, 1)?.into_iter().flatten().any(|index| index.0 < placed.size()))
    };
    if let Ok(principal) = PrincipalId::new(text)
        && is_there(&[Term::Principal(&principal).id()])?
    {
        return Ok(Some(Subject::Principal(principal)));
    }
    if let Some(key) = KeyId::from_hex(text)
        && is_there(&[Term::Key(&key).id(), Term::Signer(&key).id()])?
    {
        return Ok(Some(Subject::Key(key)));
    }
    let Some((engine, id, revision)) = revision(text) else { return Ok(None) };
    let known = is_there(&[Term::Revision(tenant, &engine, &id, &revision).id()])?;
    Ok(known.then(|| Subject::Revision { tenant: tenant.clone(), engine, id, revision }))
}

/// `engine:id@revision`.
pub(crate) fn revision(text: &str) -> Option<(Name, Line, Line)> {
    let (policy, revision) = text.rsplit_once('@')?;
    let (engine, id) = policy.split_once(':')?;
    Some((Name::new(engine).ok()?, Line::new(id).ok()?, Line::new(revision).ok()?))
}

/// Whether something can rest on whatever goes by this foreign id: a statement carries it, or presents it as a credential.
fn is_relied_on(put: &Put, foreign: &ForeignRef) -> bool {
    let payload = &put.statement.payload;
    let presented = match &payload.body {
        Body::Action(action) => action.credential.as_ref(),
        Body::Decision(decision) => decision.credential.as_ref(),
        Body::Delegation(hop) => hop.presented_credential.as_ref(),
        _ => None,
    };
    let kinds = [Kind::Delegation, Kind::Credential, Kind::Approval, Kind::Decision];
    presented == Some(foreign) || (kinds.contains(&payload.kind) && carries(payload, foreign))
}
