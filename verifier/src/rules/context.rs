//! The context that a permit was ruled in: whether all of it was there, fresh, and still so at the moment.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};

use schemas::kinds::{Decision, Ruling};
use schemas::payload::Kind;
use schemas::time::Time;

use super::rulings::rulings;
use crate::evidence::Record;
use crate::judge::{Case, History, ReliedOn, Step, suspensions};
use crate::verdict::{Effect, Finding};

const CHANGED: &str = "changed-since-decision";

/// Every input that the profile asks for by class of action was there when the permit was ruled (reference items 7, 23, 24,
/// rule D8).
pub(super) fn context_incomplete(case: &Case<'_>) -> Option<Finding> {
    let (record, decision) = permit(case)?;
    let classes = case.classes();
    let asked = classes.iter().filter_map(|class| case.profile.inputs.get(*class)).flatten();
    let missing: BTreeSet<&str> = asked
        .map(String::as_str)
        .filter(|asked| !decision.inputs.keys().any(|input| input.as_str() == *asked))
        .collect();
    let first = missing.first()?;
    let detail = format!("the permit was ruled without {first}, which actions of this class need");
    let finding = Finding::new("context-incomplete", Effect::Indeterminate, detail).of(record);
    let missing: alloc::vec::Vec<&str> = missing.iter().copied().collect();
    let had: alloc::vec::Vec<&str> = decision.inputs.keys().map(|input| input.as_str()).collect();
    let had = if had.is_empty() { String::from("no inputs") } else { had.join(", ") };
    Some(finding.values(missing.join(", "), had))
}

/// No input was older than the profile allows when the permit was ruled, nor observed after that (reference item 9, rule D8).
pub(super) fn context_stale(case: &Case<'_>) -> Option<Finding> {
    let (record, decision) = permit(case)?;
    let ruled = decision.evaluated_at;
    decision.inputs.iter().find_map(|(input, observed)| {
        let most = case.profile.input_age.get(input.as_str())?;
        let found = |detail: String, expected: String| {
            let finding = Finding::new("context-stale", Effect::NotAuthorized, detail).of(record);
            Some(finding.values(expected, format!("{input} observed at {observed}")))
        };
        let (age, ahead) = (ruled.since(*observed), observed.since(ruled));
        if age > *most {
            return found(
                format!("{input} was {age} old when the permit was ruled; at most {most} is allowed"),
                format!("{input} observed no more than {most} before {ruled}"),
            );
        }
        if ahead > case.profile.skew {
            return found(
                format!("{input} is said to be observed {ahead} after the permit was ruled"),
                format!("{input} observed by {ruled}"),
            );
        }
        None
    })
}

/// The task did not move between the ruling and the moment (reference items 64, 65 and 78, rule D11). Where clocks may
/// account for the difference, what was logged before the ruling counts as known to it.
pub(super) fn task_changed(case: &Case<'_>) -> Option<Finding> {
    let (record, decision) = used_permit(case)?;
    let task = case.request.task?;
    let ruled = decision.evaluated_at;
    let history = History::of(case.ground, case.request.tenant, task);
    let Step { record: by, task: step, at } = history.moves().find(|Step { record: by, at, .. }| {
        let known = by.index < record.index && *at <= ruled.later(case.profile.skew);
        ruled < *at && *at <= case.moment.to && !known
    })?;
    let to = step.stage.as_ref().map_or_else(|| step.op.to_string(), |stage| format!("stage {stage}"));
    let detail = format!("task {task} moved ({to}) at {at}, after the permit was ruled at {ruled}");
    Some(changed(detail, by, format!("a permit ruled from {at} on"), ruled))
}

