//! Obligations and enforcement: what had to be done along with the action, and whether anything stood in its way at all.

use alloc::format;
use alloc::string::{String, ToString};

use schemas::kinds::{Action, Enforcement, Outcome, Ruling};
use schemas::payload::{Body, Kind, Payload, Vantage};
use schemas::text::Line;

use crate::evidence::Record;
use crate::judge::{Case, Cited, Node, is_firm, is_obligation, linked};
use crate::verdict::{Effect, Finding};

const NOT_ENFORCED: &str = "not-enforced";

/// Every obligation of the permit of an action that was carried out is met (rule D9): by a sound action that names the same
/// decision, bears the obligation as its name and was completed. It is done by the actor or by the enforcement point, or was
/// seen at the boundary; when, is not asked.
pub(super) fn obligation_unmet(case: &Case<'_>) -> Option<Finding> {
    let (record, decision) = case.decision.decided().filter(|_| case.request.kind == Kind::Action)?;
    let act = case.request.act.as_ref().filter(|act| act.executed)?;
    if decision.obligations.is_empty() || is_obligation(decision, &act.action.name) {
        return None;
    }
    let done = Cited::of(case.ground, record, Kind::Action, &[], |payload| match &payload.body {
        Body::Action(action) => action.decision.as_ref(),
        _ => None,
    });
    let counts = |by: &Payload, action: &Action, record: &Record| {
        let seen = by.vantage == Vantage::Boundary || decision.pep.as_ref() == Some(&action.actor);
        let ours = seen || linked(case.ground, &case.moment, &action.actor, case.request.actor);
        ours && is_firm(case.ground, record)
    };
    let about = |obligation: &Line, completed: bool| {
        done.records.iter().any(|record| match &record.payload {
            Some(by @ Payload { body: Body::Action(action), .. }) => {
                action.action.name == *obligation
                    && (action.outcome == Some(Outcome::Completed)) == completed
                    && counts(by, action, record)
            }
            _ => false,
        })
    };
    let unmet = decision.obligations.iter().find(|obligation| !about(obligation, true))?;
    let (effect, detail, got) = if about(unmet, false) {
        (
            Effect::NotAuthorized,
            format!("the permit obliges to {unmet}, which was not completed"),
            "not completed",
        )
    } else {
        (
            Effect::Indeterminate,
            format!("the permit obliges to {unmet}, of which there is no record"),
            "nothing",
        )
    };
    let finding = Finding::new("obligation-unmet", effect, detail).of(record);
    Some(finding.values(format!("{unmet} completed under the decision"), got))
}

/// Something enforced the hop for each request, where the hop says at all what did (reference items 28, 34, 35 and 47, rule
/// D7).
pub(super) fn hop_not_enforced(_: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let got = match node.hop.enforcement? {
        Enforcement::None => "nowhere",
        Enforcement::Login => "at login alone",
        Enforcement::Gateway | Enforcement::InApp => return None,
    };
    let detail =
        format!("the hop to {} is enforced {got}: what it allows was never checked", node.hop.delegatee);
    let finding = Finding::new(NOT_ENFORCED, Effect::None, detail).of(node.record);
    Some(finding.values("enforced for each request", got))
}

/// Where the profile raises this rule, something stood between the actor and the action: the permit names the enforcement
/// point, or the action was seen at the boundary.
pub(super) fn request_not_enforced(case: &Case<'_>) -> Option<Finding> {
    let (record, decision) = case.decision.decided().filter(|_| case.request.kind == Kind::Action)?;
    let asked = case.profile.raised.contains_key(NOT_ENFORCED);
    let seen_by_actor_alone = |record: &Record| {
        let vantage = record.payload.as_ref().map(|payload: &Payload| payload.vantage);
        !matches!(vantage, Some(Vantage::Boundary | Vantage::Imported))
    };
    let attempt = case.request.attempt.as_ref().and_then(|link| link.resolution.one());
    let mut sides = [case.request.record].into_iter().chain(attempt);
    let enforced = decision.pep.is_some() || !sides.all(seen_by_actor_alone);
    (asked && !enforced && decision.ruling == Ruling::Permit).then(|| {
        let detail = "the permit names no enforcement point, and nobody but the actor saw the action";
        let finding = Finding::new(NOT_ENFORCED, Effect::None, detail).of(record);
        finding.values("an enforcement point", "none")
    })
}

/// A ruling that came of failing open is none: nobody could decide, and the enforcement point let pass (rule D7).
pub(super) fn failed_open(case: &Case<'_>) -> Option<Finding> {
    let (record, decision) = case.decision.decided()?;
    let open = decision.fail_mode.as_ref().is_some_and(|mode| mode.as_str() == "open");
    (open && decision.ruling != Ruling::Deny).then(|| {
        let who =
            decision.pep.as_ref().map_or_else(|| String::from("the enforcement point"), ToString::to_string);
        let detail =
            format!("nobody could decide at {}, and {who} let the request pass", decision.evaluated_at);
        let finding = Finding::new("failed-open", Effect::NotAuthorized, detail).of(record);
        finding.values("a ruling", "failed open")
    })
}
