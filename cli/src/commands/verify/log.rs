use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use cli::walk::{FINDINGS_MAX, Walked, walk};
use indicatif::ProgressBar;
use schemas::ids::LogId;
use schemas::note::Note;
use verifier::checkpoint::VerifiedHead;
use verifier::log::Prepared;
use verifier::registry::Registry;

use super::report::{CoverageDocument, Document, text};
use super::resume::Resuming;
use super::state::{State, StateFile};
use crate::checks::{
    self, AgeLimit, Check, CheckStatus, Freshness, broken, check, holds, is_broken, skipped,
};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::mirror::Mirror;
use crate::recompute::{self, Checkpoint, read_all};
use crate::schema;
use crate::source::LogSource;
use crate::stop::Stop;
use crate::trust::Trust;

/// Entries after which the state file is brought up to date: some seconds of work.
const ENTRIES_BETWEEN_STATES: u64 = 1 << 18;

/// Check every signature, key, role, link, leaf and the signed root
///
/// Reads every entry. Says what was checked and what was not, which span the log covers, and which numbers of an emitter's
/// sequence never arrived: the log is then intact, but incomplete (12). With --state only what is new is read: that it goes on from what
/// was verified before is shown first, and an interrupted run leaves what it came to: Ctrl-C or SIGTERM ends it at the next entry bundle
/// (130), and the same command goes on there.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ verify log --trust trust.policy
  writ verify log --state example.org.state --trust trust.policy   (each night: only what is new)
  writ verify log --mirror DIR --trust trust.policy        (no server)")]
pub(crate) struct Args {
    /// Read the log from a mirror of it (`writ mirror`), not from its server
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
    /// Go on from what this file says was verified before, and keep in it how far the log was verified now
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[command(flatten)]
    freshness: Freshness,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let limit = args.freshness.limit()?;
    let state = args.state.as_deref().map(StateFile::new);
    let Some(folder) = &args.mirror else {
        return verify(&context.client()?, state.as_ref(), limit, context);
    };
    let mirror = Mirror::new(folder);
    verify(&mirror.latest()?, state.as_ref(), limit, context)
}

fn verify(
    log: &dyn LogSource,
    file: Option<&StateFile>,
    limit: AgeLimit,
    context: &Context,
) -> Result<Exit, Failure> {
    let (trust, exit) = context.trust_or_said();
    let before = file.map(StateFile::read).transpose()?.flatten();
    let Checkpoint { note, head, trust, exit: believed } =
        recompute::checkpoint(context, log, trust.as_ref())?;
    let mut exit = exit.worse(believed);
    let state = match before {
        Some((last, state)) => Resuming { context, log, trust }.resume((&last, state), (&note, &head))?,
        None => State::begin(),
    };
    let stop = Stop::listen(context.output, "stopping after the entries at hand")?;
    let mut walk = Walk::from(state);
    let progress = context.output.progress(head.size());
    progress.set_position(walk.resumed);
    progress.reset_eta();
    walk.through(log, head.size(), &progress, file.map(|file| (file, &note)), &stop)?;
    progress.finish_and_clear();
    if walk.state.size() < head.size() {
        return say(context, &walk.stopped((&note, &head), trust, limit, file));
    }
    let (mut checks, _) = checks::checkpoint(&note, trust, limit);
    checks::key_stands(&mut checks, walk.state.verifier.check_head(&head));
    checks.extend(file.map(|file| state_check(file, walk.resumed)));
    match trust {
        Some(trust) => match context.heads()?.advance(trust, log, &note, &head) {
            Ok(since) => checks.push(checks::consistency(since, head.size())),
            Err(failure) => {
                exit = exit.worse(failure.exit);
                context.output.failure_text(&failure);
                checks.push(broken("consistency", failure.what));
            }
        },
        None => checks.push(skipped("consistency", "nothing is pinned")),
    }
    checks.push(checks::genesis(trust, walk.log()));
    checks.push(walk.root_check(&head));
    checks.push(walk.entries_check());
    if let Some(file) = file.filter(|_| checks.iter().all(|check| check.status != CheckStatus::Broken)) {
        file.write(&note, &walk.state)?;
    }
    say(context, &walk.document(&head, checks, exit, trust))
}

fn say(context: &Context, document: &Document) -> Result<Exit, Failure> {
    if context.output.json {
        context.output.document(document)?;
    } else {
        context.output.text(&text(document))?;
    }
    Ok(Exit::ALL.into_iter().find(|exit| exit.code() == document.exit).unwrap_or(Exit::Error))
}

