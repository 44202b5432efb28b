//! One run: one log that grows from small to large, and at each size what is asked of it there.

mod answers;
mod posting;
mod whole;

use std::time::Instant;

use anyhow::{Context, Error, Result};
use schemas::envelope::Statement;
use serde_json::json;

use crate::blast;
use crate::ceiling::Ceiling;
use crate::corpus::{self, CHAIN_STATEMENTS, Corpus, PAIRS};
use crate::feed::Feed;
use crate::hot::Hot;
use crate::machine::{self, Machine};
use crate::memory::MemoryLog;
use crate::options::{Options, Part, Sizes};
use crate::report::{CorpusFacts, REPORT_SCHEMA, Report};
use crate::server::Server;
use crate::stats::mebibytes;
use crate::targets::Row;
use answers::Asked;

/// Entries that a log has at least before it is asked for anything.
const ENTRIES_MIN: u64 = CHAIN_STATEMENTS as u64 * 8;

/// What a run came to.
#[derive(Debug)]
pub struct Ended {
    /// What was measured.
    pub report: Report,
    /// Why the rest was not.
    pub failed: Option<Error>,
}

impl Ended {
    /// What was measured, where that is everything.
    pub fn whole(self) -> Result<Report> {
        self.failed.map_or(Ok(self.report), Err)
    }
}

/// Measures what the options ask for. What takes a quarter of an hour is not lost to what fails behind it.
pub fn run(options: &Options) -> Result<Ended> {
    let sizes = options.sizes();
    let corpus = Corpus::new(options.seed)?;
    let log = MemoryLog::new(&corpus, options.seed, Corpus::chains_for(sizes.verified))?;
    let statements = log.statements()?;
    let digest = corpus::digest(statements.iter().map(|statement| statement.envelope.bytes()));
    let mean_bytes = corpus::mean_length(&statements)?;
    let facts = CorpusFacts {
        seed: options.seed,
        statements: statements.len(),
        mean_bytes,
        digest: digest.to_string(),
    };
    let report = Report {
        schema: REPORT_SCHEMA.into(),
        commit: machine::commit(),
        machine: Machine::here(),
        corpus: facts,
        options: json!({
            "sizes": sizes, "batch": options.batch, "connections": options.connections,
            "cache_mib": options.cache, "only": options.only, "smoke": options.smoke,
        }),
        results: Vec::new(),
        figures: Vec::new(),
    };
    let ceiling = Ceiling::new(&statements, &log.keys)?;
    let server = Server::start(options.writd.as_deref(), options.cache, corpus.cast())?;
    let feed = Feed::new(&corpus, &server)?;
    let begun = Instant::now();
    let mut run = Run {
        options,
        sizes,
        log: &log,
        ceiling,
        feed,
        server: &server,
        report,
        begun,
        doing: String::new(),
    };
    let ended = run.signatures(&statements).and_then(|()| run.walk()).and_then(|()| run.stages());
    let failed = ended.with_context(|| format!("while at: {}", run.doing)).err();
    Ok(Ended { report: run.report, failed })
}

/// A run under way.
struct Run<'a> {
    options: &'a Options,
    sizes: Sizes,
    /// The corpus as a log in memory, and its keys.
    log: &'a MemoryLog,
    ceiling: Ceiling,
    feed: Feed<'a>,
    server: &'a Server,
    report: Report,
    begun: Instant,
    /// What was begun last.
    doing: String,
}

/// What was measured at one size, to be held beside another.
struct Stage {
    asked: Option<Asked>,
    /// The most memory that the server had on the way here, in bytes.
    peak: u64,
    /// The most that the programs had which read the whole log, in bytes.
    verify_peak: Option<u64>,
    fsck_peak: Option<u64>,
}

