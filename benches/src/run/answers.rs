//! What is asked of the log at two sizes.

use anyhow::Result;
use schemas::ids::StatementId;

use super::Run;
use crate::bundles::{self, Measured};
use crate::options::{Options, Part};
use crate::report::Report;
use crate::stats::{Spread, percentile, sorted};
use crate::targets::Row;

/// Questions that open the connection, and files.
const WARM_UP: usize = 10;

/// What the same questions cost in a log of one size.
pub(super) struct Asked {
    /// Of a server that has just taken the entries in.
    running: Measured,
    /// Of one that was started anew and has read none of them.
    restarted: Measured,
    /// The same once more, when the system has none of the files in its cache.
    cold: Measured,
    /// The most memory that the first had, in bytes.
    pub(super) peak: u64,
}

impl Run<'_> {
    /// Bundles and judgements of the log as it is. What the system keeps of files that were not read for a minute differs between
    /// systems, so it is brought about: all of them, and at last none.
    pub(super) fn ask(&mut self) -> Result<Asked> {
        self.say("bundles, proofs, searches");
        let subjects = self.feed.actions(self.sizes.bundles);
        self.server.read_files()?;
        let running = self.measure(&subjects)?;
        let peak = self.server.peak_bytes()?;
        self.server.restart()?;
        let restarted = self.measure(&subjects)?;
        self.server.restart()?;
        self.server.forget_files()?;
        Ok(Asked { running, restarted, cold: self.measure(&subjects)?, peak })
    }

    fn measure(&self, subjects: &[StatementId]) -> Result<Measured> {
        bundles::measure(self.server, subjects.get(..subjects.len().min(WARM_UP)).unwrap_or_default())?;
        bundles::measure(self.server, subjects)
    }
}

/// Holds the large log's answers beside the medium one's.
pub(super) fn compare(options: &Options, few: &Asked, many: &Asked, rounds: usize, report: &mut Report) {
    let mut beside = |name: &str, row: Option<Row>, times: fn(&Asked) -> &[f64]| {
        for asked in [few, many] {
            let of = format!("{name}, {} entries", asked.running.size);
            report.figure(of.clone(), "median", "ms", &medians(times(asked), rounds));
            report.figure(of, "p99", "ms", &[percentile(&sorted(times(asked)), 99)]);
        }
        let quotients = medians(times(many), rounds).into_iter().zip(medians(times(few), rounds));
        let quotients: Vec<f64> = quotients.map(|(many, few)| many / few).collect();
        match row {
            Some(row) => report.hold(row, &quotients),
            None => report.figure(name, "large log / medium log", "", &quotients),
        }
    };
    if options.wants(Part::Bundle) {
        beside("bundle", Some(Row::Bundle), |asked| &asked.running.fetched);
        beside("proof", Some(Row::Proof), |asked| &asked.running.proved);
        beside("search, first page", Some(Row::Search), |asked| &asked.running.searched);
        beside("bundle after a restart", None, |asked| &asked.restarted.fetched);
        beside("bundle, files not in the system's cache", None, |asked| &asked.cold.fetched);
        beside("proof, files not in the system's cache", None, |asked| &asked.cold.proved);
        beside("empty request", None, |asked| &asked.running.empty);
    }
    if options.wants(Part::Judge) {
        beside("check and judge a bundle", Some(Row::Judge), |asked| &asked.running.judged);
    }
    for asked in [few, many] {
        let of = format!("bundle, {} entries", asked.running.size);
        report.figure(of, "bytes", "", &[Spread::of(&asked.running.bytes).median]);
    }
}

/// The median of each of so many parts.
fn medians(times: &[f64], parts: usize) -> Vec<f64> {
    let together = times.len().div_ceil(parts.max(1)).max(1);
    times.chunks(together).map(|part| Spread::of(part).median).collect()
}
