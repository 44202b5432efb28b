//! The credential that was presented: whether it is the actor's, for this, and for now.

use alloc::format;
use alloc::string::{String, ToString};

use schemas::kinds::{Action, Credential, PrincipalType};
use schemas::payload::{Body, Kind, Vantage};
use schemas::text::Uri;

use super::withdrawal::withdrawn_at;
use crate::judge::{Case, Consent, Issue, Node, Resolution, linked, may_be_one, resolve, type_of};
use crate::verdict::{Effect, Finding};

/// A bearer token is anybody's who holds it (RFC 9449 §1, RFC 8705 §1).
pub(super) fn credential_unbound(case: &Case<'_>) -> Option<Finding> {
    let issue = Issue::of(case).filter(|issue| issue.credential.binding.is_none())?;
    let detail = format!(
        "{} is bound to no key of its holder: whoever has it can use it",
        issue.credential.credential
    );
    let finding = Finding::new("credential-unbound", Effect::None, detail).of(issue.record);
    Some(finding.values("a credential bound to its holder's key", "a bearer credential"))
}

/// It lives no longer than the profile lets one live, unless a signed exception says so.
pub(super) fn credential_long_lived(case: &Case<'_>) -> Option<Finding> {
    let most = case.profile.credential_life?;
    let issue = Issue::of(case).filter(|issue| issue.credential.waiver.is_none())?;
    let from = issue.credential.not_before.unwrap_or(issue.payload.at);
    let found = |detail: String, got: String| {
        let finding = Finding::new("credential-long-lived", Effect::None, detail).of(issue.record);
        Some(finding.values(format!("at most {most}"), got))
    };
    let name = &issue.credential.credential;
    match issue.credential.expires.map(|expires| expires.since(from)) {
        Some(life) if life <= most => None,
        Some(life) => found(format!("{name} lives for {life}"), life.to_string()),
        None => found(format!("{name} never ends"), String::from("no end")),
    }
}

/// It is used by its holder, in its session and task, for its audience and resources, and while it is valid.
pub(super) fn credential_out_of_context(case: &Case<'_>) -> Option<Finding> {
    let issue = Issue::of(case)?;
    let (field, expected, got) = out_of_context(case, &issue)?;
    let detail =
        format!("{} is for another {field}: {expected}; it was used for {got}", issue.credential.credential);
    let finding = Finding::new("credential-out-of-context", Effect::NotAuthorized, detail).of(issue.record);
    Some(finding.values(expected, got))
}

fn out_of_context(case: &Case<'_>, issue: &Issue<'_>) -> Option<(&'static str, String, String)> {
    let Credential { holder, not_before, expires, audience, resources, session, .. } = issue.credential;
    let moment = case.moment.claimed;
    let differs = |field, expected: &dyn ToString, got: &dyn ToString| {
        Some((field, expected.to_string(), got.to_string()))
    };
    if !is_machine_with_human_session(case, issue)
        && !linked(case.ground, &case.moment, holder, case.request.actor)
    {
        return differs("holder", holder, case.request.actor);
    }
    if let Some(from) = not_before.filter(|from| moment < *from) {
        return differs("time", &format!("from {from}"), &moment);
    }
    if let Some(until) = expires.filter(|until| *until < moment) {
        return differs("time", &format!("up to {until}"), &moment);
    }
    if let (Some(issued), Some(used)) = (&issue.payload.task, case.request.task)
        && issued != used
    {
        return differs("task", issued, used);
    }
    if let (Some(issued), Some(used)) = (session, session_of(case))
        && issued.as_str() != used
    {
        return differs("session", issued, &used);
    }
    let act = case.request.act.as_ref()?;
    if let Some(beyond) = act.resources.iter().find(|used| !resources.is_empty() && !resources.contains(used))
    {
        let resources: alloc::vec::Vec<&str> = resources.iter().map(|line| line.as_str()).collect();
        return differs("resource", &resources.join(", "), beyond);
    }
    let tool = tool_of(case)?;
    if !audience.is_empty() && !audience.iter().any(|meant| meant.as_str() == tool) {
        let audience: alloc::vec::Vec<&str> = audience.iter().map(Uri::as_str).collect();
        return differs("audience", &audience.join(", "), &tool);
    }
    None
}

/// The session that the subject says it belongs to.
fn session_of<'e>(case: &Case<'e>) -> Option<&'e str> {
    let refs = &case.request.record.payload.as_ref()?.refs;
    refs.iter().find(|foreign| foreign.kind.as_str() == "session").map(|foreign| foreign.value.as_str())
}

fn tool_of<'e>(case: &Case<'e>) -> Option<&'e str> {
    match &case.request.record.payload.as_ref()?.body {
        Body::Action(Action { tool, .. }) => tool.as_ref().map(|tool| tool.as_str()),
        _ => None,
    }
}

