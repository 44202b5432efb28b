//! One run: the parts that were asked for, in order.

use anyhow::Result;
use schemas::ids::StatementId;

use crate::blast;
use crate::bundles::{self, Measured};
use crate::ceiling::Ceiling;
use crate::corpus::{self, CHAIN_STATEMENTS, Corpus, PAIRS};
use crate::feed::Feed;
use crate::ingest::{self, Posted};
use crate::machine::Machine;
use crate::memory::MemoryLog;
use crate::options::{Options, Part, Sizes};
use crate::report::{CorpusFacts, REPORT_SCHEMA, Report, Target};
use crate::server::Server;
use crate::stats::{Spread, percentile, sorted};
use crate::verify;

/// Full verification over the ceiling: at least this.
const VERIFY_RATIO_MIN: f64 = 0.8;

/// Ingest over the ceiling: at least this.
const INGEST_RATIO_MIN: f64 = 0.5;

/// Time for an answer in the large log over that in the small one: at most this.
const GROWTH_RATIO_MAX: f64 = 1.5;

/// Time for a blast radius of ten thousand actions, in milliseconds: at most this.
const BLAST_MILLIS_MAX: f64 = 150.0;

const CEILING: &str = "ceiling: verify_strict, all cores";

/// Measures what the options ask for.
pub fn run(options: &Options) -> Result<Report> {
    let sizes = options.sizes();
    let corpus = Corpus::new(options.seed)?;
    let log = MemoryLog::new(&corpus, options.seed, Corpus::chains_for(sizes.verified))?;
    let mut report = Report {
        schema: REPORT_SCHEMA,
        machine: Machine::here(),
        corpus: facts(options.seed, &log)?,
        figures: Vec::new(),
        ratios: Vec::new(),
    };
    if options.wants(Part::Verify) {
        verification(&log, &sizes, &mut report)?;
    }
    let asks = options.wants(Part::Bundle) || options.wants(Part::Judge);
    if asks || options.wants(Part::Ingest) || options.wants(Part::Blast) {
        let server = Server::start(options.writd.as_deref(), corpus.cast())?;
        let mut serving =
            Serving { options, sizes, keys: &log, feed: Feed::new(&corpus, &server)?, server: &server };
        let small = if asks { Some(serving.ask(sizes.small)?) } else { None };
        if options.wants(Part::Ingest) {
            serving.ingest(&mut report)?;
        }
        if let Some(small) = small {
            let large = serving.ask(sizes.large)?;
            answers(options, &small, &large, sizes.rounds, &mut report);
        }
        if options.wants(Part::Blast) {
            serving.blast(&mut report)?;
        }
    }
    Ok(report)
}

fn facts(seed: u64, log: &MemoryLog) -> Result<CorpusFacts> {
    let statements = log.statements()?;
    let digest = corpus::digest(statements.iter().map(|statement| statement.envelope.bytes()));
    let mean_bytes = corpus::mean_length(&statements)?;
    Ok(CorpusFacts { seed, statements: statements.len(), mean_bytes, digest: digest.to_string() })
}

/// Ceiling and verification take turns, so that what else the machine does hits both.
fn verification(log: &MemoryLog, sizes: &Sizes, report: &mut Report) -> Result<()> {
    let ceiling = Ceiling::new(&log.statements()?, &log.keys)?;
    let (mut bounds, mut verified, mut quotients) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..sizes.rounds {
        let bound = ceiling.round()?;
        let got = verify::round(log)?;
        bounds.push(bound);
        verified.push(got);
        quotients.push(got / bound);
    }
    report.figure(CEILING, "statements/s", &bounds);
    report.figure("full verification", "statements/s", &verified);
    report.ratio("full verification / ceiling", &quotients, Target::AtLeast(VERIFY_RATIO_MIN));
    Ok(())
}

/// A server, and what it is fed with.
struct Serving<'a> {
    options: &'a Options,
    sizes: Sizes,
    keys: &'a MemoryLog,
    feed: Feed<'a>,
    server: &'a Server,
}

/// One way of posting, over all rounds.
#[derive(Default)]
struct Rounds {
    bounds: Vec<f64>,
    rates: Vec<f64>,
    quotients: Vec<f64>,
    megabytes: Vec<f64>,
    median: Vec<f64>,
    p99: Vec<f64>,
    cpu: Vec<f64>,
    busy: usize,
}

