//! Verdicts, added up.

use std::collections::BTreeMap;

use questions::coverage::{OWNERLESS_RULE, UNATTRIBUTED_RULES, UNDECIDED_RULES};
use schemas::payload::Payload;
use verifier::rules::{RULES, rank};
use verifier::verdict::{Effect, Outcome, Verdict};

use super::controls::Controls;
use super::frameworks::by_framework;
use super::{About, Action, ByRule, Coverage, EXAMPLES_MAX, Example, LISTED_MAX, Report, Unjudged, Verdicts};
use crate::Unwritten;

/// Adds up verdicts.
#[derive(Debug)]
pub struct Tally {
    pub(super) controls: Controls,
    verdicts: Verdicts,
    coverage: Coverage,
    rules: BTreeMap<&'static str, Counted>,
    actions: Vec<Action>,
    left_out: u64,
    unjudged: Vec<Unjudged>,
}

/// Findings of one rule.
#[derive(Debug)]
pub(super) struct Counted {
    effect: Effect,
    pub(super) errors: u64,
    pub(super) warnings: u64,
    actions: u64,
    examples: Vec<Example>,
}

impl Tally {
    /// Nothing yet.
    pub fn begin() -> Result<Self, Unwritten> {
        Ok(Self {
            controls: Controls::built_in()?,
            verdicts: Verdicts::default(),
            coverage: Coverage::default(),
            rules: BTreeMap::new(),
            actions: Vec::new(),
            left_out: 0,
            unjudged: Vec::new(),
        })
    }

    /// Adds an action and its verdict.
    pub fn add(&mut self, verdict: &Verdict, payload: Option<&Payload>, iss: &str) {
        count(&mut self.verdicts.actions);
        count(match verdict.outcome {
            Outcome::Authorized => &mut self.verdicts.authorized,
            Outcome::NotAuthorized => &mut self.verdicts.not_authorized,
            Outcome::Indeterminate => &mut self.verdicts.indeterminate,
        });
        self.cover(verdict);
        let mut seen = Vec::new();
        let example = Example { id: verdict.subject.id, index: verdict.subject.index };
        for finding in &verdict.findings {
            let counted = self.rules.entry(finding.code).or_insert_with(|| Counted::of(finding.effect));
            counted.effect = counted.effect.min(finding.effect);
            let is_error = finding.effect != Effect::None;
            count(if is_error { &mut counted.errors } else { &mut counted.warnings });
            if !seen.contains(&finding.code) {
                seen.push(finding.code);
                count(&mut counted.actions);
                if counted.examples.len() < EXAMPLES_MAX {
                    counted.examples.push(example);
                }
            }
        }
        if verdict.outcome == Outcome::Authorized {
            return;
        }
        if self.actions.len() < LISTED_MAX {
            self.actions.push(Action::of(verdict, payload, iss));
        } else {
            count(&mut self.left_out);
        }
    }

    /// Adds an action that could not be judged.
    pub fn unjudged(&mut self, unjudged: Unjudged) {
        count(&mut self.verdicts.actions);
        count(&mut self.verdicts.unjudged);
        self.unjudged.push(unjudged);
    }

    fn cover(&mut self, verdict: &Verdict) {
        let found = |codes: &[&str]| verdict.findings.iter().any(|finding| codes.contains(&finding.code));
        let coverage = &mut self.coverage;
        let covered = [
            (&mut coverage.judged, true),
            (&mut coverage.attributed, !verdict.principal.is_empty() && !found(UNATTRIBUTED_RULES)),
            (&mut coverage.decided, !found(&UNDECIDED_RULES)),
            (&mut coverage.owned, !found(&[OWNERLESS_RULE])),
            (&mut coverage.complete, verdict.complete),
        ];
        covered.into_iter().filter(|(_, holds)| *holds).for_each(|(number, _)| count(number));
    }

    /// The report.
    pub fn report(self, about: About) -> Report {
        let Self { controls, verdicts, coverage, rules, actions, left_out, unjudged } = self;
        let frameworks = by_framework(&controls, &rules);
        let mut rules: Vec<ByRule> =
            rules.into_iter().map(|(rule, counted)| counted.by_rule(rule, &controls)).collect();
        rules.sort_by_key(|by_rule| (by_rule.effect, rank(by_rule.rule)));
        let schema = super::REPORT_SCHEMA;
        Report { schema, about, verdicts, coverage, rules, actions, left_out, unjudged, frameworks }
    }
}

impl Counted {
    fn of(effect: Effect) -> Self {
        Self { effect, errors: 0, warnings: 0, actions: 0, examples: Vec::new() }
    }

    fn by_rule(self, rule: &'static str, controls: &Controls) -> ByRule {
        let Self { effect, errors, warnings, actions, examples } = self;
        let (means, controls) = (means(rule), controls.of(rule));
        ByRule { rule, means, effect, findings: errors.saturating_add(warnings), actions, examples, controls }
    }
}

/// What a rule finds, as the list of rules says it.
fn means(rule: &str) -> String {
    let lines: Vec<&str> =
        RULES.iter().filter(|known| known.slug == rule).map(|known| known.summary).collect();
    lines.join("; or ")
}

fn count(number: &mut u64) {
    *number = number.saturating_add(1);
}
