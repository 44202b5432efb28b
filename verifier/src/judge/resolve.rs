//! What a reference in a statement resolves to.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::payload::{Body, Kind, Payload};
use schemas::reference::{ForeignRef, Reference};
use schemas::term::Term;
use schemas::text::Tenant;

use super::ground::Ground;
use crate::evidence::{Evidence, Record};
use crate::registry::entitle_namespace;

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
/// statements of the same tenant are candidates, by keys that may name things of that namespace: nobody else can lay claim
/// to a name or make it ambiguous.
pub(crate) fn resolve<'e>(
    ground: Ground<'e>,
    tenant: &Tenant,
    kind: Kind,
    reference: &Reference,
) -> Link<'e> {
    let by_id = |id| {
        let found = ground.evidence.get(id).filter(|record| is_kind_or_unknown(record, kind));
        (Via::Statement, found.map_or(Resolution::Missing, Resolution::One))
    };
    let (via, resolution) = match reference {
        Reference::Id(id) => by_id(id),
        Reference::InLog(log, id) if *log == ground.evidence.registry().log() => by_id(id),
        Reference::InLog(..) => (Via::Statement, Resolution::Missing),
        Reference::Foreign(foreign) => (via_of(foreign), named(ground, tenant, kind, foreign, carries)),
    };
    Link { via, name: reference.to_string(), resolution }
}

/// The hop that was issued with a credential, if one is known; nothing where the evidence shows that there is none.
pub(crate) fn resolve_credential<'e>(
    ground: Ground<'e>,
    tenant: &Tenant,
    credential: &ForeignRef,
) -> Option<Link<'e>> {
    let covered = ground.evidence.find(&Term::Named(Kind::Delegation, tenant, credential)).covered;
    match named(ground, tenant, Kind::Delegation, credential, issues) {
        Resolution::Missing if covered => None,
        resolution => Some(Link { via: Via::Credential, name: credential.to_string(), resolution }),
    }
}

/// The sound statements that issue, or sign in with, a credential.
pub(crate) fn issues_of<'e>(ground: Ground<'e>, tenant: &Tenant, credential: &ForeignRef) -> Vec<&'e Record> {
    candidates(ground, tenant, Kind::Credential, credential, issues)
}

fn named<'e>(
    ground: Ground<'e>,
    tenant: &Tenant,
    kind: Kind,
    foreign: &ForeignRef,
    means: fn(&Payload, &ForeignRef) -> bool,
) -> Resolution<'e> {
    let candidates = candidates(ground, tenant, kind, foreign, means);
    match candidates.as_slice() {
        [] => Resolution::Missing,
        [only] => Resolution::One(only),
        _ => Resolution::Ambiguous(candidates),
    }
}

fn candidates<'e>(
    ground: Ground<'e>,
    tenant: &Tenant,
    kind: Kind,
    foreign: &ForeignRef,
    means: fn(&Payload, &ForeignRef) -> bool,
) -> Vec<&'e Record> {
    let found = ground.evidence.find(&Term::Named(kind, tenant, foreign)).records;
    // A term is a short hash: what it found is looked at before it is believed.
    let is_candidate = |record: &&Record| {
        ground.effort.spend(1)
            && record.standing.is_ok()
            && record.payload.as_ref().is_some_and(|payload| {
                payload.kind == kind
                    && payload.tenant == *tenant
                    && means(payload, foreign)
                    && may_name(ground.evidence, record, payload, foreign)
            })
    };
    found.into_iter().filter(is_candidate).collect()
}

fn carries(payload: &Payload, foreign: &ForeignRef) -> bool {
    payload.refs.contains(foreign) || issues(payload, foreign)
}

fn issues(payload: &Payload, foreign: &ForeignRef) -> bool {
    match &payload.body {
        Body::Delegation(hop) => hop.credential.as_ref() == Some(foreign),
        Body::Credential(credential) => credential.credential == *foreign,
        _ => false,
    }
}

fn may_name(evidence: &Evidence, record: &Record, payload: &Payload, foreign: &ForeignRef) -> bool {
    let key = evidence.registry().key(&record.envelope.kid);
    key.is_some_and(|key| {
        entitle_namespace(key, payload, &record.envelope.iss, record.index, &foreign.namespace)
    })
}

fn is_kind_or_unknown(record: &Record, kind: Kind) -> bool {
    record.payload.as_ref().is_none_or(|payload| payload.kind == kind)
}

fn via_of(foreign: &ForeignRef) -> Via {
    const CREDENTIAL_TYPES: [&str; 6] = ["access-key", "credential", "jti", "session", "svid", "token"];
    if CREDENTIAL_TYPES.contains(&foreign.kind.as_str()) { Via::Credential } else { Via::ForeignId }
}
