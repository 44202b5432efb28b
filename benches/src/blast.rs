//! What it costs to learn how far somebody reached.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use schemas::text::PrincipalId;
use serde_json::Value;

use crate::http::{Connection, get};
use crate::server::Server;
use crate::stats::millis;

/// Answers to one question, one a round.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Entries in the log.
    pub size: u64,
    /// Actions that the answer counts.
    pub actions: u64,
    /// Statements that were looked at for it.
    pub examined: u64,
    /// Times, in milliseconds.
    pub times: Vec<f64>,
}

/// Asks how far a principal reached, so many times.
pub fn measure(server: &Server, of: &PrincipalId, rounds: usize) -> Result<Measured> {
    let mut connection = Connection::open(server.address())?;
    let request = get(&format!("/v1/blast?of={of}"));
    let mut measured = Measured { size: server.head()?.size, actions: 0, examined: 0, times: Vec::new() };
    for _ in 0..rounds {
        let begun = Instant::now();
        let answer = connection.exchange(&request)?;
        measured.times.push(millis(begun.elapsed()));
        ensure!(answer.status == 200, "blast of {of}: status {}", answer.status);
        let answer: Value = serde_json::from_slice(answer.body)?;
        ensure!(answer["complete"] == true, "blast of {of} was cut: {}", answer["examined"]);
        measured.actions = answer["total"]["actions"].as_u64().context("no count of actions")?;
        measured.examined = answer["examined"].as_u64().context("no count of statements")?;
    }
    Ok(measured)
}
