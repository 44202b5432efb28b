//! Counting actions.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::kinds::Outcome;
use schemas::text::PrincipalId;
use schemas::time::{Index, Time};

use super::{Downstream, Heir, Irreversible, LISTED_MAX, Outcomes, Row, Total, Undoable};
use crate::reach::{Act, Hop, Refusal, Subject, is_undone};

/// Rows and sums as they grow.
#[derive(Debug, Default)]
pub(super) struct Counts<'a> {
    total: Total,
    irreversible: Irreversible,
    rows: BTreeMap<(Option<&'a str>, &'a str), Counted>,
    resources: BTreeSet<&'a str>,
    actors: BTreeMap<&'a PrincipalId, u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    actions: u64,
    outcomes: Outcomes,
    last: (Time, Index),
}

impl<'a> Counts<'a> {
    /// Counts an action.
    pub(super) fn add(&mut self, act: &'a Act) {
        self.total.actions = self.total.actions.saturating_add(1);
        self.total.last = self.total.last.max(Some(act.at));
        add(outcome(&mut self.total.outcomes, act.outcome));
        add(self.actors.entry(&act.actor).or_default());
        self.each_row(&act.resources, &act.action, (act.at, act.index), |counted| {
            add(&mut counted.actions);
            add(outcome(&mut counted.outcomes, act.outcome));
        });
        if is_undone(act.outcome) {
            return;
        }
        if act.irreversible || act.effects.iter().any(|effect| effect.reversible == Some(false)) {
            add(&mut self.irreversible.total);
            self.irreversible.listed.push(undoable(act));
        } else if act.effects.iter().any(|effect| effect.reversible.is_none()) {
            add(&mut self.irreversible.unknown);
        }
    }

    /// Counts a request that was refused.
    pub(super) fn refuse(&mut self, refusal: &'a Refusal) {
        add(&mut self.total.outcomes.refused);
        self.each_row(&refusal.resources, &refusal.action, (refusal.at, refusal.index), |counted| {
            add(&mut counted.outcomes.refused);
        });
    }

    /// The row of an action on each of these resources, or on none.
    fn each_row(
        &mut self,
        resources: &'a [String],
        action: &'a str,
        last: (Time, Index),
        mut count: impl FnMut(&mut Counted),
    ) {
        let named: BTreeSet<&str> = resources.iter().map(String::as_str).collect();
        self.resources.extend(&named);
        let nothing = named.is_empty().then_some(None);
        for resource in named.into_iter().map(Some).chain(nothing) {
            let counted = self.rows.entry((resource, action)).or_default();
            counted.last = counted.last.max(last);
            count(counted);
        }
    }

    /// Who got authority from the subject, the nearest first.
    pub(super) fn downstream(&self, subject: &Subject, hops: &[Hop]) -> Downstream {
        let mut heirs: BTreeMap<&PrincipalId, &Hop> = BTreeMap::new();
        let is_subject =
            |principal: &PrincipalId| matches!(subject, Subject::Principal(own) if own == principal);
        for hop in hops.iter().filter(|hop| !hop.held && !is_subject(&hop.delegatee)) {
            heirs.entry(&hop.delegatee).or_insert(hop);
        }
        let mut listed: Vec<Heir> = heirs.iter().map(|(principal, hop)| self.heir(principal, hop)).collect();
        listed.sort_by_key(|heir| (heir.above, heir.index));
        listed.truncate(LISTED_MAX);
        Downstream { total: heirs.len() as u64, listed }
    }

    fn heir(&self, principal: &PrincipalId, hop: &Hop) -> Heir {
        Heir {
            principal: principal.to_string(),
            from: hop.delegator.to_string(),
            hop: hop.id,
            index: hop.index,
            above: hop.above,
            actions: self.actors.get(principal).copied().unwrap_or_default(),
        }
    }

    /// The sums, and all rows, most actions first.
    pub(super) fn finish(self) -> (Total, Irreversible, Vec<Row>) {
        let Self { mut total, mut irreversible, rows, resources, .. } = self;
        total.resources = resources.len() as u64;
        total.rows = rows.len() as u64;
        irreversible.listed.sort_by_key(|one| core::cmp::Reverse((one.at, one.index)));
        irreversible.listed.truncate(LISTED_MAX);
        let row = |((resource, action), counted): ((Option<&str>, &str), Counted)| Row {
            resource: resource.map(ToString::to_string),
            action: action.to_string(),
            actions: counted.actions,
            outcomes: counted.outcomes,
            last: counted.last.0,
            index: counted.last.1,
        };
        let mut rows: Vec<Row> = rows.into_iter().map(row).collect();
        // What many refusals met matters as much as what many actions did. Otherwise by resource and action, as they came.
        rows.sort_by_key(|row| core::cmp::Reverse((row.actions, row.outcomes.refused)));
        (total, irreversible, rows)
    }
}

fn undoable(act: &Act) -> Undoable {
    let lasting: Vec<_> = act.effects.iter().filter(|effect| effect.reversible == Some(false)).collect();
    let targets = if lasting.is_empty() {
        act.resources.clone()
    } else {
        lasting.iter().map(|effect| effect.target.to_string()).collect()
    };
    Undoable {
        id: act.id,
        index: act.index,
        at: act.at,
        actor: act.actor.to_string(),
        action: act.action.clone(),
        targets,
        external: act.effects.iter().any(|effect| effect.external),
        outcome: act.outcome,
    }
}

fn outcome(outcomes: &mut Outcomes, outcome: Option<Outcome>) -> &mut u64 {
    match outcome {
        Some(Outcome::Completed) => &mut outcomes.completed,
        Some(Outcome::Failed) => &mut outcomes.failed,
        Some(Outcome::Suppressed) => &mut outcomes.suppressed,
        Some(Outcome::Denied) => &mut outcomes.denied,
        None => &mut outcomes.unknown,
    }
}

fn add(count: &mut u64) {
    *count = count.saturating_add(1);
}
