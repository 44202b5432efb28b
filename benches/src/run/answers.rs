//! What is asked of the log at two sizes.

use anyhow::Result;
use schemas::ids::StatementId;

use super::Run;
use crate::bundles::{self, Measured};
use crate::held::Held;
use crate::options::{Options, Part};
use crate::report::Report;
use crate::server::Server;
use crate::stats::{Spread, mebibytes, percentile, sorted};
use crate::targets::Row;

/// Of so many subjects one is asked about beforehand: that opens connections and files, and brings what all look at into memory.
const WARM_UP: usize = 5;

/// Of so many subjects one is asked about where logs are asked apart: nothing is held against a target there.
const APART: usize = 3;

/// What questions cost in a log of one size.
pub(super) struct Asked {
    /// What they were about.
    subjects: Vec<StatementId>,
    /// Of a server that has just taken the entries in.
    running: Measured,
    /// Of one that was started anew, when the system has none of the files in its cache.
    cold: Measured,
    /// The most memory that the first had, in bytes.
    pub(super) peak: u64,
}

impl Run<'_> {
    /// Bundles and judgements of the log as it is. What the system keeps of files that were not read for a minute differs between
    /// systems, so it is brought about: all of them, and then none.
    pub(super) fn ask(&mut self) -> Result<Asked> {
        self.say("bundles, proofs, searches");
        let subjects = self.feed.actions(self.sizes.bundles);
        let apart: Vec<StatementId> = subjects.iter().step_by(APART).copied().collect();
        self.server.read_files()?;
        let running = self.measure(&apart)?;
        let peak = self.server.peak_bytes()?;
        self.server.restart()?;
        self.server.forget_files()?;
        let cold = self.measure(&apart)?;
        Ok(Asked { subjects, running, cold, peak })
    }

    fn measure(&self, subjects: &[StatementId]) -> Result<Measured> {
        let (before, asked) = split(subjects);
        bundles::measure(self.server, &before)?;
        bundles::measure(self.server, &asked)
    }

    /// The same of a log that was kept and of the one that has grown since, in turn, and holds one beside the other. Both are
    /// started anew, with all files in the system's cache: held there where that is allowed, for some systems begin at once to empty it.
    pub(super) fn ask_both(&mut self, kept: &Server, few: &Asked, many: &Asked) -> Result<()> {
        self.say("bundles, proofs, searches of both logs in turn");
        kept.serve()?;
        self.server.restart()?;
        let servers = [kept, self.server];
        for server in servers {
            server.settle()?;
        }
        let ((few_before, few_asked), (many_before, many_asked)) =
            (split(&few.subjects), split(&many.subjects));
        let held = [kept.hold_files()?, self.server.hold_files()?];
        let bytes: u64 = held.iter().map(Held::bytes).sum();
        self.report.figure(
            "both logs in turn",
            "files held in the system's cache",
            "MiB",
            &[mebibytes(bytes)],
        );
        bundles::measure_in_turn(servers, [&few_before, &many_before])?;
        let mut in_turn = <[Measured; 2]>::default();
        let part = few_asked.len().div_ceil(self.sizes.rounds.max(1)).max(1);
        for (of_few, of_many) in few_asked.chunks(part).zip(many_asked.chunks(part)) {
            let more = bundles::measure_in_turn(servers, [of_few, of_many])?;
            in_turn.iter_mut().zip(more).for_each(|(all, more)| all.add(more));
        }
        compare(self.options, &in_turn, [few, many], self.sizes.rounds, &mut self.report);
        Ok(())
    }
}

/// Those that are asked about beforehand, and all others.
fn split(subjects: &[StatementId]) -> (Vec<StatementId>, Vec<StatementId>) {
    let (before, asked): (Vec<_>, Vec<_>) =
        subjects.iter().enumerate().partition(|(number, _)| number % WARM_UP == 0);
    let ids = |subjects: Vec<(usize, &StatementId)>| subjects.into_iter().map(|(_, id)| *id).collect();
    (ids(before), ids(asked))
}

