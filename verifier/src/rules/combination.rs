//! Actions that must not follow each other within one task.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use schemas::kinds::{Action, Outcome, Phase};
use schemas::payload::Body;
use schemas::reference::Reference;
use schemas::scope::Pattern;
use schemas::term::Term;
use schemas::text::{Line, Tenant};
use schemas::time::Time;

use crate::evidence::Record;
use crate::judge::Case;
use crate::profile::Combination;
use crate::verdict::{Effect, Finding};

const SLUG: &str = "forbidden-combination";

/// Whether the request is the last step of a combination that the profile forbids (reference T5, items 50 and 67), over what
/// was done for its task up to the moment. Attempts count, and whatever was carried out.
pub(super) fn forbidden_combination(case: &Case<'_>) -> Option<Finding> {
    let act = case.request.act.as_ref()?;
    let name = act.action.name.as_str();
    let ends_here = |combination: &&Combination| {
        case.ground.effort.spend(1)
            && combination.actions.last().is_some_and(|last: &Pattern| last.matches(name))
    };
    let mut ending = case.profile.combinations.iter().filter(ends_here).peekable();
    let first = ending.peek()?.name.clone();
    let open = |detail: String| {
        let finding = Finding::new(SLUG, Effect::Indeterminate, detail).of(case.request.record);
        Some(finding.values(format!("all that was done before `{name}`"), "not known"))
    };
    let Some(task) = case.request.task else {
        return open(format!("`{name}` may end `{first}`, and states no task that tells what came before"));
    };
    let done = Done::before(case, case.request.tenant, task);
    let found = ending.find_map(|combination| Some((combination, done.follows(case, combination)?)));
    if let Some((combination, steps)) = found {
        let places: Vec<String> = steps.iter().map(|record| format!("{}", record.index)).collect();
        let detail = format!("`{name}` after {} in task {task} is `{}`", places.join(", "), combination.name);
        let finding = Finding::new(SLUG, Effect::NotAuthorized, detail).of(case.request.record);
        let actions: Vec<&str> = combination.actions.iter().map(Pattern::as_str).collect();
        return Some(finding.values(format!("not {}", actions.join(", then ")), name));
    }
    if done.covered {
        return None;
    }
    open(format!("`{name}` may end `{first}`, and not all that was done for task {task} is in the evidence"))
}

/// What was done for a task.
struct Done<'e> {
    /// By time and, of one time, in the order of the log.
    actions: Vec<(Time, &'e Record, &'e Action)>,
    /// Whether these are known to be all.
    covered: bool,
}

impl<'e> Done<'e> {
    /// The sound actions of a task up to the moment, without the request itself.
    fn before(case: &Case<'e>, tenant: &Tenant, task: &Line) -> Self {
        let found = case.evidence.find(&Term::Task(tenant, task));
        if !case.ground.effort.spend(found.records.len()) {
            return Self { actions: Vec::new(), covered: false };
        }
        let attempt = case.request.attempt.as_ref().and_then(|link| link.resolution.one());
        let own = [Some(case.request.record), attempt].into_iter().flatten();
        let own: Vec<_> = own.map(Record::id).collect();
        let is_own = |record: &Record, action: &Action| {
            own.contains(&record.id())
                || matches!(&action.attempt, Some(Reference::Id(attempt)) if own.contains(attempt))
        };
        let done = found.records.into_iter().filter_map(|record| {
            let payload = record.payload.as_ref().filter(|_| record.standing.is_ok())?;
            let is_in_task = payload.tenant == *tenant && payload.task.as_ref() == Some(task);
            match &payload.body {
                Body::Action(action) if is_in_task && is_done(action) && !is_own(record, action) => {
                    Some((action.attempted_at, record, action))
                }
                _ => None,
            }
        });
        let mut actions: Vec<_> = done.filter(|(at, ..)| *at <= case.moment.to).collect();
        actions.sort_by_key(|(at, record, _)| (*at, record.index));
        Self { actions, covered: found.covered }
    }

    /// The steps of a combination but its last, where they follow each other.
    fn follows(&self, case: &Case<'_>, combination: &Combination) -> Option<Vec<&'e Record>> {
        let (_, before) = combination.actions.split_last()?;
        let mut actions = self.actions.iter();
        let mut steps = Vec::new();
        for pattern in before {
            let is_step = |(_, _, action): &&(Time, &Record, &Action)| {
                case.ground.effort.spend(1) && pattern.matches(action.action.name.as_str())
            };
            steps.push(actions.find(is_step)?.1);
        }
        Some(steps)
    }
}

fn is_done(action: &Action) -> bool {
    action.phase == Phase::Attempt || !matches!(action.outcome, Some(Outcome::Denied | Outcome::Suppressed))
}