/// No newer ruling on the same request assumed another risk or context (reference items 6, 63 and 78, rule D11).
pub(super) fn risk_changed(case: &Case<'_>) -> Option<Finding> {
    let (record, decision) = used_permit(case)?;
    let ruled = decision.evaluated_at;
    let newer = rulings(case).into_iter().find(|(other, newer)| {
        let in_between = ruled < newer.evaluated_at && newer.evaluated_at <= case.moment.to;
        let differs = newer.risk != decision.risk || newer.context != decision.context;
        other.index != record.index && in_between && newer.ruling == Ruling::Permit && differs
    });
    let (other, newer) = newer?;
    let at = newer.evaluated_at;
    let what = if newer.risk != decision.risk { "risk" } else { "context" };
    let got = |decision: &Decision| match (what, &decision.risk) {
        ("risk", Some(risk)) => format!("risk {risk}"),
        ("risk", None) => String::from("no risk stated"),
        _ => String::from("another context"),
    };
    let detail = format!(
        "the request was ruled again at {at} under another {what} ({}), and the older permit was used",
        got(newer)
    );
    let finding = Finding::new(CHANGED, Effect::NotAuthorized, detail).of(other);
    Some(finding.values(format!("the permit ruled at {at}"), format!("the one ruled at {ruled}")))
}

/// Nobody on the way was suspended at any time between ruling and moment, and no withdrawal that counts is newer than what
/// the decider had looked up (reference items 13 and 78, rule D11).
pub(super) fn standing_changed(case: &Case<'_>, relied: &ReliedOn) -> Option<Finding> {
    let (_, decision) = used_permit(case)?;
    let hops = || relied.iter().filter_map(|index| case.graph.node(*index));
    let on_the_way = hops().flat_map(|node| [&node.hop.delegator, &node.hop.delegatee]);
    let principals: BTreeSet<_> = on_the_way.chain([case.request.actor]).collect();
    let (ruled, moment) = (decision.evaluated_at, case.moment.to);
    let stretches = principals.into_iter().flat_map(|principal| {
        suspensions(case.ground, principal).into_iter().map(move |suspension| (principal, suspension))
    });
    // One that lasts is a withdrawal, and found as such.
    let mut over = stretches.filter_map(|(principal, suspension)| {
        let until = suspension.until.filter(|until| ruled < *until && *until <= moment)?;
        (suspension.from <= moment).then_some((principal, suspension, until))
    });
    if let Some((principal, suspension, until)) = over.next() {
        let detail = format!(
            "{principal} was {} from {} until {until}, while the permit ruled at {ruled} was waiting to be used",
            suspension.status, suspension.from
        );
        return Some(changed(detail, suspension.record, format!("a permit ruled from {until} on"), ruled));
    }
    let looked_up = decision.revocations_at?;
    let withdrawals = hops().filter_map(|node| case.withdrawn_of(node)).chain([&case.withdrawn]);
    let all = withdrawals.flat_map(|withdrawn| &withdrawn.counting);
    let (unseen, said, revoker) = all
        .filter(|withdrawal| withdrawal.holds_at(moment) && looked_up < withdrawal.effective)
        .find_map(|withdrawal| withdrawal.by.map(|(said, revoker)| (withdrawal, said, revoker)))?;
    let detail = format!(
        "the decider had looked up revocations at {looked_up}; the {} was withdrawn by {revoker} from {} on",
        unseen.what, unseen.effective
    );
    let finding = Finding::new(CHANGED, Effect::NotAuthorized, detail).of(said);
    Some(finding.values(format!("revocations as of {}", unseen.effective), looked_up.to_string()))
}

fn changed(detail: String, by: &Record, expected: String, ruled: Time) -> Finding {
    Finding::new(CHANGED, Effect::NotAuthorized, detail).of(by).values(expected, format!("ruled at {ruled}"))
}

fn permit<'e>(case: &Case<'e>) -> Option<(&'e Record, &'e Decision)> {
    case.decision.decided().filter(|(_, decision)| decision.ruling == Ruling::Permit)
}

/// The permit of an action; what is asked of its use, a permit that is judged by itself does not have to answer.
fn used_permit<'e>(case: &Case<'e>) -> Option<(&'e Record, &'e Decision)> {
    permit(case).filter(|_| case.request.kind == Kind::Action)
}
