use std::fmt::Write as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;
use schemas::note::Note;
use schemas::time::Time;
use serde::Serialize;
use verifier::checkpoint::{CheckpointVerifyError, VerifiedHead, verify_checkpoint};
use verifier::log::{LogFinding, LogVerifier, Placed, Prepared};

use super::coverage::{Coverage, Gap};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::heads::Since;
use crate::moment;
use crate::output::{Mark, printable};
use crate::recompute::{self, Checkpoint};
use crate::trust::Trust;

/// Most findings that are kept; beyond it they are only counted.
const FINDINGS_MAX: usize = 1_000;
/// Most findings and gaps that the text names.
const SHOWN: usize = 20;

/// Check every signature, key, role, link, leaf and the signed root
///
/// Reads every entry. Says what was checked and what was not, which span the log covers, and which numbers of an emitter's
/// sequence never arrived: the log is then intact, but incomplete (12).
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ verify log --trust trust.policy")]
pub(crate) struct Args {}

/// `writ verify log --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    ok: bool,
    origin: String,
    log: String,
    size: u64,
    root: String,
    checks: Vec<Check>,
    findings: Vec<LogFinding>,
    findings_total: u64,
    coverage: CoverageDocument,
    exit: u8,
}

#[derive(Serialize)]
struct CoverageDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<u64>,
    streams: usize,
    conflicts: u64,
    unknown: u64,
    gaps: Vec<Gap>,
}

/// One thing that was checked, or why not.
#[derive(Serialize)]
struct Check {
    name: &'static str,
    status: CheckStatus,
    detail: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum CheckStatus {
    Holds,
    Broken,
    Skipped,
}

pub(crate) fn run(_args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (trust, exit) = context.trust_or_said();
    let client = context.client()?;
    let Checkpoint { note, head, trust, exit: believed } = recompute::checkpoint(context, &client, trust.as_ref())?;
    let mut exit = exit.worse(believed);
    let mut walk = Walk::new(context, head.size());
    recompute::read_all(&client, head.size(), |portion| {
        walk.take(&portion);
        Ok(())
    })?;
    walk.progress.finish_and_clear();
    let mut checks = vec![signature_check(trust, &head), witness_check(trust, &note)];
    match trust {
        Some(trust) => match context.heads()?.advance(trust, &client, &note, &head) {
            Ok(since) => checks.push(consistency_check(since, &head)),
            Err(failure) => {
                exit = exit.worse(failure.exit);
                context.output.failure_text(&failure);
                checks.push(check("consistency", CheckStatus::Broken, failure.what));
            }
        },
        None => checks.push(check("consistency", CheckStatus::Skipped, "nothing is pinned".into())),
    }
    checks.push(walk.genesis_check(trust));
    checks.push(walk.root_check(&head));
    checks.push(walk.entries_check());
    let document = walk.document(&head, checks, exit, trust);
    if context.output.json {
        context.output.document(&document)?;
    } else {
        context.output.text(&text(&document))?;
    }
    Ok(Exit::ALL.into_iter().find(|exit| exit.code() == document.exit).unwrap_or(Exit::Error))
}

/// The state of reading a log from its beginning.
struct Walk {
    verifier: LogVerifier,
    coverage: Coverage,
    findings: Vec<LogFinding>,
    findings_total: u64,
    unknown: u64,
    first: Option<Time>,
    progress: ProgressBar,
}

impl Walk {
    fn new(context: &Context, size: u64) -> Self {
        let progress = ProgressBar::new(size);
        if !context.output.draws_progress() {
            progress.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = "  {wide_bar} {human_pos}/{human_len}  {per_sec}  ETA {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            progress.set_style(style);
        }
        Self {
            verifier: LogVerifier::new(),
            coverage: Coverage::default(),
            findings: Vec::new(),
            findings_total: 0,
            unknown: 0,
            first: None,
            progress,
        }
    }

