//! How often a permit is used, and whether what is tried again may be tried under it.

use alloc::format;
use alloc::string::String;

use schemas::kinds::Action;
use schemas::payload::Kind;

use super::effect::action_of;
use super::limit::Over;
use crate::evidence::Record;
use crate::judge::{Case, Uses, is_obligation, resolve};
use crate::verdict::{Effect, Finding};

const SLUG: &str = "decision-reused";

/// A permit carries so many actions as it says, or as the profile lets one carry that does not say; by the order of the log.
/// What it obliges to is not counted.
pub(super) fn decision_reused(case: &Case<'_>) -> Option<Finding> {
    let (record, decision) = case.decision.decided().filter(|_| case.request.kind == Kind::Action)?;
    let limit = decision.use_limit.or(case.profile.permit_uses)?;
    if case.request.act.as_ref().is_some_and(|act| is_obligation(decision, &act.action.name)) {
        return None;
    }
    let over = Over::of(case, &Uses::of_decision(case.ground, record), limit)?;
    let detail = over.words("a permit", limit);
    Some(Finding::new(SLUG, over.effect(), detail).of(record).values(format!("at most {limit}"), over.got()))
}

/// What is tried again under the permit of the first try must be the same request (reference item 86, rule D4): both state its
/// digest, and the digests are equal. Whether the permit is still fresh and has uses left is asked of every action.
pub(super) fn retry_differs(case: &Case<'_>) -> Option<Finding> {
    let (decision, _) = case.decision.decided()?;
    let again = action_of(case.request.record)?;
    let attempted = case.request.attempt.as_ref().and_then(|link| link.resolution.one()).and_then(action_of);
    let retry_of = again.retry_of.as_ref().or_else(|| attempted?.retry_of.as_ref())?;
    let first = resolve(case.ground, case.request.tenant, Kind::Action, retry_of);
    let Some(record) = first.resolution.one() else {
        let detail = format!("{} is said to be tried again, and is not in the evidence", first.name);
        let finding = Finding::new(SLUG, Effect::Indeterminate, detail).of(case.request.record);
        return Some(finding.values(first.name, "nothing"));
    };
    let action = action_of(record)?;
    if decision_of(case, action).is_none_or(|ruled| ruled.index != decision.index) {
        return None;
    }
    let request = again.request.as_ref().or_else(|| attempted?.request.as_ref());
    let (effect, detail) = match (&action.request, request) {
        (Some(first), Some(again)) if first == again => return None,
        (Some(_), Some(_)) => (
            Effect::NotAuthorized,
            "another request than the first one is tried under the first one's permit",
        ),
        _ => (Effect::Indeterminate, "nothing shows that the request which is tried again is the first one"),
    };
    let finding = Finding::new(SLUG, effect, String::from(detail)).of(case.request.record);
    let digest = |digest: Option<&schemas::kinds::Digest>| {
        digest.map_or_else(|| String::from("no digest of the request"), super::decision::hex)
    };
    Some(finding.values(digest(action.request.as_ref()), digest(request)))
}

/// The decision of an earlier action: its own, or that of its attempt.
fn decision_of<'e>(case: &Case<'e>, action: &Action) -> Option<&'e Record> {
    let tenant = case.request.tenant;
    let attempt = action.attempt.as_ref().map(|attempt| resolve(case.ground, tenant, Kind::Action, attempt));
    let attempt = attempt.and_then(|link| link.resolution.one()).and_then(action_of);
    let decision = action.decision.as_ref().or_else(|| attempt?.decision.as_ref())?;
    resolve(case.ground, tenant, Kind::Decision, decision).resolution.one()
}
