//! Figures, and how they are printed: a table for people, one JSON object for programs.

use std::fmt;

use serde::Serialize;

use crate::machine::Machine;
use crate::stats::Spread;

/// Name of the JSON form.
pub const REPORT_SCHEMA: &str = "writ.bench/1";

/// Everything that one run measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`REPORT_SCHEMA`].
    pub schema: &'static str,
    /// What it was measured on.
    pub machine: Machine,
    /// What it was measured with.
    pub corpus: CorpusFacts,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// What was measured beside what bounds it.
    pub ratios: Vec<Ratio>,
}

/// What the corpus is.
#[derive(Clone, Debug, Serialize)]
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
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// In what.
    pub unit: &'static str,
    /// The measurements.
    #[serde(flatten)]
    pub spread: Spread,
}

/// Two figures of the same run, one over the other.
#[derive(Clone, Debug, Serialize)]
pub struct Ratio {
    /// What over what.
    pub name: String,
    /// Their quotient in each round.
    #[serde(flatten)]
    pub spread: Spread,
    /// What is aimed at.
    pub target: Target,
    /// Whether the median reaches the target.
    pub met: bool,
}

/// What a ratio is held against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Not less.
    AtLeast(f64),
    /// Not more.
    AtMost(f64),
}

impl Ratio {
    /// A ratio and whether it is good enough.
    pub fn new(name: impl Into<String>, quotients: &[f64], target: Target) -> Self {
        let spread = Spread::of(quotients);
        let met = match target {
            Target::AtLeast(least) => spread.median >= least,
            Target::AtMost(most) => spread.median <= most,
        };
        Self { name: name.into(), spread, target, met }
    }
}

impl Report {
    /// Adds a figure.
    pub fn figure(&mut self, name: impl Into<String>, unit: &'static str, measurements: &[f64]) {
        self.figures.push(Figure { name: name.into(), unit, spread: Spread::of(measurements) });
    }

    /// Adds a ratio.
    pub fn ratio(&mut self, name: impl Into<String>, quotients: &[f64], target: Target) {
        self.ratios.push(Ratio::new(name, quotients, target));
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::AtMost(most) => write!(f, "≤ {most}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CorpusFacts { seed, statements, mean_bytes, digest } = &self.corpus;
        writeln!(f, "machine  {}", self.machine)?;
        writeln!(f, "corpus   seed {seed}, {statements} statements, mean {mean_bytes} B, blake3 {digest}")?;
        writeln!(f)?;
        writeln!(
            f,
            "{:<46} {:>12} {:>12} {:>12}  {:<13} {:>6}",
            "figure", "median", "min", "max", "unit", "rounds"
        )?;
        for Figure { name, unit, spread } in &self.figures {
            let [median, min, max] = [spread.median, spread.min, spread.max].map(number);
            writeln!(f, "{name:<46} {median:>12} {min:>12} {max:>12}  {unit:<13} {:>6}", spread.count)?;
        }
        writeln!(f)?;
        writeln!(f, "{:<46} {:>12} {:>12} {:>12}  {:<13} ", "ratio", "median", "min", "max", "target")?;
        for Ratio { name, spread, target, met } in &self.ratios {
            let [median, min, max] =
                [spread.median, spread.min, spread.max].map(|value| format!("{value:.3}"));
            let word = if *met { "met" } else { "missed" };
            writeln!(f, "{name:<46} {median:>12} {min:>12} {max:>12}  {:<13} {word:>6}", target.to_string())?;
        }
        Ok(())
    }
}

/// Three places for small numbers, none for large ones.
fn number(value: f64) -> String {
    if value.abs() < 100.0 { format!("{value:.3}") } else { format!("{value:.0}") }
}