    fn take(&mut self, portion: &[Vec<u8>]) {
        let prepared: Vec<Prepared> = portion.par_iter().map(|entry| Prepared::new(entry)).collect();
        let mut placed: Vec<Placed> = Vec::with_capacity(prepared.len());
        for prepared in prepared {
            if let Some(statement) = prepared.statement() {
                self.coverage.add(statement);
            }
            placed.push(self.verifier.place(prepared));
            self.first = self.first.or(self.verifier.time());
        }
        self.unknown += placed.iter().filter(|placed| placed.unknown).count() as u64;
        let found: Vec<LogFinding> = placed.into_par_iter().filter_map(Placed::check).collect();
        self.findings_total += found.len() as u64;
        let room = FINDINGS_MAX.saturating_sub(self.findings.len());
        self.findings.extend(found.into_iter().take(room));
        self.progress.inc(portion.len() as u64);
    }

    fn log(&self) -> String {
        self.verifier.registry().map(|registry| registry.log().to_hex()).unwrap_or_default()
    }

    fn genesis_check(&self, trust: Option<&Trust>) -> Check {
        let got = self.log();
        match trust.and_then(|trust| trust.policy().genesis()) {
            None => check("genesis", CheckStatus::Skipped, "not pinned: registrars are as named by the log".into()),
            Some(pinned) if pinned.to_hex() == got => check("genesis", CheckStatus::Holds, format!("{got} (pinned)")),
            Some(pinned) => check("genesis", CheckStatus::Broken, format!("the log is {got}, pinned is {pinned}")),
        }
    }

    fn root_check(&self, head: &VerifiedHead) -> Check {
        let (got, expected) = (self.verifier.root(), head.root());
        if got == expected && self.verifier.size() == head.size() {
            return check("merkle-root", CheckStatus::Holds, format!("recomputed {got} = checkpoint"));
        }
        check("merkle-root", CheckStatus::Broken, format!("recomputed {got}, the checkpoint says {expected}"))
    }

    fn entries_check(&self) -> Check {
        let size = self.verifier.size();
        let sound = size - self.findings_total.min(size);
        let status = if self.findings_total == 0 { CheckStatus::Holds } else { CheckStatus::Broken };
        check("entries", status, format!("{sound}/{size} with sound link, key, role and signature"))
    }

