//! Where a task stood: its plan, its stages and its end, by the word of whoever answers for it.
//!
//! Whoever opened a task first said who its owner is; nobody can open it again for themselves. What became of it afterwards
//! counts by its owner or an authority about its owner, and of a task that nobody opened by any authority. What would give
//! authority (a stage, or that the task goes on) counts only while no key behind it was reported to be in other hands; what
//! takes it away counts however it came.

use alloc::vec::Vec;

use schemas::kinds::{Plan, Task, TaskOp};
use schemas::payload::{Body, Payload};
use schemas::term::Term;
use schemas::text::{Line, Name, PrincipalId, Tenant};
use schemas::time::Time;

use super::ground::Ground;
use super::identity::{is_firm, may_be_one};
use super::speaker::Speaker;
use crate::evidence::Record;

/// The life of one task, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct History<'e> {
    /// The first opening.
    opened: Option<&'e Task>,
    /// What became of it, the opening included, by time and of one time in the order of the log.
    steps: Vec<Step<'e>>,
    /// What became of it by whoever's key, after the opening, in the order of the log.
    moves: Vec<Step<'e>>,
}

/// One thing that became of a task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'e> {
    /// The statement that says so.
    pub(crate) record: &'e Record,
    /// What happened.
    pub(crate) task: &'e Task,
    /// When.
    pub(crate) at: Time,
}

/// A time in which a task carries no authority.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest<'e> {
    /// With what it began.
    pub(crate) step: Step<'e>,
    /// When the task went on; nothing: it ended, or rests still.
    pub(crate) until: Option<Time>,
}

impl<'e> History<'e> {
    /// What is known of a task.
    pub(crate) fn of(ground: Ground<'e>, tenant: &'e Tenant, task: &Line) -> Self {
        let found = ground.evidence.find(&Term::TaskState(tenant, task)).records;
        if !ground.effort.spend(found.len()) {
            return Self::default();
        }
        let is_it = |payload: &Payload| payload.task.as_ref() == Some(task) && payload.tenant == *tenant;
        let said = found.into_iter().filter(|record| record.standing.is_ok()).filter_map(|record| {
            let payload = record.payload.as_ref().filter(|payload| is_it(payload))?;
            match &payload.body {
                Body::Task(task) => {
                    let at = began(ground, record, task, task.effective_at.unwrap_or(payload.at));
                    Some(Step { record, task, at })
                }
                _ => None,
            }
        });
        let said: Vec<Step<'e>> = said.collect();
        let opening = said.iter().find(|step| step.task.op == TaskOp::Open).copied();
        let opened = opening.map(|step| step.task);
        let owner = opened.and_then(|task| task.owner.as_ref());
        let counts = |step: &Step<'e>| match step.task.op {
            TaskOp::Open => opening.is_some_and(|first| first.record.index == step.record.index),
            _ => answers(ground, tenant, step.record, owner),
        };
        let mut steps: Vec<Step<'e>> = said.into_iter().filter(counts).collect();
        let moves = steps.iter().filter(|step| step.task.op != TaskOp::Open).copied().collect();
        steps.retain(|step| step.task.op != TaskOp::Stage || is_firm(ground, step.record));
        steps.sort_by_key(|step| (step.at, step.record.index));
        Self { opened, steps, moves }
    }

    /// What the task may need; nothing: nobody said.
    pub(crate) fn plan(&self) -> Option<&'e Plan> {
        self.opened.and_then(|task| task.plan.as_ref())
    }

    /// Each time that it entered a stage, came to rest or ended, be it by a key that was in other hands.
    pub(crate) fn moves(&self) -> impl Iterator<Item = Step<'e>> {
        self.moves.iter().copied()
    }

    /// The stage that the task was in.
    pub(crate) fn stage(&self, moment: Time) -> Option<&'e Name> {
        let by_then = self.steps.iter().filter(|step| step.at <= moment);
        by_then.filter_map(|step| step.task.stage.as_ref()).next_back()
    }

    /// With what the task ended, each: complete, cancel, fail. Nothing opens it again.
    pub(crate) fn ends(&self) -> impl Iterator<Item = Rest<'e>> {
        let is_end =
            |step: &&Step<'e>| matches!(step.task.op, TaskOp::Complete | TaskOp::Cancel | TaskOp::Fail);
        self.steps.iter().filter(is_end).map(|step| Rest { step: *step, until: None })
    }

    /// When the task was suspended, each time until a stage that was entered later.
    pub(crate) fn suspensions(&self) -> impl Iterator<Item = Rest<'e>> {
        let suspended = self.steps.iter().filter(|step| step.task.op == TaskOp::Suspend);
        suspended.map(|step| {
            let goes_on = |later: &&Step<'e>| later.task.op == TaskOp::Stage && later.at > step.at;
            Rest { step: *step, until: self.steps.iter().find(goes_on).map(|later| later.at) }
        })
    }
}

/// From when a step counts: as it claims or, where it gives authority and was logged too late for its word alone, from its
/// entry on. So nobody puts a task into a stage afterwards.
fn began(ground: Ground<'_>, record: &Record, task: &Task, claimed: Time) -> Time {
    let late = ground.profile.lateness.is_some_and(|lateness| record.time.since(claimed) > lateness);
    if task.op == TaskOp::Stage && late { record.time } else { claimed }
}

/// Whether a statement about a task is by somebody who answers for it.
fn answers<'e>(
    ground: Ground<'e>,
    tenant: &'e Tenant,
    record: &'e Record,
    owner: Option<&PrincipalId>,
) -> bool {
    let principal = &record.envelope.iss;
    let speaker = Speaker { ground, record, tenant, principal };
    owner.is_none_or(|owner| may_be_one(ground, owner, principal) || speaker.speaks_for(owner))
}
