//! Programs that read the whole log, and the log at rest.

use anyhow::Result;

use super::Run;
use crate::machine::cores;
use crate::options::Part;
use crate::process::Ran;
use crate::programs;
use crate::stats::mebibytes;
use crate::targets::Row;
use crate::{ingest, verify};

/// Name of the mirror's folder, beside the log's.
const MIRROR: &str = "mirror";

/// Statements posted together before a stop, and connections that post.
const BATCH: usize = 1_024;
const CONNECTIONS: usize = 4;

impl Run<'_> {
    /// The walk that `writ verify log` makes, over the corpus in memory: what is left of a run's time without a disk.
    pub(super) fn walk(&mut self) -> Result<()> {
        if !self.options.wants(Part::Verify) {
            return Ok(());
        }
        let (mut bounds, mut rates, mut quotients) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.sizes.rounds {
            let (bound, rate) = (self.ceiling.round()?, verify::round(self.log)?);
            bounds.push(bound);
            rates.push(rate);
            quotients.push(rate / bound);
        }
        let of = "verifying a log in memory";
        self.report.figure(of, "R: verify_strict alone, all cores", "statements/s", &bounds);
        self.report.figure(of, "rate", "statements/s", &rates);
        self.report.figure(of, "rate / R", "", &quotients);
        Ok(())
    }

    /// `writ verify log`; the most memory that it had. Held against its target where it ran in rounds.
    pub(super) fn verify_log(&mut self, rounds: usize) -> Result<u64> {
        let folder = self.server.folder().join(MIRROR);
        self.say("writ mirror");
        let size = self.feed.size();
        let mirrored = programs::mirror(self.server, &folder)?;
        self.report.figure(self.at("writ mirror"), "time", "s", &[mirrored.seconds]);
        self.report.figure(self.at("writ mirror"), "most memory", "MiB", &[mebibytes(mirrored.peak_bytes)]);
        self.server.stop()?;
        let peak = self.read_whole("writ verify log", Row::VerifyLog, rounds, |run| {
            programs::verify(run.server, &folder, size)
        })?;
        self.server.serve()?;
        Ok(peak)
    }

    /// `writd fsck`; likewise.
    pub(super) fn fsck(&mut self, rounds: usize) -> Result<u64> {
        let size = self.feed.size();
        self.server.stop()?;
        let peak =
            self.read_whole("writd fsck", Row::Fsck, rounds, |run| programs::fsck(run.server, size))?;
        self.server.serve()?;
        Ok(peak)
    }

    fn read_whole(
        &mut self,
        name: &str,
        row: Row,
        rounds: usize,
        program: impl Fn(&Self) -> Result<Ran>,
    ) -> Result<u64> {
        let of = self.at(name);
        self.say(&of);
        let (mut bounds, mut runs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            bounds.push(self.ceiling.round()?);
            runs.push(program(self)?);
        }
        let entries = self.feed.size() as f64;
        let of_runs = |figure: fn(&Ran) -> f64| runs.iter().map(figure).collect::<Vec<f64>>();
        let rates: Vec<f64> = runs.iter().map(|ran| entries / ran.seconds).collect();
        let quotients: Vec<f64> = rates.iter().zip(&bounds).map(|(rate, bound)| rate / bound).collect();
        let cpu: Vec<f64> = runs.iter().map(|ran| ran.cpu_seconds * 1e6 / entries).collect();
        let busy: Vec<f64> =
            runs.iter().map(|ran| 100.0 * ran.cpu_seconds / (ran.seconds * cores() as f64)).collect();
        self.report.figure(of.clone(), "R: verify_strict alone, all cores", "statements/s", &bounds);
        self.report.figure(of.clone(), "time", "s", &of_runs(|ran| ran.seconds));
        self.report.figure(of.clone(), "rate", "entries/s", &rates);
        self.report.figure(of.clone(), "rate / R", "", &quotients);
        self.report.figure(of.clone(), "processor time", "us/entry", &cpu);
        self.report.figure(of.clone(), "share of all processor time", "%", &busy);
        self.report.figure(of, "most memory", "MiB", &of_runs(|ran| mebibytes(ran.peak_bytes)));
        if rounds == self.sizes.rounds {
            self.report.hold(row, &quotients);
        }
        Ok(runs.iter().map(|ran| ran.peak_bytes).max().unwrap_or_default())
    }

    /// From starting the program to its first answer, each time after a clean stop right behind an append.
    pub(super) fn start(&mut self) -> Result<()> {
        self.say("start");
        let mut times = Vec::new();
        for _ in 0..self.sizes.rounds {
            let made = self.feed.make(self.sizes.posted)?;
            self.feed.post(&made, &ingest::requests(&made, BATCH), CONNECTIONS)?;
            self.server.stop()?;
            times.push(programs::start(self.server)?);
        }
        self.report.figure(self.at("start"), "until the first answer", "s", &times);
        self.report.hold(Row::Start, &times);
        Ok(())
    }

    /// Bytes on disk of the log at rest, before and after its files are merged.
    pub(super) fn disk(&mut self) -> Result<()> {
        self.say("writd compact");
        self.server.stop()?;
        let before = programs::bytes_of(&self.server.data())?;
        let compacted = programs::compact(self.server)?;
        let after = programs::bytes_of(&self.server.data())?;
        self.server.serve()?;
        let (of, entries, statements) = (self.at("disk"), self.feed.size() as f64, self.feed.bytes() as f64);
        let mut tell = |name: &str, bytes: u64| {
            self.report.figure(of.clone(), name, "B/statement", &[bytes as f64 / entries]);
        };
        tell("statements", self.feed.bytes());
        tell("all files before compaction", before);
        tell("all files after it", after);
        compacted.columns.iter().for_each(|(column, bytes)| tell(&format!("of these: {column}"), *bytes));
        self.report.figure(of, "time that compaction took", "s", &[compacted.ran.seconds]);
        self.report.hold(Row::Disk, &[after as f64 / statements]);
        Ok(())
    }
}