    fn document(self, head: &VerifiedHead, checks: Vec<Check>, exit: Exit, trust: Option<&Trust>) -> Document {
        let gaps = self.coverage.gaps();
        let broken = |check: &Check| check.status == CheckStatus::Broken && check.name != "genesis" && check.name != "consistency";
        let mut exit = exit;
        if checks.iter().any(|check| check.name == "genesis" && check.status == CheckStatus::Broken) {
            exit = exit.worse(Exit::Untrusted);
        }
        if checks.iter().any(|check| check.name == "witnesses" && check.status == CheckStatus::Broken) {
            exit = exit.worse(Exit::Untrusted);
        }
        if checks.iter().any(|check| broken(check) && check.name != "witnesses") {
            exit = exit.worse(Exit::Tampered);
        }
        if !gaps.is_empty() || self.unknown > 0 {
            exit = exit.worse(Exit::Indeterminate);
        }
        if trust.is_none() {
            exit = exit.worse(Exit::Untrusted);
        }
        Document {
            schema: "writ.verify-log/1",
            ok: exit == Exit::Ok,
            origin: head.origin().to_string(),
            log: self.log(),
            size: head.size(),
            root: head.root().to_hex(),
            checks,
            findings: self.findings,
            findings_total: self.findings_total,
            coverage: CoverageDocument {
                from: self.first.map(|time| time.0),
                to: self.verifier.time().map(|time| time.0),
                streams: self.coverage.streams(),
                conflicts: self.coverage.conflicts(),
                unknown: self.unknown,
                gaps,
            },
            exit: exit.code(),
        }
    }
}

fn signature_check(trust: Option<&Trust>, head: &VerifiedHead) -> Check {
    let key = format!("{}+{}", head.key().name(), head.key().id());
    let detail = match trust {
        Some(trust) => format!("key {key} (pinned in {})", trust.path().display()),
        None => format!("key {key} (as named by the log's own genesis)"),
    };
    check("checkpoint-signature", CheckStatus::Holds, detail)
}

fn witness_check(trust: Option<&Trust>, note: &Note) -> Check {
    let Some(trust) = trust.filter(|trust| trust.policy().needs_witnesses()) else {
        return check("witnesses", CheckStatus::Skipped, "the trust file asks for none".into());
    };
    match verify_checkpoint(note, trust.policy()) {
        Ok(checkpoint) => check("witnesses", CheckStatus::Holds, format!("quorum {} met", checkpoint.quorum())),
        Err(error @ CheckpointVerifyError::QuorumNotMet { .. }) => check("witnesses", CheckStatus::Broken, error.to_string()),
        Err(error) => check("witnesses", CheckStatus::Broken, error.to_string()),
    }
}

fn consistency_check(since: Since, head: &VerifiedHead) -> Check {
    let size = head.size();
    match since {
        Since::First => check("consistency", CheckStatus::Skipped, "nothing was verified here before".into()),
        Since::Same => check("consistency", CheckStatus::Holds, format!("size {size} was verified before")),
        Since::Grown(before) => check("consistency", CheckStatus::Holds, format!("from size {before} (last verified) to {size}")),
        Since::Earlier(later) => {
            check("consistency", CheckStatus::Holds, format!("size {later} (last verified) goes on from this one, {size}"))
        }
    }
}

fn check(name: &'static str, status: CheckStatus, detail: String) -> Check {
    Check { name, status, detail }
}

fn text(document: &Document) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}  size {}  root {}", printable(&document.origin), document.size, document.root);
    text.push_str("Checks performed\n");
    for check in &document.checks {
        let mark = match check.status {
            CheckStatus::Holds => Mark::Good,
            CheckStatus::Broken => Mark::Bad,
            CheckStatus::Skipped => Mark::Skipped,
        };
        let word = match check.status {
            CheckStatus::Holds => "holds  ",
            CheckStatus::Broken => "BROKEN ",
            CheckStatus::Skipped => "skipped",
        };
        let _ = writeln!(text, "  {}  {:<21} {}", mark.word(word), check.name, printable(&check.detail));
    }
    for finding in document.findings.iter().take(SHOWN) {
        let _ = writeln!(text, "  {}  {} {}", Mark::Bad.word("BROKEN "), finding.index, finding.code);
        let _ = writeln!(text, "      {}", printable(&finding.detail));
    }
    if document.findings_total > SHOWN as u64 {
        let _ = writeln!(text, "      …and {} more", document.findings_total - SHOWN as u64);
    }
    text.push_str(&coverage_text(&document.coverage));
    let (mark, word) = match document.exit {
        0 => (Mark::Good, "INTACT and complete"),
        10 => (Mark::Bad, "TAMPERED: this is not what was logged"),
        15 => (Mark::Bad, "ROLLBACK: the log shows less than before"),
        13 => (Mark::Warning, "CONSISTENT in itself; the log is not the pinned one, or nothing is pinned"),
        _ => (Mark::Missing, "INCOMPLETE: the log is intact; statements are missing or unknown"),
    };
    let _ = writeln!(text, "{}   exit {}", mark.word(word), document.exit);
    text
}

fn coverage_text(coverage: &CoverageDocument) -> String {
    let time = |time: Option<u64>| time.map_or_else(|| "-".into(), |time| moment::show(Time(time)));
    let mut text = format!(
        "Coverage {} → {}   streams {}   sequence gaps {}\n",
        time(coverage.from),
        time(coverage.to),
        coverage.streams,
        coverage.gaps.len()
    );
    for gap in coverage.gaps.iter().take(SHOWN) {
        let count = gap.last - gap.first + 1;
        let which = format!("{} numbers {} to {} of stream {}", printable(&gap.iss), gap.first, gap.last, gap.stream);
        let _ = writeln!(text, "  {}  {which}: {count} never arrived", Mark::Missing.word("gap"));
    }
    if coverage.conflicts > 0 {
        let _ = writeln!(text, "  {}  {} numbers are carried by two statements", Mark::Warning.word("conflict"), coverage.conflicts);
    }
    if coverage.unknown > 0 {
        let _ = writeln!(text, "  {}  {} entries are of a form that this program does not know", Mark::Missing.word("unknown"), coverage.unknown);
    }
    text
}
