//! What a statement says, in a few words.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::kinds::RoleGrant;
use schemas::payload::{Body, Payload};

use crate::text::printable;

/// What a statement says, in one line.
pub fn summary(payload: &Payload, iss: &str) -> String {
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
        Body::Assertion(_) | Body::IndexRoot(_) => String::from("the log about itself"),
    };
    printable(&text)
}

/// `approver, authority about user:**`.
pub fn roles(grants: &[RoleGrant]) -> String {
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
