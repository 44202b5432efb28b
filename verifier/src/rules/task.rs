//! The task: whether action, hops and decision belong to one, whether it still went on, and whether they keep to its plan.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::kinds::Plan;
use schemas::scope::{Grant, Pattern, Scope};
use schemas::text::{Line, Tenant};
use schemas::time::Time;

use super::withdrawal::{is_revoked, withdrawn_at};
use crate::evidence::Record;
use crate::judge::{Act, Case, Edge, FoundAs, History, Node, Ruled, Withdrawal, Withdrawn};
use crate::verdict::{Effect, Finding};

const MISMATCH: &str = "task-mismatch";
const OFF_PLAN: &str = "off-plan";

/// Authority given for one task counts in no other (reference T1, items 4 and 60). What states no task is of any.
pub(super) fn hop_of_other_task(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let (own, asked) = node.payload.task.as_ref().zip(case.request.task)?;
    (own != asked).then(|| {
        mismatch(
            node.record,
            format!("the hop is for task {own}; the request is of task {asked}"),
            asked,
            own,
        )
    })
}

/// The same of two hops, where the request states no task.
pub(super) fn hops_of_two_tasks(case: &Case<'_>, edge: &Edge<'_>) -> Option<Finding> {
    let child = edge.child.filter(|_| case.request.task.is_none())?;
    let (own, above) = child.payload.task.as_ref().zip(edge.parent.payload.task.as_ref())?;
    let place = edge.parent.record.index;
    (own != above).then(|| {
        mismatch(
            child.record,
            format!("the hop is for task {own}; the one at {place} is for {above}"),
            above,
            own,
        )
    })
}

/// The same of the decision.
pub(super) fn decision_of_other_task(case: &Case<'_>) -> Option<Finding> {
    let Ruled::By(record, _) = &case.decision else { return None };
    let ruled = record.payload.as_ref().and_then(|payload| payload.task.as_ref());
    let (ruled, asked) = ruled.zip(case.request.task)?;
    (ruled != asked).then(|| {
        mismatch(
            record,
            format!("the decision is on task {ruled}; the request is of task {asked}"),
            asked,
            ruled,
        )
    })
}

fn mismatch(of: &Record, detail: String, expected: &Line, got: &Line) -> Finding {
    let finding = Finding::new(MISMATCH, Effect::NotAuthorized, detail).of(of);
    finding.values(expected.to_string(), got.to_string())
}

/// Nothing is done for a task that has ended, or while it is suspended (reference T2, items 76 and 79).
pub(super) fn task_closed(case: &Case<'_>) -> Option<Finding> {
    ended(FoundAs::TaskClosed, &case.withdrawn, case.request.record, case.moment.claimed)
}

/// A hop that could still be used, neither expired nor withdrawn, after the task that it was given for (reference T3, items
/// 62 and 77).
pub(super) fn hop_outlives_task(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let moment = case.moment.claimed;
    let withdrawn = case.withdrawn_of(node)?;
    let is_over = node.hop.expires.is_some_and(|expires| expires < moment)
        || withdrawn_at(withdrawn, node.record, moment, is_revoked).is_some();
    if is_over { None } else { ended(FoundAs::OutlivesTask, withdrawn, node.record, moment) }
}

/// The same of the credential that the request presents.
pub(super) fn credential_outlives_task(case: &Case<'_>) -> Option<Finding> {
    ended(FoundAs::OutlivesTask, &case.withdrawn, case.request.record, case.moment.claimed)
}

fn ended(found_as: FoundAs, withdrawn: &Withdrawn<'_>, of: &Record, moment: Time) -> Option<Finding> {
    let holds = |found: &&Withdrawal<'_>| found.found_as == found_as && found.holds_at(moment);
    let Withdrawal { by, cause, effective, .. } = withdrawn.counting.iter().find(holds)?;
    let (record, revoker) = (*by)?;
    let task = record.payload.as_ref().and_then(|payload| payload.task.as_ref());
    let task = task.map(Line::as_str).unwrap_or_default();
    let what = match found_as {
        FoundAs::TaskClosed => "",
        _ => ", and what was given for it could still be used",
    };
    let detail = format!("task {task} was closed by {revoker} at {} ({cause}){what}", record.index);
    let finding = Finding::new(found_as.slug(), Effect::NotAuthorized, detail).of(of);
    Some(finding.values(format!("a moment before {effective}"), moment.to_string()))
}

