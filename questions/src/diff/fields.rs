//! What two statements say, field by field.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::kinds::{Action, ActionName, Approval, Decision, Delegation, Digest, PolicyRef};
use schemas::payload::{Body, Payload};
use schemas::scope::Quantities;
use schemas::text::Line;

use super::{Field, Is};

/// A statement's fields by name; a field that its kind has and that it leaves out has no value.
type Fields = BTreeMap<String, Option<String>>;

/// The fields that both kinds have, in the order of their names: what the one says, what the other.
pub(super) fn compared(first: &Payload, second: &Payload) -> Vec<Field> {
    let (before, after) = (fields(first), fields(second));
    let mut rows = Vec::new();
    for (name, first) in &before {
        let Some(second) = after.get(name) else { continue };
        rows.push(row(name, first.clone(), second.clone()));
    }
    // What is counted is named by whoever counts: a quantity that only one side states is told all the same.
    let quantities = |of: &'_ Fields| -> Vec<(String, Option<String>)> {
        of.iter()
            .filter(|(name, _)| name.starts_with("quantity "))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    };
    for (name, value) in quantities(&before).into_iter().filter(|(name, _)| !after.contains_key(name)) {
        rows.push(row(&name, value, None));
    }
    for (name, value) in quantities(&after).into_iter().filter(|(name, _)| !before.contains_key(name)) {
        rows.push(row(&name, None, value));
    }
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    rows
}

fn row(name: &str, first: Option<String>, second: Option<String>) -> Field {
    let is = match (&first, &second) {
        (Some(first), Some(second)) if first == second => Is::Same,
        (Some(_), Some(_)) => Is::Different,
        (None, None) => Is::Unstated,
        (Some(_), None) | (None, Some(_)) => Is::OneSided,
    };
    Field { name: name.into(), is, first, second }
}

fn fields(payload: &Payload) -> Fields {
    let mut fields = Fields::new();
    fields.insert("task".into(), text(&payload.task));
    fields.insert("tenant".into(), Some(payload.tenant.to_string()));
    match &payload.body {
        Body::Action(action) => of_action(&mut fields, action),
        Body::Decision(decision) => of_decision(&mut fields, decision),
        Body::Approval(approval) => of_approval(&mut fields, approval),
        Body::Delegation(hop) => of_hop(&mut fields, hop),
        _ => {}
    }
    fields
}

fn of_action(fields: &mut Fields, action: &Action) {
    act(fields, action.actor.to_string(), &action.action, &action.resources, &action.request);
    quantities(fields, &action.quantities);
    fields.insert("delegation".into(), text(&action.delegation));
    fields.insert("credential".into(), text(&action.credential));
    fields.insert("decision".into(), text(&action.decision));
    fields.insert("approval".into(), text(&action.approval));
    fields.insert("tool".into(), text(&action.tool));
    fields.insert("phase".into(), Some(action.phase.to_string()));
    fields.insert("outcome".into(), text(&action.outcome));
}

fn of_decision(fields: &mut Fields, decision: &Decision) {
    act(fields, decision.actor.to_string(), &decision.action, &decision.resources, &decision.request);
    quantities(fields, &decision.quantities);
    fields.insert("delegation".into(), text(&decision.delegation));
    fields.insert("credential".into(), text(&decision.credential));
    fields.insert("approval".into(), text(&decision.approval));
    fields.insert("ruling".into(), Some(decision.ruling.to_string()));
    fields.insert("policy".into(), decision.policy.as_ref().map(policy));
    fields.insert("context".into(), decision.context.as_ref().map(digest));
}

fn of_approval(fields: &mut Fields, approval: &Approval) {
    act(fields, approval.requester.to_string(), &approval.action, &approval.resources, &approval.request);
    fields.insert("approver".into(), Some(approval.approver.to_string()));
    fields.insert("approved as".into(), Some(approval.scope.to_string()));
    fields.insert("until".into(), text(&approval.approved_until));
    fields.insert("uses allowed".into(), text(&approval.use_limit));
}

fn of_hop(fields: &mut Fields, hop: &Delegation) {
    fields.insert("delegator".into(), Some(hop.delegator.to_string()));
    fields.insert("delegatee".into(), Some(hop.delegatee.to_string()));
    fields.insert("on behalf of".into(), text(&hop.on_behalf_of));
    fields.insert("credential".into(), text(&hop.credential));
    fields.insert("from".into(), text(&hop.not_before));
    fields.insert("until".into(), text(&hop.expires));
    fields.insert("uses allowed".into(), text(&hop.use_limit));
    fields.insert("hops allowed below".into(), text(&hop.max_depth));
    let audience: Vec<String> = hop.audience.iter().map(ToString::to_string).collect();
    fields.insert("audience".into(), (!audience.is_empty()).then(|| audience.join(", ")));
}

/// What approvals, decisions and actions have in common.
fn act(
    fields: &mut Fields,
    actor: String,
    action: &ActionName,
    resources: &[Line],
    request: &Option<Digest>,
) {
    fields.insert("actor".into(), Some(actor));
    fields.insert("action".into(), Some(action.name.to_string()));
    fields.insert("class".into(), text(&action.class));
    let mut names: Vec<&str> = resources.iter().map(Line::as_str).collect();
    names.sort_unstable();
    fields.insert("resources".into(), (!names.is_empty()).then(|| names.join(", ")));
    fields.insert("parameters".into(), request.as_ref().map(digest));
}

fn quantities(fields: &mut Fields, quantities: &Quantities) {
    for (name, value) in quantities {
        fields.insert(format!("quantity {name}"), Some(value.to_string()));
    }
}

fn digest(digest: &Digest) -> String {
    let hex: String = digest.value.0.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{} of {} {hex}", digest.alg, digest.canon)
}

fn policy(policy: &PolicyRef) -> String {
    let part = |name: &str, value: &Option<Line>| value.as_ref().map(|value| format!("{name}{value}"));
    let (id, revision) = (part(" ", &policy.id), part(" revision ", &policy.revision));
    format!("{}{}{}", policy.engine, id.unwrap_or_default(), revision.unwrap_or_default())
}

fn text(value: &Option<impl ToString>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}