/// Holds the large log's answers beside the medium one's: those in turn against what is aimed at.
fn compare(
    options: &Options,
    in_turn: &[Measured; 2],
    apart: [&Asked; 2],
    rounds: usize,
    report: &mut Report,
) {
    let sizes = in_turn.each_ref().map(|measured| measured.size);
    let of =
        |times: fn(&Measured) -> &Vec<f64>| in_turn.each_ref().map(|measured| times(measured).as_slice());
    let mut beside = Beside { sizes, rounds, report };
    if options.wants(Part::Bundle) {
        let [few, many] = beside.held("bundle", Row::Bundle, of(|measured| &measured.fetched));
        beside.report.hold(Row::BundleP99Grown, &quotients(&many, &few));
        beside.report.hold(Row::BundleP99, &few);
        beside.held("proof", Row::Proof, of(|measured| &measured.proved));
        let [_, many] = beside.held("search, first page", Row::Search, of(|measured| &measured.searched));
        beside.report.hold(Row::SearchP99, &many);
        beside.told("empty request", of(|measured| &measured.empty));
        beside.told("bundle as the server ran", apart.map(|asked| asked.running.fetched.as_slice()));
        beside.told(
            "bundle, files not in the system's cache",
            apart.map(|asked| asked.cold.fetched.as_slice()),
        );
        beside
            .told("proof, files not in the system's cache", apart.map(|asked| asked.cold.proved.as_slice()));
    }
    if options.wants(Part::Judge) {
        let [_, many] = beside.held("check and judge a bundle", Row::Judge, of(|measured| &measured.judged));
        beside.report.hold(Row::JudgeP99, &many);
    }
    for measured in in_turn {
        let of = format!("bundle, {} entries", measured.size);
        report.figure(of, "bytes", "", &[Spread::of(&measured.bytes).median]);
    }
}

/// Two logs of these sizes, one beside the other.
struct Beside<'r> {
    sizes: [u64; 2],
    rounds: usize,
    report: &'r mut Report,
}

impl Beside<'_> {
    /// Tells times of both, and holds the quotients of their medians. Gives the slowest but one in a hundred of each round.
    fn held(&mut self, name: &str, row: Row, times: [&[f64]; 2]) -> [Vec<f64>; 2] {
        let ([few, many], slowest) = self.tell(name, times);
        self.report.hold(row, &quotients(&many, &few));
        slowest
    }

    /// Tells times of both, and the quotients of their medians.
    fn told(&mut self, name: &str, times: [&[f64]; 2]) {
        let ([few, many], _) = self.tell(name, times);
        self.report.figure(name, "large log / medium log", "", &quotients(&many, &few));
    }

    fn tell(&mut self, name: &str, times: [&[f64]; 2]) -> ([Vec<f64>; 2], [Vec<f64>; 2]) {
        let medians = times.map(|times| of_rounds(times, self.rounds, |times| Spread::of(times).median));
        let slowest =
            times.map(|times| of_rounds(times, self.rounds, |times| percentile(&sorted(times), 99)));
        for (size, (median, slowest)) in self.sizes.iter().zip(medians.iter().zip(&slowest)) {
            let of = format!("{name}, {size} entries");
            self.report.figure(of.clone(), "median", "ms", median);
            self.report.figure(of, "p99", "ms", slowest);
        }
        (medians, slowest)
    }
}

/// A figure of each of so many rounds.
fn of_rounds(times: &[f64], rounds: usize, figure: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let together = times.len().div_ceil(rounds.max(1)).max(1);
    times.chunks(together).map(figure).collect()
}

/// Round by round.
fn quotients(many: &[f64], few: &[f64]) -> Vec<f64> {
    many.iter().zip(few).map(|(many, few)| many / few).collect()
}
