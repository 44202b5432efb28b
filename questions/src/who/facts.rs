//! What the statements behind a verdict say, in a few words each.

use alloc::format;
use alloc::string::{String, ToString};

use schemas::kinds::{Decision, PolicyRef, Ruling};
use schemas::payload::{Body, Payload};
use schemas::scope::Quantities;
use schemas::text::Line;
use schemas::time::Time;
use verifier::evidence::Record;

use crate::summary::summary;

/// What was judged: what was done or asked, by whom, and what came of it.
pub fn headline(payload: &Payload, iss: &str) -> String {
    match &payload.body {
        Body::Action(action) => {
            let came_of_it = action.outcome.map_or_else(|| "attempt".into(), |outcome| outcome.to_string());
            let what = what(action.action.name.as_str(), &action.resources, &action.quantities);
            format!("{what} by {} ({came_of_it})", action.actor)
        }
        Body::Decision(decision) => {
            let what = what(decision.action.name.as_str(), &decision.resources, &decision.quantities);
            let decider = decision.decider.as_ref().map_or(iss, |decider| decider.as_str());
            let ruled = match decision.ruling {
                Ruling::Permit => "permitted",
                Ruling::Deny => "denied",
                Ruling::Indeterminate => "not decided",
            };
            format!("{what} by {} (attempt, {ruled} by {decider})", decision.actor)
        }
        _ => summary(payload, iss),
    }
}

/// `payments:refund on order/991, eur 420`.
pub(super) fn what(action: &str, resources: &[Line], quantities: &Quantities) -> String {
    let on = match resources {
        [] => String::new(),
        [only] => format!(" on {only}"),
        [first, rest @ ..] => format!(" on {first} +{}", rest.len()),
    };
    let stated: String = quantities.iter().map(|(name, value)| format!(", {name} {value}")).collect();
    format!("{action}{on}{stated}")
}

/// Who reported the subject and from where, and what it belongs to.
pub(super) fn seen_by(payload: &Payload, iss: &str) -> String {
    let mut text = format!("{iss} ({})", payload.vantage);
    let mut also = |name: &str, value: String| text.push_str(&format!("   {name} {value}"));
    if let Body::Action(action) = &payload.body
        && let Some(tool) = &action.tool
    {
        also("tool", tool.to_string());
    }
    if let Some(task) = &payload.task {
        let task = task.as_str();
        also("task", task.strip_prefix("task:").unwrap_or(task).into());
    }
    if let Some(trace) = &payload.trace {
        also("trace", trace.trace_id.0.iter().map(|byte| format!("{byte:02x}")).collect());
    }
    text
}

/// Who decided, and under which policy: `by service:opa@corp, policy opa/refunds revision 42`.
pub(super) fn decided(record: &Record) -> Option<String> {
    let decision = decision_of(record)?;
    let decider = decision.decider.as_ref().unwrap_or(&record.envelope.iss);
    let policy = decision.policy.as_ref().map(|policy| format!(", policy {}", policy_name(policy)));
    Some(format!("by {decider}{}", policy.unwrap_or_default()))
}

fn policy_name(PolicyRef { engine, id, revision, .. }: &PolicyRef) -> String {
    let id = id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
    let revision = revision.as_ref().map(|revision| format!(" revision {revision}")).unwrap_or_default();
    format!("{engine}{id}{revision}")
}

/// What a decision says.
pub fn decision_of(record: &Record) -> Option<&Decision> {
    match &record.payload.as_ref()?.body {
        Body::Decision(decision) => Some(decision),
        _ => None,
    }
}

/// What a statement that the subject relies on says, and when.
pub fn relied(kind: &str, record: &Record) -> Option<(String, Time)> {
    let payload = record.payload.as_ref()?;
    Some(match &payload.body {
        Body::Decision(decision) => {
            (format!("decision {} {}", decision.ruling, decided(record)?), decision.evaluated_at)
        }
        Body::Approval(approval) => {
            let what = what(approval.action.name.as_str(), &approval.resources, &Quantities::default());
            let scope = approval.scope;
            (format!("approval by {}  {what} ({scope})", approval.approver), approval.approved_at)
        }
        Body::Action(action) => (format!("{kind} of {}", action.action.name), action.attempted_at),
        _ => (kind.into(), payload.at),
    })
}

/// What the subject is in the chain that leads to it.
pub fn end(payload: Option<&Payload>, kind: &str) -> String {
    match payload.map(|payload| &payload.body) {
        Some(Body::Action(action)) => {
            format!("does {}", what(action.action.name.as_str(), &action.resources, &action.quantities))
        }
        Some(Body::Decision(decision)) => {
            let what = what(decision.action.name.as_str(), &decision.resources, &decision.quantities);
            format!("asks for {what}")
        }
        _ => format!("the {kind}"),
    }
}
