//! Figures, and how they are printed: a table for people, one JSON object for programs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::stats::Spread;
use crate::targets::{Bound, GOALS, Row, find};

/// Name of the JSON form.
pub const REPORT_SCHEMA: &str = "writ.bench/1";

/// Everything that one run measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// [`REPORT_SCHEMA`].
    pub schema: String,
    /// The commit that it was built from, with `-dirty` where files differ, if known.
    pub commit: Option<String>,
    /// What it was measured on.
    pub machine: Machine,
    /// What it was measured with.
    pub corpus: CorpusFacts,
    /// How much of everything, and how, in words of the command line.
    pub options: serde_json::Value,
    /// What is held against a target, in the order of the table of targets.
    pub results: Vec<Held>,
    /// Everything else that was measured, and what the results were made of.
    pub figures: Vec<Figure>,
}

/// What the corpus is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CorpusFacts {
    /// The seed.
    pub seed: u64,
    /// Statements in the sample that the digest covers.
    pub statements: usize,
    /// Their mean length, in bytes.
    pub mean_bytes: usize,
    /// BLAKE3 over their bytes, in hex.
    pub digest: String,
}

/// One figure: the median of several rounds, and their spread.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// What was done.
    pub of: String,
    /// What was measured of it.
    pub name: String,
    /// In what.
    pub unit: String,
    /// The measurements.
    #[serde(flatten)]
    pub spread: Spread,
}

/// A row of the table of targets, as it was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Held {
    /// Which.
    pub row: Row,
    /// What was measured.
    pub what: String,
    /// In what; empty for a ratio.
    pub unit: String,
    /// The measurements.
    #[serde(flatten)]
    pub spread: Spread,
    /// What must be reached.
    pub target: Bound,
    /// Whether the median does.
    pub met: bool,
    /// What is hoped for besides.
    pub aim: Option<Bound>,
    /// Whether the median reaches that.
    pub aim_met: Option<bool>,
}

impl Report {
    /// Adds a figure.
    pub fn figure(&mut self, of: impl Into<String>, name: &str, unit: &str, measurements: &[f64]) {
        let spread = Spread::of(measurements);
        self.figures.push(Figure { of: of.into(), name: name.into(), unit: unit.into(), spread });
    }

    /// Holds measurements against their row of the table.
    pub fn hold(&mut self, row: Row, measurements: &[f64]) {
        let Some(goal) = find(row) else { return };
        let spread = Spread::of(measurements);
        self.results.push(Held {
            row,
            what: goal.what.into(),
            unit: goal.unit.into(),
            spread,
            target: goal.target,
            met: goal.target.holds(spread.median),
            aim: goal.aim,
            aim_met: goal.aim.map(|aim| aim.holds(spread.median)),
        });
        let place = |held: &Held| GOALS.iter().position(|goal| goal.row == held.row);
        self.results.sort_by_key(place);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CorpusFacts { seed, statements, mean_bytes, digest } = &self.corpus;
        writeln!(f, "commit   {}", self.commit.as_deref().unwrap_or("not known"))?;
        writeln!(f, "machine  {}", self.machine)?;
        writeln!(f, "corpus   seed {seed}, {statements} statements, mean {mean_bytes} B, blake3 {digest}")?;
        let mut of = "";
        for figure in &self.figures {
            if figure.of != of {
                of = &figure.of;
                writeln!(f, "\n{of:<60} {:>10} {:>10} {:>10}  unit (rounds)", "median", "least", "most")?;
            }
            let Figure { name, unit, spread, .. } = figure;
            let [median, min, max] = [spread.median, spread.min, spread.max].map(number);
            writeln!(f, "  {name:<58} {median:>10} {min:>10} {max:>10}  {unit} ({})", spread.count)?;
        }
        writeln!(f, "\n{:<60} {:>10} {:>10} {:>10}  target", "target", "median", "least", "most")?;
        for Held { what, unit, spread, target, met, aim, aim_met, .. } in &self.results {
            let [median, min, max] = [spread.median, spread.min, spread.max].map(number);
            let word = match (met, aim_met) {
                (false, _) => "MISSED",
                (true, Some(true)) => "met, and its aim",
                (true, _) => "met",
            };
            let aim = aim.map_or_else(String::new, |aim| format!(", aim {aim}"));
            let bound = format!("{target}{}{unit}{aim}", if unit.is_empty() { "" } else { " " });
            writeln!(f, "{what:<60} {median:>10} {min:>10} {max:>10}  {bound}: {word}")?;
        }
        Ok(())
    }
}

/// Three places for small numbers, none for large ones.
pub fn number(value: f64) -> String {
    if value.abs() < 100.0 { format!("{value:.3}") } else { format!("{value:.0}") }
}