pub(super) fn state_check(file: &StateFile, resumed: u64) -> Check {
    let path = file.path().display();
    let detail = match resumed {
        0 => format!("{path}: nothing was verified before"),
        size => format!("{path}: the log goes on from size {size}, which was verified before"),
    };
    holds("state", detail)
}

/// What reading a log, from its beginning or from where an earlier run stopped, showed.
pub(super) struct Walk {
    pub(super) state: State,
    /// What is wrong with the entries of this run; an earlier one that found anything left no state.
    pub(super) walked: Walked,
    /// Entries that an earlier run verified.
    pub(super) resumed: u64,
}

impl Walk {
    fn from(state: State) -> Self {
        Self { resumed: state.size(), state, walked: Walked::default() }
    }

    /// Verifies the entries up to `size`, or fewer where an end is asked for. The file, if any, is told from time to time how far that
    /// came, and at such an end, so that an interrupted run is not for nothing.
    fn through(
        &mut self,
        log: &dyn LogSource,
        size: u64,
        progress: &ProgressBar,
        keep: Option<(&StateFile, &Note)>,
        stop: &Stop,
    ) -> Result<(), Failure> {
        while self.state.size() < size && !stop.asked() {
            let start = self.state.size();
            let end = if keep.is_some() { size.min(start + ENTRIES_BETWEEN_STATES) } else { size };
            read_all(log, start..end, |portions| {
                self.over(portions.take_while(|_| !stop.asked()), progress)
            })?;
            let got = start + 1..size;
            if let Some((file, note)) =
                keep.filter(|_| got.contains(&self.state.size()) && self.walked.findings_total == 0)
            {
                file.write(note, &self.state)?;
            }
        }
        Ok(())
    }

    fn over<E: Send>(
        &mut self,
        portions: impl Iterator<Item = Result<Vec<Vec<u8>>, E>> + Send,
        progress: &ProgressBar,
    ) -> Result<(), E> {
        let State { verifier, coverage, keys, first, unknown } = &mut self.state;
        let see = |entry: &Prepared| {
            *first = first.or(entry.time());
            keys.see(entry);
            if let Some(statement) = entry.statement() {
                coverage.add(statement);
            }
        };
        let workers = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let done = |count: usize| progress.inc(count as u64);
        let walked = walk(portions, verifier, see, done, workers)?;
        *unknown += walked.unknown;
        let room = FINDINGS_MAX.saturating_sub(self.walked.findings.len());
        self.walked.findings.extend(walked.findings.into_iter().take(room));
        self.walked.findings_total += walked.findings_total;
        Ok(())
    }

    pub(super) fn log(&self) -> Option<LogId> {
        self.state.verifier.registry().map(Registry::log)
    }

    fn root_check(&self, head: &VerifiedHead) -> Check {
        let (got, expected) = (self.state.verifier.root(), head.root());
        if got == expected && self.state.verifier.size() == head.size() {
            return holds("merkle-root", format!("recomputed {got} = checkpoint"));
        }
        broken("merkle-root", format!("recomputed {got}, the checkpoint says {expected}"))
    }

    pub(super) fn entries_check(&self) -> Check {
        let size = self.state.verifier.size();
        let sound = size - self.walked.findings_total.min(size);
        let status = if self.walked.findings_total == 0 { CheckStatus::Holds } else { CheckStatus::Broken };
        check("entries", status, format!("{sound}/{size} with sound link, key, role and signature"))
    }

