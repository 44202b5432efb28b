use std::fmt::Write as _;
use std::path::PathBuf;

use schemas::bundle::Bundle;
use schemas::ids::{LogId, StatementId, TermId};
use schemas::limits::BUNDLE_BYTES_MAX;
use schemas::note::Note;
use schemas::omission::Omission;
use schemas::tree::TreeHash;
use serde::Serialize;
use verifier::bundle::{BundleRefusal, Claims, claims};
use verifier::checkpoint::VerifiedHead;
use verifier::omission::{CheckedOmission, OmissionRefusal, check, check_unpinned};

use crate::checks::{self, AgeLimit, Check, broken, holds, skipped};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::file;
use crate::mirror::Mirror;
use crate::omissions::Search;
use crate::output::{Mark, printable};
use crate::recompute::check_reaches;
use crate::render::{short, statement};
use crate::schema;
use crate::source::LogSource;
use crate::tiles::TileLog;
use crate::trust::Trust;

/// Most wrong answers that the text names.
const SHOWN: usize = 20;

/// Has the log's signed answer left something out?
///
/// Every bundle carries the log's signed word on what else there is. Given a bundle and the log, or a mirror of it, this reads
/// every entry that the word is about and names each that it leaves out or wrongly lists. With -o the first of them is kept as a
/// file that proves it to anybody: given that file, this checks it with no log, no server and no network.
///
/// Of a bundle it ends with 0 nothing is left out, 10 something is and that is proved, 12 the log or mirror at hand does not
/// reach so far; of a proof with 0 it holds, 10 it proves nothing; and with 13 where nothing is pinned.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ verify omission incident.bundle --log http://127.0.0.1:8377 -o lie.omission
  writ verify omission incident.bundle --mirror DIR
  writ verify omission lie.omission --trust trust.policy        (no log, no server)")]
pub(crate) struct Args {
    /// A bundle, or the proof of an omission; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Read the entries from the tiles at this address: the log's server, or any web server with a mirror
    #[arg(long, value_name = "URL", conflicts_with = "mirror")]
    log: Option<String>,
    /// Read the entries from a mirror of the log (`writ mirror`)
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
    /// Where the proof goes, if something is left out
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

/// `writ verify omission --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    /// The log is the pinned one, and of a bundle: nothing is left out; of a proof: something is.
    ok: bool,
    origin: String,
    log: LogId,
    size: u64,
    root: TreeHash,
    checks: Vec<Check>,
    omissions: Vec<Row>,
    omissions_total: u64,
    /// Where the proof of the first went.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    exit: u8,
}

/// One wrong answer about one entry.
#[derive(Serialize)]
struct Row {
    fault: &'static str,
    term: TermId,
    index: u64,
    statement: StatementId,
    kind: &'static str,
    summary: String,
    /// Id of the assertion.
    assertion: StatementId,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let bytes = file::read(&args.file, BUNDLE_BYTES_MAX, "evidence-unreadable")?;
    if Omission::is_named(&bytes) {
        let (trust, exit) = context.trust_or_said();
        return say(context, check_file(context, &bytes, trust.as_ref(), exit)?);
    }
    if args.log.is_none() && args.mirror.is_none() {
        let what = "the log's word can only be held against the log itself, or a mirror of it";
        return Err(Failure::usage("no-log", what).next("--log URL or --mirror DIR"));
    }
    let (trust, exit) = context.trust_or_said();
    let mut found = match (&args.log, &args.mirror) {
        (_, Some(folder)) => {
            let (mirror, from) = (Mirror::new(folder), format!("the mirror in {}", folder.display()));
            let at = mirror.latest()?;
            let path = |index, size| at.inclusion(index, size);
            search(context, &bytes, trust.as_ref(), exit, (&at, at.size(), &from), &path)?
        }
        (url, None) => {
            let client = context.client_of(url.as_deref().unwrap_or_default())?;
            let (tiles, from) = (TileLog::latest(&client)?, format!("the tiles of {}", client.server()));
            let path = |index, size| tiles.inclusion(index, size);
            search(context, &bytes, trust.as_ref(), exit, (&tiles, tiles.size(), &from), &path)?
        }
    };
    if let (Some(output), Some(proof)) = (&args.output, &found.proof) {
        file::write(output, proof, args.force, "omission-unwritable")?;
        found.document.file = Some(output.display().to_string());
    }
    say(context, found)
}

/// What was found, as a document, and the proof of it.
struct Outcome {
    document: Document,
    proof: Option<Vec<u8>>,
    exit: Exit,
}

