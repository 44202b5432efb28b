//! One statement on the screen.

use std::fmt::Write as _;

use schemas::envelope::Statement;
use schemas::kinds::RoleGrant;
use schemas::payload::{Body, Payload};
use schemas::time::Time;

use crate::moment;
use crate::output::printable;

/// What a statement says, in one line.
pub(crate) fn summary(payload: &Payload, iss: &str) -> String {
    let text = match &payload.body {
        Body::Action(action) => {
            let came_of_it = action.outcome.map(|outcome| format!(" ({outcome})")).unwrap_or_default();
            format!("{} {} {}{came_of_it}", action.actor, action.action.name, list(&action.resources))
        }
        Body::Decision(decision) => {
            format!(
                "{} {} {} {}",
                decision.ruling,
                decision.actor,
                decision.action.name,
                list(&decision.resources)
            )
        }
        Body::Delegation(hop) => format!("{} → {}", hop.delegator, hop.delegatee),
        Body::Credential(credential) => {
            format!("{} {} for {}", credential.op, credential.credential, credential.holder)
        }
        Body::Approval(approval) => {
            format!("{} lets {} {}", approval.approver, approval.requester, approval.action.name)
        }
        Body::Revocation(revocation) => format!("withdraws {} {}", revocation.target.kind, revocation.target),
        Body::Key(key) => match &key.principal {
            Some(principal) if key.roles.is_empty() => format!("{} {} of {principal}", key.op, key.kid),
            Some(principal) => format!("{} {} of {principal} as {}", key.op, key.kid, roles(&key.roles)),
            None => format!("{} {}", key.op, key.kid),
        },
        Body::Principal(principal) => {
            let kind = principal.principal_type.as_str();
            let article = if kind.starts_with('a') { "an" } else { "a" };
            format!("{} is {article} {kind} ({})", principal.id, principal.status)
        }
        Body::Genesis(genesis) => format!("the log {}", genesis.origin),
        Body::Task(task) => format!("{} {}", task.op, payload.subject()),
        Body::Policy(policy) => format!("{} {} revision {}", policy.engine, policy.id, policy.revision),
        Body::Correction(correction) => format!("about {}: {}", correction.about, correction.note),
        Body::Link(link) => format!("{} is {}", link.from, link.to),
        Body::Stream(stream) => format!("{} of {iss}", stream.op),
        Body::Assertion(_) | Body::IndexRoot(_) => "the log about itself".into(),
    };
    printable(&text)
}

/// All that a statement says.
pub(crate) fn full(statement: &Statement, index: u64, time: u64) -> String {
    let payload = &statement.payload;
    let mut text =
        format!("#{index}  {}  {}\n", payload.kind, summary(payload, statement.envelope.iss.as_str()));
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name:<10} {}\n", printable(&value)));
    row("id", statement.id().to_hex());
    row("logged", moment::show(Time(time)));
    row("at", format!("{} (as the signer says)", moment::show(payload.at)));
    row("signer", format!("{} with key {}", statement.envelope.iss, statement.envelope.kid));
    row("vantage", payload.vantage.to_string());
    row("tenant", payload.tenant.to_string());
    if let Some(task) = &payload.task {
        row("task", task.to_string());
    }
    if let Some((stream, seq)) = payload.stream.zip(payload.seq) {
        row("stream", format!("{stream} number {seq}"));
    }
    if let Some(source) = &payload.source {
        row("source", format!("{} {} part {} by {}", source.format, source.id, source.part, source.adapter));
    }
    for foreign in &payload.refs {
        row("ref", format!("{}:{}  of {}", foreign.kind, foreign.value, foreign.namespace));
    }
    let body = serde_json::to_string_pretty(&payload.body).unwrap_or_default();
    text.push_str("  body\n");
    for line in body.lines() {
        let _ = writeln!(text, "    {}", printable(line));
    }
    text
}

/// `approver, authority about user:**`.
pub(crate) fn roles(grants: &[RoleGrant]) -> String {
    let join = |items: Vec<String>| items.join(" ");
    let grant = |grant: &RoleGrant| {
        let mut text = grant.role.to_string();
        if !grant.about.is_empty() {
            text += &format!(" about {}", join(grant.about.iter().map(ToString::to_string).collect()));
        }
        if !grant.tenants.is_empty() {
            text += &format!(" in {}", join(grant.tenants.iter().map(ToString::to_string).collect()));
        }
        text
    };
    grants.iter().map(grant).collect::<Vec<_>>().join(", ")
}

fn list(resources: &[schemas::text::Line]) -> String {
    match resources {
        [] => "-".into(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}
