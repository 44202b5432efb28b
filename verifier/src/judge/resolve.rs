//! What a reference in a statement resolves to.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::payload::{Kind, Payload};
use schemas::reference::{ForeignRef, Reference};
use schemas::term::Term;
use schemas::text::Tenant;

use crate::evidence::{Evidence, Record};

/// A reference from a statement to one that it relies on.
#[derive(Clone, Debug)]
pub struct Link<'e> {
    /// How it is named.
    pub via: Via,
    /// The name, as written.
    pub name: String,
    /// What it resolves to.
    pub resolution: Resolution<'e>,
}

/// How a statement is named by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// By its id.
    Statement,
    /// By the credential that carries it.
    Credential,
    /// By another foreign id.
    ForeignId,
}

impl Via {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Credential => "credential",
            Self::ForeignId => "foreign-id",
        }
    }
}

/// What a reference resolves to.
#[derive(Clone, Debug)]
pub enum Resolution<'e> {
    /// Exactly one statement.
    One(&'e Record),
    /// None in the evidence.
    Missing,
    /// Several that could be meant.
    Ambiguous(Vec<&'e Record>),
}

impl<'e> Resolution<'e> {
    /// The statement, where there is exactly one.
    pub fn one(&self) -> Option<&'e Record> {
        match self {
            Self::One(record) => Some(record),
            Self::Missing | Self::Ambiguous(_) => None,
        }
    }
}

/// Resolves a reference to a statement of `kind`.
///
/// By id whatever stands there is taken, sound or not: the rules say what is wrong with it. By foreign id only sound
/// statements of the same tenant are candidates, so that nobody can make a name ambiguous who may not use it.
pub(super) fn resolve<'e>(
    evidence: &'e Evidence,
    tenant: &Tenant,
    kind: Kind,
    reference: &Reference,
) -> Link<'e> {
    let (via, resolution) = match reference {
        Reference::Id(id) => {
            let found = evidence.get(id).filter(|record| is_kind_or_unknown(record, kind));
            (Via::Statement, found.map_or(Resolution::Missing, Resolution::One))
        }
        Reference::InLog(..) => (Via::Statement, Resolution::Missing),
        Reference::Foreign(foreign) => (via_of(foreign), resolve_foreign(evidence, tenant, kind, foreign)),
    };
    Link { via, name: reference.to_string(), resolution }
}

/// The hop that a credential carries, if one is known; nothing where the evidence shows that there is none.
pub(super) fn resolve_credential<'e>(
    evidence: &'e Evidence,
    tenant: &Tenant,
    credential: &ForeignRef,
) -> Option<Link<'e>> {
    let covered = evidence.find(&Term::Named(Kind::Delegation, tenant, credential)).covered;
    let resolution = resolve_foreign(evidence, tenant, Kind::Delegation, credential);
    match resolution {
        Resolution::Missing if covered => None,
        _ => Some(Link { via: Via::Credential, name: credential.to_string(), resolution }),
    }
}

fn resolve_foreign<'e>(
    evidence: &'e Evidence,
    tenant: &Tenant,
    kind: Kind,
    foreign: &ForeignRef,
) -> Resolution<'e> {
    let named = evidence.find(&Term::Named(kind, tenant, foreign)).records;
    let mut candidates: Vec<&Record> = named
        .into_iter()
        .filter(|record| record.standing.is_ok())
        .filter(|record| {
            record.payload.as_ref().is_some_and(|payload| carries(payload, tenant, kind, foreign))
        })
        .collect();
    match (candidates.pop(), candidates.is_empty()) {
        (None, _) => Resolution::Missing,
        (Some(only), true) => Resolution::One(only),
        (Some(last), false) => {
            candidates.push(last);
            Resolution::Ambiguous(candidates)
        }
    }
}

/// A term is a short hash: what it found is looked at before it is believed.
fn carries(payload: &Payload, tenant: &Tenant, kind: Kind, foreign: &ForeignRef) -> bool {
    use schemas::payload::Body;
    let own = match &payload.body {
        Body::Delegation(hop) => hop.credential.as_ref(),
        Body::Credential(credential) => Some(&credential.credential),
        _ => None,
    };
    payload.kind == kind
        && payload.tenant == *tenant
        && (payload.refs.contains(foreign) || own == Some(foreign))
}

fn is_kind_or_unknown(record: &Record, kind: Kind) -> bool {
    record.payload.as_ref().is_none_or(|payload| payload.kind == kind)
}

fn via_of(foreign: &ForeignRef) -> Via {
    const CREDENTIAL_TYPES: [&str; 6] = ["access-key", "credential", "jti", "session", "svid", "token"];
    if CREDENTIAL_TYPES.contains(&foreign.kind.as_str()) { Via::Credential } else { Via::ForeignId }
}
