//! What an answer costs: fetching a proof or a bundle, checking and judging it, and the first page of a search.

use std::time::Instant;

use anyhow::{Result, ensure};
use schemas::ids::StatementId;
use schemas::trust::TrustPolicy;
use verifier::bundle;
use verifier::judge::judge;
use verifier::profile::Profile;
use verifier::verdict::Outcome;

use crate::http::{Answer, Connection, get};
use crate::server::Server;
use crate::stats::millis;

/// What is searched for in turn: nearly half of the log by two conditions, and what one agent took part in.
const SEARCHES: [&str; 2] = [
    "/v1/statements?action=payments:refund&kind=decision",
    "/v1/statements?q=principal:agent:payer/000001+kind:action",
];

/// Times of one size of the log, in milliseconds, one for each subject.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Entries in the log.
    pub size: u64,
    /// A request that asks for nothing.
    pub empty: Vec<f64>,
    /// A proof that the subject is in the log.
    pub proved: Vec<f64>,
    /// The first page of two searches in turn, one that finds much and one that finds little.
    pub searched: Vec<f64>,
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
    for (number, subject) in subjects.iter().enumerate() {
        measured.empty.push(timed(&mut connection, "/livez")?.0);
        // Any entry: those of the subjects lie close together.
        let at = u64::from_be_bytes(*subject.as_bytes().first_chunk().unwrap_or(&[0; 8])) % measured.size;
        let proof = format!("/v1/proofs/inclusion?index={at}&size={}", measured.size);
        measured.proved.push(timed(&mut connection, &proof)?.0);
        let search = SEARCHES.get(number % SEARCHES.len()).copied().unwrap_or_default();
        measured.searched.push(timed(&mut connection, search)?.0);
        let (fetched, answer) = timed(&mut connection, &format!("/v1/bundles?subject={subject}"))?;
        measured.fetched.push(fetched);
        measured.bytes.push(answer.body.len() as f64);
        let begun = Instant::now();
        is_authorized(answer.body, &server.trust)?;
        measured.judged.push(millis(begun.elapsed()));
    }
    Ok(measured)
}

/// How long an answer takes, in milliseconds, and the answer.
fn timed<'c>(connection: &'c mut Connection, path: &str) -> Result<(f64, Answer<'c>)> {
    let request = get(path);
    let begun = Instant::now();
    let answer = connection.exchange(&request)?;
    let took = millis(begun.elapsed());
    ensure!(answer.status == 200, "{path}: status {}", answer.status);
    Ok((took, answer))
}

fn is_authorized(bytes: &[u8], trust: &TrustPolicy) -> Result<()> {
    let checked = bundle::check(bytes, trust)?;
    let verdict = judge(&checked.subject, &checked.evidence, &Profile::standard())?;
    let holds = verdict.outcome == Outcome::Authorized && verdict.hops.len() == crate::corpus::HOPS;
    ensure!(holds, "{}: {:?}, {:?}", checked.subject, verdict.outcome, verdict.findings);
    Ok(())
}
