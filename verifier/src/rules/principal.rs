//! The principals of a chain: whether what one did can be put down to one actor.

use alloc::format;

use schemas::kinds::{Principal, PrincipalType};
use schemas::text::PrincipalId;

use crate::evidence::Record;
use crate::judge::{Case, Node, described, descriptions, is_firm};
use crate::verdict::{Effect, Finding};

/// Of whoever gives (reference C17, item 93); whoever received last is asked about with the request.
pub(super) fn delegator_shared(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    shared(case, &node.hop.delegator, node.record)
}

/// The same of whoever acted.
pub(super) fn actor_shared(case: &Case<'_>) -> Option<Finding> {
    shared(case, case.request.actor, case.request.record)
}

fn shared(case: &Case<'_>, principal: &PrincipalId, of: &Record) -> Option<Finding> {
    // Whether it was said by a key that was later stolen or not: either way it counts.
    let last = |is_asked: fn(&Case<'_>, &Record) -> bool| {
        let said = descriptions(case.ground, principal)
            .filter(|(since, record, _)| *since <= case.moment.claimed && is_asked(case, record));
        said.max_by_key(|(since, record, _)| (*since, record.index)).map(|(.., stated)| stated)
    };
    let said = [last(|_, _| true), last(|case, record| is_firm(case.ground, record))];
    said.into_iter().flatten().any(|stated| stated.shared).then(|| {
        let detail = format!("several actors share {principal}: which of them it was is not known");
        Finding::new("shared-principal", Effect::None, detail).of(of).values("one actor", "shared")
    })
}

/// Of whoever gives (reference C14, item 101).
pub(super) fn delegator_instance_unknown(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    instance_unknown(case, &node.hop.delegator, node.record)
}

/// The same of whoever acted.
pub(super) fn actor_instance_unknown(case: &Case<'_>) -> Option<Finding> {
    instance_unknown(case, case.request.actor, case.request.record)
}

/// Asked of agents and workflows whose instances the registrars tell of, and of all where the profile counts the answer.
fn instance_unknown(case: &Case<'_>, principal: &PrincipalId, of: &Record) -> Option<Finding> {
    const SLUG: &str = "instance-unknown";
    let stated = described(case.ground, principal, case.moment.claimed);
    let kind = stated.map(|stated| stated.principal_type).or_else(|| PrincipalType::of_scheme(principal));
    if !matches!(kind, Some(PrincipalType::Agent | PrincipalType::Workflow))
        || names_instance(principal)
        || stated.is_some_and(tells_instance)
    {
        return None;
    }
    let is_asked = case.profile.raised.contains_key(SLUG)
        || descriptions(case.ground, principal).any(|(.., stated)| tells_instance(stated));
    is_asked.then(|| {
        let detail = format!("which instance of {principal} it was is not known: no registrar said by then");
        Finding::new(SLUG, Effect::None, detail).of(of).values("a running instance", "none stated")
    })
}

fn tells_instance(stated: &Principal) -> bool {
    stated.instance.is_some()
}

/// Whether the name says which instance, as `agent:planner/7` does.
fn names_instance(principal: &PrincipalId) -> bool {
    PrincipalType::of_scheme(principal).is_some() && principal.as_str().contains('/')
}