/// Checks a proof that was kept.
fn check_file(
    context: &Context,
    bytes: &[u8],
    trust: Option<&Trust>,
    exit: Exit,
) -> Result<Outcome, Failure> {
    let refused = |e: OmissionRefusal| {
        let what = format!("the file proves no omission: {e}");
        Failure::new(e.code(), what).exit(Exit::Tampered).next("a fresh copy of it from whoever found it")
    };
    let (checked, believed, exit) = match trust.map(|trust| (trust, check(bytes, trust.policy()))) {
        Some((trust, Ok(checked))) => (checked, Some(trust), exit),
        Some((trust, Err(refusal))) if refusal.is_about_trust() => {
            context.output.failure_text(&wrong_trust(trust, &refusal.to_string(), refusal.code()));
            (check_unpinned(bytes).map_err(refused)?, None, exit.worse(Exit::Untrusted))
        }
        Some((_, Err(refusal))) => return Err(refused(refusal)),
        None => (check_unpinned(bytes).map_err(refused)?, None, exit),
    };
    let entries = Omission::decode(bytes).map(|omission| omission.entries.len()).unwrap_or_default();
    let mut checks = vec![
        holds("file-digest", format!("{} bytes hash to their digest", bytes.len())),
        checks::signature(believed, &checked.head),
        checks::genesis(trust, Some(checked.log)),
        holds("inclusion", format!("{entries} of {entries} entries lead to root {}", checked.head.root())),
        holds("assertions", format!("{} is signed by the log, for that root", short(&checked.assertion))),
    ];
    if believed.is_none() {
        checks.push(skipped("log", "nothing is pinned: nobody says whose log it is"));
    }
    let exit = if believed.is_some() { exit } else { exit.worse(Exit::Untrusted) };
    let CheckedOmission { fault, term, index, statement, assertion, log, head } = checked;
    checks.push(broken("answer", format!("{} {index}", words(fault.as_str()))));
    let row = row(fault.as_str(), term, index.0, &statement, assertion);
    let document = document(&head, log, checks, (vec![row], 1), exit);
    Ok(Outcome { document, proof: None, exit })
}

/// Holds a bundle's assertions against every entry that they are about.
fn search(
    context: &Context,
    bytes: &[u8],
    trust: Option<&Trust>,
    exit: Exit,
    (log, shown, from): (&dyn LogSource, u64, &str),
    path: &dyn Fn(u64, u64) -> Result<Vec<TreeHash>, Failure>,
) -> Result<Outcome, Failure> {
    let tampered = |e: BundleRefusal| {
        Failure::new(e.code(), format!("the bundle does not hold: {e}")).exit(Exit::Tampered)
    };
    let (claims, believed, exit) = match trust.map(|trust| (trust, claims(bytes, Some(trust.policy())))) {
        Some((trust, Ok(claims))) => (claims, Some(trust), exit),
        Some((trust, Err(refusal))) if refusal.is_about_trust() => {
            context.output.failure_text(&wrong_trust(trust, &refusal.to_string(), refusal.code()));
            (verifier::bundle::claims(bytes, None).map_err(tampered)?, None, exit.worse(Exit::Untrusted))
        }
        Some((_, Err(refusal))) => return Err(tampered(refusal)),
        None => (claims(bytes, None).map_err(tampered)?, None, exit),
    };
    let bundle = Bundle::decode(bytes).map_err(|e| tampered(e.into()))?;
    let note = Note::parse(bundle.checkpoint.as_bytes()).map_err(|e| tampered(e.into()))?;
    let size = claims.head.size();
    check_reaches(shown, size, from)?;
    let found = Search::run(&claims, log, from)?;
    let (mut checks, signed) = checks::checkpoint(&note, trust, AgeLimit::default());
    checks.retain(|check| check.name != "freshness");
    checks.push(checks::genesis(trust, Some(claims.log)));
    checks.extend(search_checks(&claims, &found, from));
    let exit = end(exit.worse(signed), &found, &claims, believed.is_some());
    let rows = found
        .wrong
        .iter()
        .map(|wrong| row(wrong.fault.as_str(), wrong.term, wrong.index.0, &wrong.statement, wrong.assertion));
    let document = document(&claims.head, claims.log, checks, (rows.collect(), found.wrong_total), exit);
    let proof = found.omission(bundle, |index| path(index, size))?;
    // What is handed on was checked as whoever receives it will check it.
    if let Some(proof) = &proof {
        let held = believed.map_or_else(|| check_unpinned(proof), |trust| check(proof, trust.policy()));
        held.map_err(|e| Failure::new(e.code(), format!("the proof would not hold: {e}")))?;
    }
    Ok(Outcome { document, proof, exit })
}

