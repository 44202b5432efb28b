//! Who a principal is by the registrars' word: its type, its standing, its other names.
//!
//! What would give authority (a root, a link between two hops) counts only while no key behind it was reported to be in other
//! hands. What would take it away (a suspension, a second name) counts however it came: a report of a stolen key must never
//! make anything more authorized.

use alloc::vec::Vec;

use schemas::kinds::{Link, Principal, PrincipalType, Status};
use schemas::payload::Body;
use schemas::term::Term;
use schemas::text::PrincipalId;
use schemas::time::Time;

use super::ground::Ground;
use super::moment::Moment;
use crate::evidence::Record;

/// Whether, and as what, a chain may begin with a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// A human, a service or a gateway.
    Fit,
    /// Nobody registered it by then.
    Unregistered,
    /// Its key is registered, but nobody said what it is.
    Untyped,
    /// It acts for somebody else.
    Type(PrincipalType),
}

/// A stretch of time in which a principal is without authority.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Suspension<'e> {
    pub(crate) record: &'e Record,
    pub(crate) status: Status,
    pub(crate) from: Time,
    /// When it was active again.
    pub(crate) until: Option<Time>,
}

/// What the registrars said of a would-be root by the moment.
pub(crate) fn root(ground: Ground<'_>, principal: &PrincipalId, moment: Time) -> Root {
    let by_then = moment.later(ground.profile.skew);
    let mut has_key = false;
    for record in registrations(ground, principal).into_iter().filter(|record| is_firm(ground, record)) {
        match record.payload.as_ref().map(|payload| &payload.body) {
            Some(Body::Key(key)) if key.principal.as_ref() == Some(principal) => {
                has_key |= record.time <= by_then;
            }
            _ => {}
        }
    }
    let stated = described(ground, principal, moment).map(|stated| stated.principal_type);
    let by_name = || PrincipalType::of_scheme(principal).filter(|_| has_key);
    match stated.or_else(by_name) {
        Some(found) if found.may_be_root() => Root::Fit,
        Some(found) => Root::Type(found),
        None if has_key => Root::Untyped,
        None => Root::Unregistered,
    }
}

/// What the registrars last said of a principal by a moment, where they said it soundly.
pub(crate) fn described<'e>(
    ground: Ground<'e>,
    principal: &PrincipalId,
    moment: Time,
) -> Option<&'e Principal> {
    let by_then = moment.later(ground.profile.skew);
    let mut latest: Option<(Time, &'e Principal)> = None;
    for record in registrations(ground, principal).into_iter().filter(|record| is_firm(ground, record)) {
        if let Some(Body::Principal(stated)) = record.payload.as_ref().map(|payload| &payload.body)
            && stated.id == *principal
        {
            let since = stated.since.unwrap_or(record.time);
            if since <= by_then && latest.is_none_or(|(before, _)| before <= since) {
                latest = Some((since, stated));
            }
        }
    }
    latest.map(|(_, stated)| stated)
}

/// What a principal is: as the registrars said by a moment, or else by its name.
pub(crate) fn type_of(ground: Ground<'_>, principal: &PrincipalId, moment: Time) -> Option<PrincipalType> {
    let stated = described(ground, principal, moment).map(|stated| stated.principal_type);
    stated.or_else(|| PrincipalType::of_scheme(principal))
}

/// When a principal was suspended or offboarded.
pub(crate) fn suspensions<'e>(ground: Ground<'e>, principal: &PrincipalId) -> Vec<Suspension<'e>> {
    let mut facts: Vec<(Time, &'e Record, Status)> = Vec::new();
    for record in registrations(ground, principal) {
        if let Some(Body::Principal(stated)) = record.payload.as_ref().map(|payload| &payload.body)
            && stated.id == *principal
            && (stated.status != Status::Active || is_firm(ground, record))
        {
            facts.push((stated.since.unwrap_or(record.time), record, stated.status));
        }
    }
    facts.sort_by_key(|(since, record, _)| (*since, record.index));
    let ends = facts.iter().skip(1).map(|(since, ..)| Some(*since)).chain([None]);
    let stretches = facts.iter().zip(ends);
    stretches
        .filter(|((_, _, status), _)| *status != Status::Active)
        .map(|((from, record, status), until)| Suspension { record, status: *status, from: *from, until })
        .collect()
}

/// Everything that the registrars ever said of who a principal is, each from when on, in the order of the log.
pub(crate) fn descriptions<'e>(
    ground: Ground<'e>,
    principal: &PrincipalId,
) -> impl Iterator<Item = (Time, &'e Record, &'e Principal)> {
    registrations(ground, principal).into_iter().filter_map(move |record| {
        match record.payload.as_ref().map(|payload| &payload.body) {
            Some(Body::Principal(stated)) if stated.id == *principal => {
                Some((stated.since.unwrap_or(record.time), record, stated))
            }
            _ => None,
        }
    })
}

/// Whether two names were one principal's at the moment, so that authority given to the one is the other's.
pub(crate) fn linked(ground: Ground<'_>, moment: &Moment, a: &PrincipalId, b: &PrincipalId) -> bool {
    let holds = |link: &Link| {
        link.not_before.is_none_or(|from| from <= moment.from)
            && link.expires.is_none_or(|to| moment.to <= to)
    };
    a == b || links(ground, a, b).any(|(record, link)| holds(link) && is_firm(ground, record))
}

/// Whether two names were ever said to be one principal's.
pub(crate) fn may_be_one(ground: Ground<'_>, a: &PrincipalId, b: &PrincipalId) -> bool {
    a == b || links(ground, a, b).next().is_some()
}

fn links<'e>(
    ground: Ground<'e>,
    a: &PrincipalId,
    b: &PrincipalId,
) -> impl Iterator<Item = (&'e Record, &'e Link)> {
    registrations(ground, a).into_iter().filter_map(move |record| {
        match record.payload.as_ref().map(|payload| &payload.body) {
            Some(Body::Link(link)) => {
                let both = (link.from == *a && link.to == *b) || (link.from == *b && link.to == *a);
                both.then_some((record, link))
            }
            _ => None,
        }
    })
}

/// Where a registrar says who a principal is.
fn registrations<'e>(ground: Ground<'e>, principal: &PrincipalId) -> Vec<&'e Record> {
    let found = ground.evidence.find(&Term::Registration(principal)).records;
    if !ground.effort.spend(found.len()) {
        return Vec::new();
    }
    found.into_iter().filter(|record| record.standing.is_ok()).collect()
}

/// Whether no key behind a statement was reported to be in other hands by then.
pub(crate) fn is_firm(ground: Ground<'_>, record: &Record) -> bool {
    let registry = ground.evidence.registry();
    registry.compromised_behind(&record.envelope.kid, record.index, record.time).is_none()
}
