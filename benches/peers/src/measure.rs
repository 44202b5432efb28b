//! How figures are taken and told.

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

/// How much of everything.
pub struct Plan {
    pub rounds: usize,
    pub seconds: Duration,
}

/// What one peer came to.
#[derive(Serialize)]
pub struct Told {
    pub schema: &'static str,
    pub peer: &'static str,
    pub version: String,
    /// How it was set up, in words.
    pub settings: String,
    pub measured: Vec<Measured>,
}

/// One way of appending.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Way {
    /// Connections that append at the same time.
    pub clients: usize,
    /// Statements that are made durable together.
    pub batch: usize,
    /// Whether each signature is checked first.
    pub checked: bool,
}

#[derive(Serialize)]
pub struct Measured {
    #[serde(flatten)]
    pub way: Way,
    /// Whether an append is synced to disk before it is answered.
    pub durable: bool,
    /// Statements a second, of each round.
    pub rates: Vec<f64>,
}

impl Plan {
    /// Rounds of one way; a round says how many statements it stored, and in what time.
    pub fn measure(
        &self,
        way: Way,
        mut round: impl FnMut(Duration) -> Result<(usize, Duration)>,
    ) -> Result<Measured> {
        let mut rates = Vec::new();
        for _ in 0..self.rounds {
            let (stored, took) = round(self.seconds)?;
            rates.push(stored as f64 / took.as_secs_f64());
        }
        eprintln!("{way:?}: {rates:.0?}");
        Ok(Measured { way, durable: true, rates })
    }
}
