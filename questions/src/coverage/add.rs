//! Adding up answers about stretches of a log that follow each other.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use verifier::verdict::Effect;

use super::tally::worst_first;
use super::{Counts, Coverage, Covered, Example, FoundBy, Row, Under};

/// What the actions of one agent, or in one tenant, came to, and the first that is not authorized.
type Rows = BTreeMap<String, (Counts, Option<Example>)>;

impl Coverage {
    /// With the answer that goes on where this one ends: the sum of both, about all of what both are about. Who acted is exact
    /// where both list everybody.
    #[must_use]
    pub fn and(self, later: Self) -> Self {
        let mut total = self.total;
        total.add(&later.total);
        let (agents_total, agents) =
            rows((self.agents, self.agents_total), (later.agents, later.agents_total));
        let (tenants_total, tenants) =
            rows((self.tenants, self.tenants_total), (later.tenants, later.tenants_total));
        Self {
            total,
            decision_missing: self.decision_missing.saturating_add(later.decision_missing),
            login_only: self.login_only.saturating_add(later.login_only),
            findings: findings(self.findings.into_iter().chain(later.findings)),
            profiles: profiles(self.profiles.into_iter().chain(later.profiles)),
            agents,
            agents_total,
            tenants,
            tenants_total,
            covered: Covered { from: self.covered.from, to: later.covered.to },
            complete: later.complete,
            next: later.next,
            ..self
        }
    }

    /// The same with so many agents, and so many tenants, at most.
    #[must_use]
    pub fn listing(mut self, rows: usize) -> Self {
        self.agents.truncate(rows);
        self.tenants.truncate(rows);
        self
    }
}

fn rows(earlier: (Vec<Row>, u64), later: (Vec<Row>, u64)) -> (u64, Vec<Row>) {
    let mut sum: Rows = BTreeMap::new();
    for Row { name, counts, example } in earlier.0.into_iter().chain(later.0) {
        let (all, first) = sum.entry(name).or_default();
        all.add(&counts);
        *first = first.or(example);
    }
    // Where not all were listed, there are at least as many as either says.
    let least = earlier.1.max(later.1).max(sum.len() as u64);
    (least, worst_first(sum))
}

fn findings(found: impl Iterator<Item = FoundBy>) -> Vec<FoundBy> {
    let mut sum: BTreeMap<(Effect, String), FoundBy> = BTreeMap::new();
    for found in found {
        match sum.get_mut(&(found.effect, found.code.clone())) {
            Some(all) => all.actions = all.actions.saturating_add(found.actions),
            None => drop(sum.insert((found.effect, found.code.clone()), found)),
        }
    }
    let mut sum: Vec<FoundBy> = sum.into_values().collect();
    sum.sort_by_key(|found| (found.effect, Reverse(found.actions)));
    sum
}

fn profiles(under: impl Iterator<Item = Under>) -> Vec<Under> {
    let mut sum: BTreeMap<(String, u64), u64> = BTreeMap::new();
    for Under { name, version, actions } in under {
        let all = sum.entry((name, version)).or_default();
        *all = all.saturating_add(actions);
    }
    sum.into_iter().map(|((name, version), actions)| Under { name, version, actions }).collect()
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use ::tests::scenario::{Draft, Scenario};
    use schemas::query::Query;
    use schemas::time::{Index, Time};
    use serde_json::json;

    use super::*;
    use crate::asked::Asked;
    use crate::coverage::{ROWS_MAX, Size, coverage};
    use crate::kept::Whole;

    #[test]
    fn parts_that_follow_each_other_add_up_to_the_whole() {
        let mut log = Scenario::new();
        let gateway = log.register("gateway:edge", &["gateway"]);
        for number in 0..9 {
            let body = json!({
                "phase": "both", "actor": format!("agent:{}", number % 4), "action": {"name": "pay:send"},
                "resources": ["acct/7"], "outcome": "completed",
            });
            let act = Draft::new("action", body).with("vantage", "boundary");
            log.say(&gateway, act.with("tenant", if number % 3 == 0 { "eu" } else { "us" }));
        }
        let evidence = log.recomputed().unwrap();
        let (whole, query) = (Whole(&evidence), Query::default());
        let answer = |from: Index, actions: usize| {
            let asked =
                Asked { words: Vec::new(), text: String::new(), query: query.clone(), now: Time(0), from };
            let size = Size { actions, rows: ROWS_MAX };
            let (answer, next) = coverage(&asked, whole.fitting(&query, from), None, size, &whole).unwrap();
            (answer.cut_at(&asked, next), next)
        };
        let (all, _) = answer(Index(0), ROWS_MAX);
        assert_eq!((all.total.actions, all.agents_total, all.tenants_total), (9, 4, 2));
        assert!(all.complete && all.covered.to == Index(all.as_of.size));
        let (mut sum, mut next) = answer(Index(0), 2);
        let mut parts = 1;
        while let Some(from) = next {
            assert!(!sum.complete && sum.covered.to == from, "{sum}");
            let (part, later) = answer(from, 2);
            (sum, next, parts) = (sum.and(part), later, parts + 1);
        }
        assert_eq!((&sum, parts), (&all, 5));
        assert_eq!(sum.listing(1).agents.len(), 1);
    }
}
