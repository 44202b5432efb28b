//! The policy that a permit was ruled by: whether it is known, and whether it was the one in force.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::kinds::{Policy, PolicyRef, Ruling};
use schemas::payload::{Payload, Vantage};
use schemas::text::Line;
use schemas::time::Time;

use crate::evidence::Record;
use crate::judge::{Case, is_firm, revisions};
use crate::verdict::{Effect, Finding};

const UNKNOWN: &str = "policy-unknown";

/// Most revisions that a finding lists.
const SHOWN_MAX: usize = 8;

/// A permit names the policy and the revision that it was ruled by (reference item 122, rule D6), and of a policy whose
/// revisions are stated in the log that one is stated as well. What was imported was ruled elsewhere, by policies that are not
/// seen here. Where the profile raises this rule, every permit must name a revision that is stated in the log.
pub(super) fn policy_unknown(case: &Case<'_>) -> Option<Finding> {
    let (record, ruled) = Ruled::of(case)?;
    if ruled.payload.vantage == Vantage::Imported {
        return None;
    }
    let found = |effect, detail: String, expected: String, got: String| {
        Some(Finding::new(UNKNOWN, effect, detail).of(record).values(expected, got))
    };
    let asked = case.profile.raised.contains_key(UNKNOWN);
    let revision_of = |what: &str| format!("the revision of {what} that it was ruled by");
    let Some(policy) = ruled.policy else {
        let detail = String::from("the permit does not say by which policy it was ruled");
        return asked.then(|| found(Effect::None, detail, revision_of("a policy"), "none".into()))?;
    };
    let (Some(id), Some(revision)) = (&policy.id, &policy.revision) else {
        let missing = if policy.id.is_none() { "which policy" } else { "which revision" };
        let detail = format!("the permit names {}, and not {missing} it was ruled by", policy.engine);
        return found(Effect::None, detail, revision_of(policy.engine.as_str()), "not stated".into());
    };
    let known = ruled.revisions(case, id);
    let is_it = |(stated_by, stated): &(&Record, &Policy)| {
        stated.revision == *revision
            && stated.effective_from <= ruled.at.later(case.profile.skew)
            && is_firm(case.ground, stated_by)
    };
    if known.iter().any(is_it) {
        return None;
    }
    let name = format!("{} {id} revision {revision}", policy.engine);
    if known.is_empty() {
        let detail = format!("nobody stated {name} in the log");
        return asked
            .then(|| found(Effect::None, detail, "a stated revision".into(), revision.to_string()))?;
    }
    let others: BTreeSet<&str> = known.iter().map(|(_, stated)| stated.revision.as_str()).collect();
    let others: Vec<&str> = others.into_iter().take(SHOWN_MAX).collect();
    let detail = format!("nobody stated {name} as in force by {}; others of it are stated", ruled.at);
    found(
        Effect::Indeterminate,
        detail,
        format!("a revision in force: {}", others.join(", ")),
        revision.to_string(),
    )
}

/// No other revision was in force when a permit was ruled (rule D6): none came into force later than the permit's own, and
/// longer before the ruling than clocks differ.
pub(super) fn policy_superseded(case: &Case<'_>) -> Option<Finding> {
    let (record, ruled) = Ruled::of(case)?;
    let PolicyRef { engine, id: Some(id), revision: Some(revision), .. } = ruled.policy? else { return None };
    let known = ruled.revisions(case, id);
    let own = |(stated_by, stated): &&(&Record, &Policy)| {
        stated.revision == *revision
            && stated.effective_from <= ruled.at.later(case.profile.skew)
            && is_firm(case.ground, stated_by)
    };
    let since = known.iter().filter(own).map(|(_, stated)| stated.effective_from).max()?;
    let in_force = |(_, stated): &&(&Record, &Policy)| {
        stated.revision != *revision
            && stated.effective_from > since
            && stated.effective_from.later(case.profile.skew) < ruled.at
    };
    let (by, other) = known.iter().filter(in_force).max_by_key(|(_, stated)| stated.effective_from)?;
    let detail = format!(
        "ruled at {} by revision {revision} of {engine} {id}; revision {} was in force from {} ({})",
        ruled.at, other.revision, other.effective_from, by.index
    );
    let finding = Finding::new("policy-superseded", Effect::NotAuthorized, detail).of(record);
    Some(finding.values(other.revision.to_string(), revision.to_string()))
}

/// A permit and the policy that it names.
struct Ruled<'e> {
    payload: &'e Payload,
    policy: Option<&'e PolicyRef>,
    at: Time,
}

impl<'e> Ruled<'e> {
    fn of(case: &Case<'e>) -> Option<(&'e Record, Self)> {
        let (record, decision) = case.decision.decided()?;
        let payload = record.payload.as_ref().filter(|_| decision.ruling == Ruling::Permit)?;
        Some((record, Self { payload, policy: decision.policy.as_ref(), at: decision.evaluated_at }))
    }

    fn revisions(&self, case: &Case<'e>, id: &Line) -> Vec<(&'e Record, &'e Policy)> {
        let engine = self.policy.map(|policy| &policy.engine);
        engine.map(|engine| revisions(case.ground, &self.payload.tenant, engine, id)).unwrap_or_default()
    }
}