fn search_checks(claims: &Claims, found: &Search, from: &str) -> Vec<Check> {
    let terms: usize = claims.answers.iter().map(|(_, answer)| answer.rows.len()).sum();
    let signed = format!("{} signed by the log, {terms} terms", claims.answers.len());
    let root =
        format!("all {} entries were read from {from} and add up to {}", found.read, claims.head.root());
    let answer = match found.wrong_total {
        0 if claims.answers.is_empty() => skipped("answer", "the log answered nothing"),
        0 if found.unknown > 0 => skipped(
            "answer",
            format!("{} entries are of a form that this program does not know", found.unknown),
        ),
        0 => holds("answer", "nothing is left out, nothing wrongly listed"),
        wrong => broken("answer", format!("wrong {wrong} times")),
    };
    vec![holds("assertions", signed), holds("merkle-root", root), answer]
}

fn end(exit: Exit, found: &Search, claims: &Claims, pinned: bool) -> Exit {
    let open = claims.answers.is_empty() || found.unknown > 0;
    match (pinned, found.wrong_total) {
        (false, _) => exit.worse(Exit::Untrusted),
        (true, 0) if open => exit.worse(Exit::Indeterminate),
        (true, 0) => exit,
        (true, _) => exit.worse(Exit::Tampered),
    }
}

fn wrong_trust(trust: &Trust, what: &str, code: &str) -> Failure {
    Failure::new(code, format!("{}: {what}", trust.path().display()))
        .exit(Exit::Untrusted)
        .next("the trust file of this log")
}

fn row(
    fault: &'static str,
    term: TermId,
    index: u64,
    said: &schemas::envelope::Statement,
    assertion: StatementId,
) -> Row {
    let summary = statement::summary(&said.payload, said.envelope.iss.as_str());
    let (statement, kind) = (said.id(), said.payload.kind.as_str());
    Row { fault, term, index, statement, kind, summary, assertion }
}

fn document(
    head: &VerifiedHead,
    log: LogId,
    checks: Vec<Check>,
    (omissions, omissions_total): (Vec<Row>, u64),
    exit: Exit,
) -> Document {
    Document {
        schema: schema::VERIFY_OMISSION,
        ok: exit == Exit::Ok,
        origin: head.origin().to_string(),
        log,
        size: head.size(),
        root: head.root(),
        checks,
        omissions,
        omissions_total,
        file: None,
        exit: exit.code(),
    }
}

fn say(context: &Context, outcome: Outcome) -> Result<Exit, Failure> {
    if context.output.json {
        context.output.document(&outcome.document)?;
    } else {
        context.output.text(&text(&outcome.document, outcome.proof.is_some()))?;
    }
    Ok(outcome.exit)
}

fn words(fault: &str) -> String {
    fault.replace('-', " ")
}

fn text(document: &Document, has_proof: bool) -> String {
    let (mark, word) = match (document.exit, document.omissions_total) {
        (0, 0) => (Mark::Good, "NOTHING LEFT OUT: the log's answer is true"),
        (0 | 10, 1..) => (Mark::Bad, "OMISSION PROVED: the log signed an answer that is false"),
        (12, _) => (Mark::Missing, "NOT SHOWN: the answer cannot be held against all entries"),
        (_, 0) => {
            (Mark::Warning, "CONSISTENT in itself; the log is not the pinned one, or nothing is pinned")
        }
        _ => (Mark::Warning, "FALSE in itself; the log is not the pinned one, or nothing is pinned"),
    };
    let mut text = format!("{}   exit {}\n", mark.word(word), document.exit);
    for row in document.omissions.iter().take(SHOWN) {
        let (fault, index, id) = (words(row.fault), row.index, short(&row.statement));
        let summary = printable(&row.summary);
        let _ = writeln!(text, "  {fault:<14} #{index} {} {id}  {summary}", row.kind);
        let _ = writeln!(text, "                 by assertion {}, term {}", short(&row.assertion), row.term);
    }
    if document.omissions_total > SHOWN as u64 {
        let _ = writeln!(text, "  …and {} more", document.omissions_total - SHOWN as u64);
    }
    let (origin, size, root) = (printable(&document.origin), document.size, document.root);
    let _ = writeln!(text, "As of    {origin} size {size} root {root}");
    text.push_str("Checks\n");
    text.push_str(&checks::lines(&document.checks));
    match &document.file {
        Some(file) => {
            let file = printable(file);
            let _ = writeln!(text, "wrote {file}, which proves the first of them to anybody");
            let _ =
                writeln!(text, "Next: writ verify omission {file} --trust FILE        (no log, no server)");
        }
        None if has_proof => text.push_str("Next: the same with -o FILE, which keeps the proof\n"),
        None if document.omissions_total > 0 => {
            text.push_str("Next: keep the file; hand it to whoever relies on this log\n");
        }
        None => {}
    }
    text
}

#[cfg(test)]
mod tests;
