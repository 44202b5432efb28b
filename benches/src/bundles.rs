//! What an answer costs: fetching a bundle, and checking and judging it.

use std::time::Instant;

use anyhow::{Result, ensure};
use schemas::ids::StatementId;
use schemas::trust::TrustPolicy;
use verifier::bundle;
use verifier::judge::judge;
use verifier::profile::Profile;
use verifier::verdict::Outcome;

use crate::http::{Connection, get};
use crate::server::Server;
use crate::stats::millis;

/// Times of one size of the log, in milliseconds, one for each subject.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Entries in the log.
    pub size: u64,
    /// A request that asks for nothing.
    pub empty: Vec<f64>,
    /// A bundle.
    pub fetched: Vec<f64>,
    /// Checking and judging it.
    pub judged: Vec<f64>,
    /// Length of each bundle, in bytes.
    pub bytes: Vec<f64>,
}

/// Fetches and judges the bundle of every subject.
pub fn measure(server: &Server, subjects: &[StatementId]) -> Result<Measured> {
    let mut connection = Connection::open(server.address())?;
    let mut measured = Measured { size: server.head()?.size, ..Measured::default() };
    let livez = get("/livez");
    for subject in subjects {
        let begun = Instant::now();
        ensure!(connection.exchange(&livez)?.status == 200, "the server is not alive");
        measured.empty.push(millis(begun.elapsed()));
        let request = get(&format!("/v1/bundles?subject={subject}"));
        let begun = Instant::now();
        let answer = connection.exchange(&request)?;
        measured.fetched.push(millis(begun.elapsed()));
        ensure!(answer.status == 200, "bundle of {subject}: status {}", answer.status);
        measured.bytes.push(answer.body.len() as f64);
        let begun = Instant::now();
        is_authorized(answer.body, &server.trust)?;
        measured.judged.push(millis(begun.elapsed()));
    }
    Ok(measured)
}

fn is_authorized(bytes: &[u8], trust: &TrustPolicy) -> Result<()> {
    let checked = bundle::check(bytes, trust)?;
    let verdict = judge(&checked.subject, &checked.evidence, &Profile::standard())?;
    let holds = verdict.outcome == Outcome::Authorized && verdict.hops.len() == crate::corpus::HOPS;
    ensure!(holds, "{}: {:?}, {:?}", checked.subject, verdict.outcome, verdict.findings);
    Ok(())
}