impl Serving<'_> {
    fn ingest(&mut self, report: &mut Report) -> Result<()> {
        let (batch, connections) = (self.options.batch, self.options.connections);
        let batches = self.rounds(self.sizes.posted, batch, connections)?;
        report.figure(format!("{CEILING}, as posted"), "statements/s", &batches.bounds);
        let name = format!("ingest, {connections} connections x {batch}");
        batches.tell(&name, report);
        report.ratio(format!("{name} / ceiling"), &batches.quotients, Target::AtLeast(INGEST_RATIO_MIN));
        let connections = self.sizes.single_connections;
        let singles = self.rounds(self.sizes.posted_singly, 1, connections)?;
        singles.tell(&format!("ingest, {connections} connections x 1"), report);
        Ok(())
    }

    /// Each round posts new statements, right after the ceiling was measured on the same bytes.
    fn rounds(&mut self, statements: u64, batch: usize, connections: usize) -> Result<Rounds> {
        let mut rounds = Rounds::default();
        for _ in 0..self.sizes.rounds {
            let made = self.feed.make(statements)?;
            let bound = Ceiling::new(&made, &self.keys.keys)?.round()?;
            let requests = ingest::requests(&made, batch);
            let bytes: usize = made.iter().map(|statement| statement.envelope.bytes().len()).sum();
            let before = self.server.cpu_seconds()?;
            let posted = self.feed.post(&requests, made.len(), connections)?;
            let cpu = self.server.cpu_seconds()? - before;
            rounds.add(bound, made.len(), bytes, &posted, cpu);
        }
        Ok(rounds)
    }

    /// How far one human reached in the large log, as it runs and after a restart.
    fn blast(&mut self, report: &mut Report) -> Result<()> {
        self.feed.grow(self.sizes.large)?;
        let human = self.feed.fan(self.sizes.reached.div_ceil(PAIRS as u64))?;
        let running = blast::measure(self.server, &human, self.sizes.rounds)?;
        self.server.restart()?;
        let restarted = blast::measure(self.server, &human, self.sizes.rounds)?;
        let (name, size) = (format!("blast of {} actions", running.actions), running.size);
        report.figure(format!("{name} at {size} entries"), "ms", &running.times);
        report.figure("  statements looked at", "statements", &[running.examined as f64]);
        report.figure(format!("{name} after a restart"), "ms", &restarted.times);
        let quotients: Vec<f64> = running.times.iter().map(|time| time / BLAST_MILLIS_MAX).collect();
        report.ratio(format!("{name} / {BLAST_MILLIS_MAX} ms"), &quotients, Target::AtMost(1.0));
        Ok(())
    }

    /// Bundles and judgements once the log has this many entries.
    fn ask(&mut self, size: u64) -> Result<Asked> {
        self.feed.grow(size.max(CHAIN_STATEMENTS as u64 * 8))?;
        let subjects = self.feed.actions(self.sizes.bundles);
        let running = self.measure(&subjects)?;
        // Nothing is in its memory any more.
        self.server.restart()?;
        Ok(Asked { running, restarted: self.measure(&subjects)? })
    }

    fn measure(&self, subjects: &[StatementId]) -> Result<Measured> {
        // The first questions open the connection, and files.
        bundles::measure(self.server, subjects.get(..subjects.len().min(10)).unwrap_or_default())?;
        bundles::measure(self.server, subjects)
    }
}

/// What the same questions cost in a log of one size.
struct Asked {
    /// Of a server that has just taken the entries in.
    running: Measured,
    /// Of one that was started anew and has read none of them.
    restarted: Measured,
}

impl Rounds {
    fn add(&mut self, bound: f64, statements: usize, bytes: usize, posted: &Posted, cpu: f64) {
        let seconds = posted.elapsed.as_secs_f64();
        let rate = statements as f64 / seconds;
        let latencies = sorted(&posted.latencies);
        self.bounds.push(bound);
        self.rates.push(rate);
        self.quotients.push(rate / bound);
        self.megabytes.push(bytes as f64 / seconds / 1e6);
        self.median.push(percentile(&latencies, 50));
        self.p99.push(percentile(&latencies, 99));
        self.cpu.push(cpu * 1e6 / statements as f64);
        self.busy += posted.busy;
    }

    fn tell(&self, name: &str, report: &mut Report) {
        report.figure(name, "statements/s", &self.rates);
        report.figure("  bytes of statements", "MB/s", &self.megabytes);
        report.figure("  answer, median", "ms", &self.median);
        report.figure("  answer, p99", "ms", &self.p99);
        report.figure("  server's processor time", "us/statement", &self.cpu);
        if self.busy > 0 {
            report.figure("  told to come back", "answers", &[self.busy as f64]);
        }
    }
}

fn answers(options: &Options, small: &Asked, large: &Asked, rounds: usize, report: &mut Report) {
    let (few, many) = (&small.running, &large.running);
    let mut compare = |name: &str,
                       times: fn(&Measured) -> &[f64],
                       few: &Measured,
                       many: &Measured,
                       target| {
        for asked in [few, many] {
            report.figure(format!("{name} at {} entries", asked.size), "ms", &medians(times(asked), rounds));
            report.figure("  p99", "ms", &[percentile(&sorted(times(asked)), 99)]);
        }
        let quotients = medians(times(many), rounds).into_iter().zip(medians(times(few), rounds));
        let quotients: Vec<f64> = quotients.map(|(many, few)| many / few).collect();
        if let Some(target) = target {
            report.ratio(format!("{name}, large log / small log"), &quotients, target);
        }
    };
    let target = Some(Target::AtMost(GROWTH_RATIO_MAX));
    if options.wants(Part::Bundle) {
        compare("bundle route", |asked| &asked.fetched, few, many, target);
        compare("proof route", |asked| &asked.proved, few, many, target);
        compare("search, first page", |asked| &asked.searched, few, many, target);
        let (few, many) = (&small.restarted, &large.restarted);
        compare("bundle route after a restart", |asked| &asked.fetched, few, many, None);
    }
    if options.wants(Part::Judge) {
        compare("check and judge", |asked| &asked.judged, few, many, target);
    }
    if options.wants(Part::Bundle) {
        for asked in [few, many] {
            let name = format!("empty request at {} entries", asked.size);
            report.figure(name, "ms", &medians(&asked.empty, rounds));
            let name = format!("bundle at {} entries", asked.size);
            report.figure(name, "bytes", &[Spread::of(&asked.bytes).median]);
        }
    }
}

/// The median of each of so many parts.
fn medians(times: &[f64], parts: usize) -> Vec<f64> {
    let together = times.len().div_ceil(parts.max(1)).max(1);
    times.chunks(together).map(|part| Spread::of(part).median).collect()
}
