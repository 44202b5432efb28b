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

impl Measured {
    /// Adds what was measured later of the same log.
    pub fn add(&mut self, more: Self) {
        self.size = more.size;
        self.empty.extend(more.empty);
        self.proved.extend(more.proved);
        self.searched.extend(more.searched);
        self.fetched.extend(more.fetched);
        self.judged.extend(more.judged);
        self.bytes.extend(more.bytes);
    }
}

/// Fetches and judges the bundle of every subject.
pub fn measure(server: &Server, subjects: &[StatementId]) -> Result<Measured> {
    let mut asker = Asker::of(server)?;
    subjects.iter().try_for_each(|subject| asker.ask(subject))?;
    Ok(asker.measured)
}

/// The same of two servers, in turn: a subject of the one, one of the other. Whatever else the machine does meanwhile, it does to both.
pub fn measure_in_turn(servers: [&Server; 2], subjects: [&[StatementId]; 2]) -> Result<[Measured; 2]> {
    let ([few, many], [of_few, of_many]) = (servers, subjects);
    let (mut few, mut many) = (Asker::of(few)?, Asker::of(many)?);
    for (of_few, of_many) in of_few.iter().zip(of_many) {
        few.ask(of_few)?;
        many.ask(of_many)?;
    }
    Ok([few.measured, many.measured])
}

/// Whoever asks a server.
struct Asker<'s> {
    server: &'s Server,
    connection: Connection,
    measured: Measured,
}

impl<'s> Asker<'s> {
    fn of(server: &'s Server) -> Result<Self> {
        let measured = Measured { size: server.head()?.size, ..Measured::default() };
        Ok(Self { server, connection: Connection::open(server.address())?, measured })
    }

    /// Asks for everything about one subject.
    fn ask(&mut self, subject: &StatementId) -> Result<()> {
        let Self { server, connection, measured } = self;
        measured.empty.push(timed(connection, "/livez")?.0);
        // Any entry.
        let at = u64::from_be_bytes(*subject.as_bytes().first_chunk().unwrap_or(&[0; 8])) % measured.size;
        let proof = format!("/v1/proofs/inclusion?index={at}&size={}", measured.size);
        measured.proved.push(timed(connection, &proof)?.0);
        let search = SEARCHES.get(measured.searched.len() % SEARCHES.len()).copied().unwrap_or_default();
        measured.searched.push(timed(connection, search)?.0);
        let (fetched, answer) = timed(connection, &format!("/v1/bundles?subject={subject}"))?;
        measured.fetched.push(fetched);
        measured.bytes.push(answer.body.len() as f64);
        let begun = Instant::now();
        is_authorized(answer.body, &server.trust)?;
        measured.judged.push(millis(begun.elapsed()));
        Ok(())
    }
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