    pub(super) fn document(
        self,
        head: &VerifiedHead,
        checks: Vec<Check>,
        exit: Exit,
        trust: Option<&Trust>,
    ) -> Document {
        let gaps = self.state.coverage.gaps();
        let broken = |check: &Check| {
            check.status == CheckStatus::Broken && check.name != "genesis" && check.name != "consistency"
        };
        let mut exit = exit;
        if is_broken(&checks, "genesis") || is_broken(&checks, "witnesses") {
            exit = exit.worse(Exit::Untrusted);
        }
        if checks.iter().any(|check| broken(check) && !["witnesses", "freshness"].contains(&check.name)) {
            exit = exit.worse(Exit::Tampered);
        }
        if !gaps.is_empty() || self.state.unknown > 0 || is_broken(&checks, "freshness") {
            exit = exit.worse(Exit::Indeterminate);
        }
        if trust.is_none() {
            exit = exit.worse(Exit::Untrusted);
        }
        Document {
            schema: schema::VERIFY_LOG,
            ok: exit == Exit::Ok,
            origin: head.origin().to_string(),
            log: self.log().map(|log| log.to_hex()).unwrap_or_default(),
            size: head.size(),
            root: head.root().to_hex(),
            checks,
            findings: self.walked.findings,
            findings_total: self.walked.findings_total,
            coverage: CoverageDocument {
                requested: head.size(),
                entries: self.state.size(),
                resumed: self.resumed,
                from: self.state.first.map(|time| time.0),
                to: self.state.verifier.time().map(|time| time.0),
                streams: self.state.coverage.streams(),
                conflicts: self.state.coverage.conflicts(),
                unknown: self.state.unknown,
                gaps,
            },
            stopped: None,
            exit: exit.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use verifier::log::LogVerifier;

    use super::*;
    use crate::heads::Since;
    use crate::schema::tests::assert_described;

    fn walked(entries: &[Vec<u8>]) -> Walk {
        let portions = entries.chunks(3).map(|portion| Ok::<_, Infallible>(portion.to_vec()));
        let mut walk = Walk::from(State::begin());
        walk.over(portions, &ProgressBar::hidden()).unwrap();
        walk
    }

    fn log() -> crate::testlog::TestLog {
        let mut log = crate::testlog::TestLog::new();
        for at in 1..4 {
            let statement = log.note_by_registrar(at, "more");
            log.append(&statement);
        }
        log
    }

    fn judged(log: &crate::testlog::TestLog, walk: Walk, trust: &Trust) -> Document {
        let head = log.verified(4);
        let checks = vec![
            checks::signature(Some(trust), &head),
            checks::witnesses(Some(trust), &head),
            checks::consistency(Since::Grown(2), head.size()),
            checks::genesis(Some(trust), walk.log()),
            walk.root_check(&head),
            walk.entries_check(),
        ];
        let document = walk.document(&head, checks, Exit::Ok, Some(trust));
        assert_described(&document);
        document
    }

    #[test]
    fn an_honest_log_is_intact() {
        let log = log();
        let document = judged(&log, walked(&log.entries), &log.trust());
        assert_eq!((document.ok, document.exit), (true, 0), "{}", text(&document));
    }

    #[test]
    fn a_changed_entry_is_tampered_whichever_byte_of_it() {
        let log = log();
        for at in (0..log.entries[2].len()).step_by(7) {
            let mut entries = log.entries.clone();
            entries[2][at] ^= 1;
            let document = judged(&log, walked(&entries), &log.trust());
            assert_eq!(document.exit, 10, "byte {at}");
            assert!(text(&document).contains("TAMPERED"));
        }
    }

    #[test]
    fn any_number_of_workers_finds_the_same() {
        let mut log = log();
        for at in 4..400 {
            let statement = log.note_by_registrar(at, "more");
            log.append(&statement);
        }
        let mut entries = log.entries.clone();
        for (at, byte) in [(70, 3), (71, 100), (200, 250), (390, 90)] {
            entries[at][byte] ^= 1;
        }
        let with = |workers: usize| {
            let (mut verifier, mut seen) = (LogVerifier::new(), 0);
            let portions = entries.chunks(50).map(|portion| Ok::<_, Infallible>(portion.to_vec()));
            let workers = NonZeroUsize::new(workers).unwrap();
            let walked = walk(portions, &mut verifier, |_| seen += 1, |_| {}, workers).unwrap();
            assert_eq!((verifier.size(), seen), (400, 400));
            assert_eq!(walked.findings_total, walked.findings.len() as u64);
            (walked.findings, verifier.root())
        };
        let alone = with(1);
        assert!(alone.0.len() >= 4, "{:?}", alone.0);
        for workers in [2, 3, 8] {
            assert_eq!(with(workers), alone, "{workers} workers");
        }
    }

    #[test]
    fn a_portion_that_does_not_come_ends_the_walk_with_its_error() {
        let log = log();
        let portions = [Ok(log.entries.clone()), Err("gone"), Ok(log.entries.clone())];
        let ended = Walk::from(State::begin()).over(portions.into_iter(), &ProgressBar::hidden());
        assert_eq!(ended, Err("gone"));
    }

    #[test]
    fn another_genesis_than_the_pinned_one_is_untrusted() {
        let log = log();
        let document = judged(&log, walked(&log.entries), &crate::testlog::TestLog::new().trust());
        assert_eq!(document.exit, 13);
    }

    #[test]
    fn a_missing_number_is_incomplete_and_named() {
        let log = log();
        let mut walk = walked(&log.entries);
        let mut statement = log.note_by_registrar(9, "x");
        statement.payload.stream = Some(schemas::ids::StreamId::new([1; 16]));
        statement.payload.seq = Some(2);
        walk.state.coverage.add(&statement);
        let document = judged(&log, walk, &log.trust());
        assert_eq!(document.exit, 12);
        assert!(text(&document).contains("numbers 0 to 1"), "{}", text(&document));
    }
}