/// One credential, one holder: otherwise nobody can say who of them acted.
pub(super) fn credential_shared(case: &Case<'_>) -> Option<Finding> {
    let issues = Issue::all(case);
    let first = issues.first()?;
    let other = issues.iter().find(|issue| {
        case.ground.effort.spend(1)
            && !may_be_one(case.ground, &first.credential.holder, &issue.credential.holder)
    })?;
    let (one, two) = (&first.credential.holder, &other.credential.holder);
    let detail = format!(
        "{} identifies {one} and {two}: it does not show which of them acted",
        first.credential.credential
    );
    let finding = Finding::new("credential-shared", Effect::None, detail).of(other.record);
    Some(finding.values(one.to_string(), two.to_string()))
}

/// A machine acts as itself, never by the session of a human who signed in.
pub(super) fn human_session_used_by_machine(case: &Case<'_>) -> Option<Finding> {
    let issue = Issue::of(case).filter(|issue| is_machine_with_human_session(case, issue))?;
    let (holder, actor) = (&issue.credential.holder, case.request.actor);
    let detail = format!("{actor}, a machine, acted by the session of {holder}, a human");
    let finding =
        Finding::new("human-session-used-by-machine", Effect::NotAuthorized, detail).of(issue.record);
    Some(finding.values("a credential of its own", issue.credential.credential.to_string()))
}

fn is_machine_with_human_session(case: &Case<'_>, issue: &Issue<'_>) -> bool {
    let type_of = |principal| type_of(case.ground, principal, case.moment.claimed);
    let is_machine = type_of(case.request.actor).is_some_and(|found| found != PrincipalType::Human);
    is_machine && type_of(&issue.credential.holder) == Some(PrincipalType::Human)
}

pub(super) fn credential_used_after_revocation(case: &Case<'_>) -> Option<Finding> {
    let moment = case.moment.claimed;
    let found =
        withdrawn_at(&case.withdrawn, case.request.record, moment, |found| found.what == "credential")?;
    Some(found.named("credential-used-after-revocation"))
}

/// A credential that carries authority for no task and without an end is good whether anybody needs it or not.
pub(super) fn standing_access(_: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let has_end = node.payload.task.is_some() || node.hop.expires.is_some() || node.hop.use_limit.is_some();
    // Another system's log seldom says when what it issued ends.
    let is_known = node.payload.vantage != Vantage::Imported;
    let stands = node.hop.credential.is_some() && is_known && !has_end;
    stands.then(|| {
        let detail =
            "the hop's credential carries authority for no task, with no end and no limit on its uses";
        let finding = Finding::new("standing-access", Effect::None, detail).of(node.record);
        finding.values("a task, an end or a limit", "none of them")
    })
}

/// A credential that lives on after the decision that justified its hop.
pub(super) fn credential_outlives_decision(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let decision = resolve(case.ground, &node.payload.tenant, Kind::Decision, node.hop.decision.as_ref()?);
    let Resolution::One(record) = decision.resolution else { return None };
    let Some(Body::Decision(decision)) = record.payload.as_ref().map(|payload| &payload.body) else {
        return None;
    };
    let until = decision.valid_until?;
    node.hop.credential.as_ref()?;
    let outlives = node.hop.expires.is_none_or(|expires| until < expires);
    outlives.then(|| {
        let got = node.hop.expires.map_or_else(|| String::from("no end"), |expires| expires.to_string());
        let detail = format!("the hop's credential lives on after {until}, up to which it was permitted");
        let finding = Finding::new("credential-outlives-decision", Effect::None, detail).of(node.record);
        finding.values(format!("an end by {until}"), got)
    })
}

/// An exception holds while it is there, unspoilt and unexpired.
pub(super) fn waiver_expired(case: &Case<'_>) -> Option<Finding> {
    let issue = Issue::of(case)?;
    let waiver =
        resolve(case.ground, &issue.payload.tenant, Kind::Approval, issue.credential.waiver.as_ref()?);
    let moment = case.moment.claimed;
    let found = |effect, detail: String, expected: String, got: String| {
        let finding = Finding::new("waiver-expired", effect, detail).of(issue.record);
        Some(finding.values(expected, got))
    };
    let consent =
        waiver.resolution.one().filter(|record| record.standing.is_ok()).and_then(Consent::of_record);
    let Some(consent) = consent else {
        let detail = format!(
            "the exception {} that lets the credential live longer is not in the evidence",
            waiver.name
        );
        return found(Effect::Indeterminate, detail, waiver.name.clone(), String::from("nothing sound"));
    };
    let until = consent.approval.approved_until.filter(|until| *until < moment)?;
    let detail =
        format!("the exception that lets the credential live longer ended {} before", moment.since(until));
    found(Effect::NotAuthorized, detail, format!("a moment up to {until}"), moment.to_string())
}