impl Run<'_> {
    fn stages(&mut self) -> Result<()> {
        use Part::{Append, Blast, Bundle, Disk, Fsck, Ingest, Judge, Latency, Memory, Start, Verify};
        if self.options.wants_any(&[Append, Ingest, Latency]) {
            self.grow(self.sizes.small)?;
        }
        let small =
            if self.options.wants(Append) { Some(self.batches(self.sizes.appended())?) } else { None };
        let medium = if self.options.wants_any(&[Bundle, Judge, Memory, Verify, Fsck]) {
            let medium = self.stage(self.sizes.medium, self.sizes.rounds)?;
            let kept = medium.asked.as_ref().map(|_| self.server.copied()).transpose()?;
            Some((medium, kept))
        } else {
            None
        };
        if self.options.wants_any(&[Ingest, Latency]) {
            self.post()?;
        }
        if let Some((medium, kept)) = medium {
            let large = self.stage(self.sizes.large, 1)?;
            self.compare(&medium, &large);
            if let (Some(kept), Some(few), Some(many)) = (&kept, &medium.asked, &large.asked) {
                self.ask_both(kept, few, many)?;
            }
        } else if self.options.wants_any(&[Append, Blast, Disk, Start]) {
            self.grow(self.sizes.large)?;
        }
        if let Some(small) = small {
            self.append(&small)?;
        }
        if self.options.wants(Blast) {
            self.blast()?;
        }
        if self.options.wants(Start) {
            self.start()?;
        }
        if self.options.wants(Disk) {
            self.disk()?;
        }
        Ok(())
    }

    /// What posting comes to: in batches, one by one, and at a rate.
    fn post(&mut self) -> Result<()> {
        use Part::{Ingest, Latency};
        if self.options.wants(Ingest) {
            let batches = self.batches(self.sizes.posted)?;
            self.report.hold(Row::IngestBatches, &batches.quotients());
        }
        if self.options.wants_any(&[Ingest, Latency]) {
            let singles = self.singles()?;
            if self.options.wants(Ingest) {
                self.report.hold(Row::IngestSingles, &singles.quotients());
            }
            if self.options.wants(Latency) {
                self.latency(&singles)?;
            }
        }
        Ok(())
    }

    /// Everything that is held beside the same at another size.
    fn stage(&mut self, size: u64, rounds: usize) -> Result<Stage> {
        use Part::{Bundle, Fsck, Judge, Verify};
        self.server.forget_peak()?;
        self.grow(size)?;
        let asked = if self.options.wants_any(&[Bundle, Judge]) { Some(self.ask()?) } else { None };
        let peak = asked.as_ref().map_or_else(|| self.server.peak_bytes(), |asked| Ok(asked.peak))?;
        self.report.figure(self.at("server"), "most memory", "MiB", &[mebibytes(peak)]);
        let verify_peak = if self.options.wants(Verify) { Some(self.verify_log(rounds)?) } else { None };
        let fsck_peak = if self.options.wants(Fsck) { Some(self.fsck(rounds)?) } else { None };
        Ok(Stage { asked, peak, verify_peak, fsck_peak })
    }

    /// Signatures by tables of keys beside `verify_strict`, together and one by one, in turn.
    fn signatures(&mut self, statements: &[Statement]) -> Result<()> {
        if !self.options.wants(Part::Signatures) {
            return Ok(());
        }
        self.say("signatures");
        let hot = Hot::new(statements, &self.log.keys)?;
        let (mut bounds, mut together, mut alone) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.sizes.rounds {
            bounds.push(self.ceiling.round()?);
            together.push(hot.together()?);
            alone.push(hot.one_by_one()?);
        }
        let of = format!("signatures by tables, {} keys in turn", self.log.keys.len());
        let by_bound = |rates: &[f64]| -> Vec<f64> {
            rates.iter().zip(&bounds).map(|(rate, bound)| rate / bound).collect()
        };
        self.report.figure(of.clone(), "R: verify_strict alone, all cores", "statements/s", &bounds);
        for (name, rates) in [("together", &together), ("one by one", &alone)] {
            self.report.figure(of.clone(), name, "statements/s", rates);
            self.report.figure(of.clone(), &format!("{name} / R"), "", &by_bound(rates));
        }
        Ok(())
    }

    fn compare(&mut self, medium: &Stage, large: &Stage) {
        let flat = |medium: u64, large: u64| [large as f64 / medium as f64];
        if self.options.wants(Part::Memory) {
            self.report.hold(Row::ServerMemory, &[mebibytes(large.peak)]);
            self.report.hold(Row::ServerMemoryFlat, &flat(medium.peak, large.peak));
        }
        if let (Some(few), Some(many)) = (medium.verify_peak, large.verify_peak) {
            self.report.hold(Row::VerifyMemory, &flat(few, many));
        }
        if let (Some(few), Some(many)) = (medium.fsck_peak, large.fsck_peak) {
            self.report.hold(Row::FsckMemory, &flat(few, many));
        }
    }

    /// Appends until the log has at least so many entries, and lets the server put its files in order.
    fn grow(&mut self, size: u64) -> Result<()> {
        let size = size.max(ENTRIES_MIN);
        self.say(format_args!("growing to {size} entries"));
        let (from, begun) = (self.feed.size(), Instant::now());
        self.feed.grow(size)?;
        let seconds = begun.elapsed().as_secs_f64();
        let settled = self.server.settle()?;
        let of = self.at("growing");
        self.report.figure(of.clone(), "entries", "", &[(self.feed.size() - from) as f64]);
        self.report.figure(of.clone(), "time, the making of statements included", "s", &[seconds]);
        self.report.figure(of, "until the server is idle after it", "s", &[settled]);
        Ok(())
    }

    /// How far one human reached in the large log, as it runs and after a restart.
    fn blast(&mut self) -> Result<()> {
        self.say("blast");
        let human = self.feed.fan(self.sizes.reached.div_ceil(PAIRS as u64))?;
        let running = blast::measure(self.server, &human, self.sizes.rounds)?;
        self.server.restart()?;
        let restarted = blast::measure(self.server, &human, self.sizes.rounds)?;
        let of = self.at(&format!("blast of {} actions", running.actions));
        self.report.figure(of.clone(), "answer", "ms", &running.times);
        self.report.figure(of.clone(), "answer after a restart", "ms", &restarted.times);
        self.report.figure(of, "statements looked at", "", &[running.examined as f64]);
        self.report.hold(Row::Blast, &running.times);
        Ok(())
    }

    /// Words for something done at the size that the log has.
    fn at(&self, what: &str) -> String {
        format!("{what}, {} entries", self.feed.size())
    }

    /// What is being done, for who waits.
    fn say(&mut self, what: impl std::fmt::Display) {
        self.doing = what.to_string();
        eprintln!("{:>5.0} s  {what}", self.begun.elapsed().as_secs_f64());
    }
}
