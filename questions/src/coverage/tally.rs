//! Adding up verdicts.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Reverse;

use schemas::payload::Body;
use verifier::verdict::{Effect, Finding, Outcome, Verdict};

use super::{
    BROKEN_RULES, COVERAGE_SCHEMA, Counts, Coverage, Covered, Example, FoundBy, OWNERLESS_RULE, Row,
    UNATTRIBUTED_RULES, UNDECIDED_RULES, Under,
};
use crate::asked::Asked;
use crate::kept::{AsOf, Put};

/// What was added up so far.
#[derive(Default)]
pub(super) struct Tally {
    total: Counts,
    decision_missing: u64,
    login_only: u64,
    findings: BTreeMap<(Effect, &'static str), (u64, Example)>,
    profiles: BTreeMap<(String, u64), u64>,
    agents: BTreeMap<String, (Counts, Option<Example>)>,
    tenants: BTreeMap<String, (Counts, Option<Example>)>,
}

impl Tally {
    /// Adds an action with its verdict, if there is one.
    pub(super) fn add(&mut self, put: &Put, verdict: Option<&Verdict>) {
        let payload = &put.statement.payload;
        let Body::Action(action) = &payload.body else { return };
        let example = Example { id: put.statement.id(), index: put.index };
        let counts = verdict.map_or(Counts { actions: 1, unjudged: 1, ..Counts::default() }, of_verdict);
        self.total.add(&counts);
        let is_bad = counts.authorized == 0;
        let tenant = payload.tenant.as_str().to_string();
        for (rows, name) in [(&mut self.agents, action.actor.to_string()), (&mut self.tenants, tenant)] {
            let (sum, first) = rows.entry(name).or_default();
            sum.add(&counts);
            *first = first.or(Some(example).filter(|_| is_bad));
        }
        let Some(verdict) = verdict else { return };
        let [missing, login_only] = UNDECIDED_RULES.map(|slug| u64::from(finds(verdict, &[slug])));
        self.decision_missing = self.decision_missing.saturating_add(missing);
        self.login_only = self.login_only.saturating_add(login_only);
        let profile = (verdict.profile.name.clone(), verdict.profile.version);
        count(self.profiles.entry(profile).or_default());
        let found: BTreeSet<(Effect, &'static str)> =
            verdict.findings.iter().map(|finding| (finding.effect, finding.code)).collect();
        for key in found {
            count(&mut self.findings.entry(key).or_insert((0, example)).0);
        }
    }

    pub(super) fn answer(self, asked: &Asked, covered: Covered, as_of: AsOf) -> Coverage {
        let found = self.findings.into_iter();
        let mut findings: Vec<FoundBy> = found
            .map(|((effect, code), (actions, example))| FoundBy {
                effect,
                code: code.into(),
                actions,
                example,
            })
            .collect();
        findings.sort_by_key(|found| (found.effect, Reverse(found.actions)));
        let under = |((name, version), actions)| Under { name, version, actions };
        Coverage {
            schema: COVERAGE_SCHEMA.into(),
            query: asked.text.clone(),
            since: asked.query.since(),
            until: asked.query.until(),
            total: self.total,
            decision_missing: self.decision_missing,
            login_only: self.login_only,
            findings,
            profiles: self.profiles.into_iter().map(under).collect(),
            agents_total: self.agents.len() as u64,
            agents: worst_first(self.agents),
            tenants_total: self.tenants.len() as u64,
            tenants: worst_first(self.tenants),
            covered,
            complete: true,
            next: None,
            as_of,
        }
    }
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.actions, other.actions),
            (&mut self.authorized, other.authorized),
            (&mut self.not_authorized, other.not_authorized),
            (&mut self.indeterminate, other.indeterminate),
            (&mut self.unjudged, other.unjudged),
            (&mut self.resolved, other.resolved),
            (&mut self.broken, other.broken),
            (&mut self.unattributed, other.unattributed),
            (&mut self.undecided, other.undecided),
            (&mut self.ownerless, other.ownerless),
        ];
        for (sum, more) in pairs {
            *sum = sum.saturating_add(more);
        }
    }
}

/// The counts of one action.
fn of_verdict(verdict: &Verdict) -> Counts {
    let mut counts = Counts { actions: 1, ..Counts::default() };
    match verdict.outcome {
        Outcome::Authorized => counts.authorized = 1,
        Outcome::NotAuthorized => counts.not_authorized = 1,
        Outcome::Indeterminate => counts.indeterminate = 1,
    }
    if verdict.principal.is_empty() || finds(verdict, UNATTRIBUTED_RULES) {
        counts.unattributed = 1;
    } else if finds(verdict, BROKEN_RULES) {
        counts.broken = 1;
    } else {
        counts.resolved = 1;
    }
    counts.undecided = u64::from(finds(verdict, &UNDECIDED_RULES));
    counts.ownerless = u64::from(finds(verdict, &[OWNERLESS_RULE]));
    counts
}

fn finds(verdict: &Verdict, rules: &[&str]) -> bool {
    verdict.findings.iter().any(|finding: &Finding| rules.contains(&finding.code))
}

/// The rows with most that is not authorized first; then most that cannot be told, then most that nobody is behind.
pub(super) fn worst_first(rows: BTreeMap<String, (Counts, Option<Example>)>) -> Vec<Row> {
    let rows = rows.into_iter().map(|(name, (counts, example))| Row { name, counts, example });
    let mut rows: Vec<Row> = rows.collect();
    let bad = |counts: &Counts| {
        let untold = counts.indeterminate.saturating_add(counts.unjudged);
        let loose = counts.unattributed.saturating_add(counts.broken);
        (counts.not_authorized, untold, loose, counts.undecided, counts.actions)
    };
    rows.sort_by_key(|row| Reverse(bad(&row.counts)));
    rows
}

fn count(sum: &mut u64) {
    *sum = sum.saturating_add(1);
}

#[cfg(test)]
mod tests {
    use verifier::rules::RULES;

    use super::*;

    #[test]
    fn every_rule_that_is_counted_by_name_is_one_of_the_judges() {
        let named = UNATTRIBUTED_RULES.iter().chain(BROKEN_RULES).chain(&UNDECIDED_RULES);
        for slug in named.chain([&OWNERLESS_RULE]) {
            assert!(RULES.iter().any(|rule| rule.slug == *slug), "{slug}");
        }
    }
}
