//! What judging many actions came to, for an auditor: counts, findings by rule and by control, and every action that is not
//! authorized.

mod controls;
mod frameworks;
mod html;
mod sarif;
mod tally;
mod text;

use std::fmt;

use questions::kept::AsOf;
use schemas::ids::StatementId;
use schemas::payload::Payload;
use schemas::time::{Index, Time};
use serde::Serialize;
use verifier::verdict::{Effect, Finding, Outcome, Verdict, VerdictHop};

use crate::Unwritten;
use frameworks::ByFramework;
use questions::who::facts::headline;
pub use tally::Tally;

/// Name of the JSON form.
pub const REPORT_SCHEMA: &str = "writ.report/1";

/// Most actions that a report lists one by one; all are counted.
pub const LISTED_MAX: usize = 1_000;

/// Most examples of a rule's findings.
const EXAMPLES_MAX: usize = 5;

/// A form to write a report in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Format {
    /// For a terminal
    Text,
    /// One file to read and print
    Html,
    /// For programs
    Json,
    /// SARIF 2.1.0, for tools that show findings
    Sarif,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Html => "HTML",
            Self::Json => "JSON",
            Self::Sarif => "SARIF",
        })
    }
}

/// What was asked, and how far the answer goes.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// Which actions, as asked.
    pub query: String,
    /// The profile that was named; without one each action's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// What was searched.
    pub as_of: AsOf,
    /// Where the evidence came from: `server` or `mirror`; `own` where the log's server judged its own log.
    pub evidence: &'static str,
    /// Whether the log's key is pinned.
    pub pinned: bool,
    /// Whether every action that fits was judged.
    pub complete: bool,
    /// When the report was made.
    pub made: Time,
}

/// A report. Its JSON form is `writ.report/1`.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    schema: &'static str,
    #[serde(flatten)]
    about: About,
    verdicts: Verdicts,
    coverage: Coverage,
    /// Findings by rule, worst first and then in the order of the rules.
    rules: Vec<ByRule>,
    /// Actions that are not authorized or indeterminate, in the log's order: at most [`LISTED_MAX`].
    actions: Vec<Action>,
    /// How many more there are.
    left_out: u64,
    /// Actions without a verdict.
    unjudged: Vec<Unjudged>,
    /// Findings by control.
    frameworks: Vec<ByFramework>,
}

/// Numbers of actions.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Verdicts {
    actions: u64,
    authorized: u64,
    not_authorized: u64,
    indeterminate: u64,
    unjudged: u64,
}

/// Of how many judged actions it is known who is behind them.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Coverage {
    /// Judged.
    judged: u64,
    /// A root principal is known, and no finding speaks against it.
    attributed: u64,
    /// A decision on the action itself is there.
    decided: u64,
    /// Somebody answers for the actor.
    owned: u64,
    /// Every reference resolved.
    complete: u64,
}

/// What one rule found.
#[derive(Clone, Debug, Serialize)]
struct ByRule {
    rule: &'static str,
    /// What it finds.
    means: String,
    /// The worst that its findings meant for an outcome.
    effect: Effect,
    /// How many findings.
    findings: u64,
    /// In how many actions.
    actions: u64,
    /// Some of those actions.
    examples: Vec<Example>,
    /// Controls that they bear on.
    controls: Vec<String>,
}

/// An action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Example {
    id: StatementId,
    index: Index,
}

/// An action that was not found authorized.
#[derive(Clone, Debug, Serialize)]
struct Action {
    id: StatementId,
    index: Index,
    /// As of when it was judged.
    moment: Time,
    /// What was done and by whom.
    what: String,
    outcome: Outcome,
    /// The root principal; empty where it is not known.
    principal: String,
    /// The first hop at which it went wrong; without one it did at the action itself, its decision or its evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    hop: Option<Hop>,
    findings: Vec<Finding>,
    profile: String,
}

/// A hop.
#[derive(Clone, Debug, Serialize)]
struct Hop {
    /// Counted from the root, from 1.
    number: usize,
    id: StatementId,
    index: Index,
    delegator: String,
    delegatee: String,
}

/// An action that could not be judged.
#[derive(Clone, Debug, Serialize)]
pub struct Unjudged {
    /// Its id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// The refusal's stable name.
    pub code: String,
    /// Why, in a sentence.
    pub what: String,
}

impl Action {
    fn of(verdict: &Verdict, payload: Option<&Payload>, iss: &str) -> Self {
        let what = payload.map_or_else(
            || "a statement of a form that this program does not know".into(),
            |payload| headline(payload, iss),
        );
        let is_wrong = |hop: &VerdictHop| hop.findings.iter().any(|finding| finding.effect != Effect::None);
        let wrong = verdict.hops.iter().zip(1..).find(|(hop, _)| is_wrong(hop));
        let hop = wrong.map(|(hop, number)| Hop {
            number,
            id: hop.id,
            index: hop.index,
            delegator: hop.delegator.clone(),
            delegatee: hop.delegatee.clone(),
        });
        Self {
            id: verdict.subject.id,
            index: verdict.subject.index,
            moment: verdict.moment.at,
            what,
            outcome: verdict.outcome,
            principal: verdict.principal.clone(),
            hop,
            findings: verdict.findings.clone(),
            profile: format!("{} version {}", verdict.profile.name, verdict.profile.version),
        }
    }

    /// Where it went wrong, in words.
    fn at(&self) -> String {
        match &self.hop {
            Some(hop) => {
                format!("hop {}: {} to {} ({})", hop.number, hop.delegator, hop.delegatee, hop.index)
            }
            None => "the action itself, its decision or its evidence".into(),
        }
    }
}

impl Report {
    /// In a form.
    pub fn write(&self, format: Format) -> Result<String, Unwritten> {
        let unwritten = |e: serde_json::Error| Unwritten::new("report-unwritten", e.to_string());
        match format {
            Format::Text => Ok(text::text(self)),
            Format::Html => Ok(html::page(self)),
            Format::Json => Ok(serde_json::to_string_pretty(self).map_err(unwritten)? + "\n"),
            Format::Sarif => Ok(serde_json::to_string_pretty(&sarif::log(self)).map_err(unwritten)? + "\n"),
        }
    }
}

#[cfg(test)]
mod tests;