/// What is done for a task keeps to its plan (reference T4, items 61, 66 and 71).
pub(super) fn action_off_plan(case: &Case<'_>) -> Option<Finding> {
    let act = case.request.act.as_ref()?;
    outside_plan(case, act, case.request.tenant, case.request.task?, case.request.record)
}

/// A request that states no task keeps to the plan of each task that it has its authority from; and a hop for one stage counts
/// in that stage alone (reference T4, item 65).
pub(super) fn hop_off_plan(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let (tenant, own) = (&node.payload.tenant, node.payload.task.as_ref());
    if let (None, Some(act), Some(task)) = (case.request.task, &case.request.act, own)
        && let Some(finding) = outside_plan(case, act, tenant, task, node.record)
    {
        return Some(finding);
    }
    let stage = node.hop.stage.as_ref()?;
    let task = own.or(case.request.task);
    let now = task.and_then(|task| History::of(case.ground, tenant, task).stage(case.moment.claimed));
    let (effect, got) = match now {
        Some(now) if now == stage => return None,
        Some(now) => (Effect::NotAuthorized, now.to_string()),
        None => (Effect::Indeterminate, String::from("no stage that anybody stated")),
    };
    let finding =
        Finding::new(OFF_PLAN, effect, format!("the hop is for stage {stage}; the task was in {got}"));
    Some(finding.of(node.record).values(stage.to_string(), got))
}

fn outside_plan(
    case: &Case<'_>,
    act: &Act<'_>,
    tenant: &Tenant,
    task: &Line,
    of: &Record,
) -> Option<Finding> {
    let history = History::of(case.ground, tenant, task);
    let Plan { actions, resources, .. } = history.plan()?;
    let steps = resources.len().saturating_mul(act.resources.len()).saturating_add(actions.len());
    if !case.ground.effort.spend(steps) {
        return None;
    }
    let matches =
        |patterns: &[Pattern], name: &Line| patterns.iter().any(|pattern| pattern.matches(name.as_str()));
    let name = &act.action.name;
    let (patterns, got) = if matches(actions, name) {
        (resources, act.resources.iter().find(|resource| !matches(resources, resource))?)
    } else {
        (actions, name)
    };
    let detail = format!("`{got}` is not in the plan of task {task}");
    let finding = Finding::new(OFF_PLAN, Effect::NotAuthorized, detail).of(of);
    Some(finding.values(listed(patterns), got.to_string()))
}

/// Authority beyond what the task may need (reference C16, items 56, 57 and 61): what is done with it is held against the plan
/// by itself, so this changes nothing.
pub(super) fn scope_broader_than_task(case: &Case<'_>, node: &Node<'_>) -> Option<Finding> {
    let Some(Scope::Grants(grants)) = &node.hop.scope else { return None };
    let task = node.payload.task.as_ref().or(case.request.task)?;
    let history = History::of(case.ground, &node.payload.tenant, task);
    let plan = history.plan()?;
    let wider = grants.iter().find_map(|grant| wider_than(case, grant, plan))?;
    let detail = format!("`{wider}` is more than the plan of task {task} has");
    let finding = Finding::new("scope-broader-than-task", Effect::None, detail).of(node.record);
    let planned = format!("{} on {}", listed(&plan.actions), listed(&plan.resources));
    Some(finding.values(planned, wider.to_string()))
}

/// The first pattern of a grant that is within none of the plan's.
fn wider_than<'g>(case: &Case<'_>, grant: &'g Grant, plan: &Plan) -> Option<&'g Pattern> {
    let pairs = [(&grant.actions, &plan.actions), (&grant.resources, &plan.resources)];
    pairs.into_iter().find_map(|(ours, planned)| {
        let spent = case.ground.effort.spend(ours.len().saturating_mul(planned.len()));
        let within = |our: &Pattern| planned.iter().any(|planned| our.within(planned));
        if spent { ours.iter().find(|our| !within(our)) } else { None }
    })
}

fn listed(patterns: &[Pattern]) -> String {
    let patterns: Vec<&str> = patterns.iter().map(Pattern::as_str).collect();
    if patterns.is_empty() { String::from("nothing") } else { patterns.join(", ") }
}
