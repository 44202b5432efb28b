//! The answer to "who authorized this?": the answer first, then the chain, then what it stands on, then what to do next.

pub mod facts;
mod own;
pub mod tree;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use schemas::ids::StatementId;
use schemas::payload::{Body, Payload};
use verifier::evidence::Record;
use verifier::verdict::{Effect, Outcome, Verdict};

use crate::mark::Mark;
use crate::text::{printable, short};

pub use own::{OwnVerdict, own_verdict, unpinned};

/// Digits of a root that are shown.
const ROOT_DIGITS: usize = 12;

/// A verdict to be shown.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The verdict.
    pub verdict: &'a Verdict,
    /// The statements that it is about, by id.
    pub record: &'a dyn Fn(&StatementId) -> Option<&'a Record>,
    /// Where the evidence came from.
    pub source: Source<'a>,
    /// Whether the checkpoint is older than was asked for.
    pub is_stale: bool,
    /// What was checked before it was judged, as lines of text.
    pub checks: &'a str,
    /// How the program that shows it ends; nothing where no program does.
    pub exit: Option<u8>,
    /// How a word that says how something stands is written.
    pub word: fn(Mark, &str) -> String,
}

/// Where the evidence came from.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// The log's server.
    Server,
    /// The log's server, which judged it itself.
    Own,
    /// A bundle in the file of this name, with no server at hand.
    Bundle(&'a str),
    /// A mirror of the log in the folder of this name, with no server at hand.
    Mirror(&'a str),
}

/// The human form of a verdict.
pub fn text(shown: Shown<'_>) -> String {
    let mut text = answer(shown);
    text.push('\n');
    for line in tree::lines(shown) {
        text.push_str(&line);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&evidence(shown.verdict, shown.source));
    text.push_str(shown.checks);
    if let Some(exit) = shown.exit.filter(|exit| *exit != 0) {
        let _ = writeln!(text, "Exit     {exit} (writ help exit-codes)");
    }
    if let Some(next) = next(shown) {
        let _ = writeln!(text, "Next: {}", printable(&next));
    }
    text
}

impl<'a> Shown<'a> {
    fn subject(&self) -> Option<(&'a Record, &'a Payload)> {
        let record = (self.record)(&self.verdict.subject.id)?;
        Some((record, record.payload.as_ref()?))
    }

    /// The decision that was judged by: the subject itself, or the one that it names.
    fn decision(&self) -> Option<&'a Record> {
        let named = self.verdict.relies_on.iter().find(|relied| relied.kind == "decision");
        match (named, self.subject()) {
            (Some(relied), _) => (self.record)(relied.id.as_ref()?),
            (None, Some((record, Payload { body: Body::Decision(_), .. }))) => Some(record),
            _ => None,
        }
    }
}

fn answer(shown: Shown<'_>) -> String {
    let verdict = shown.verdict;
    let what = match shown.subject() {
        Some((record, payload)) => facts::headline(payload, record.envelope.iss.as_str()),
        None => "a statement of an unknown form".into(),
    };
    let principal = match verdict.principal.as_str() {
        "" => "nobody that is known",
        principal => principal,
    };
    let (mark, word) = headword(shown);
    let mut text = format!("{}  {}\n", (shown.word)(mark, &word), printable(&what));
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<8} {}", printable(value));
    };
    line("By", principal);
    let established =
        if verdict.moment.established == "interval" { "not proved" } else { verdict.moment.established };
    line("When", &format!("{} ({established})", verdict.moment.at));
    if let Some((record, payload)) = shown.subject() {
        line("Seen by", &facts::seen_by(payload, record.envelope.iss.as_str()));
        if matches!(payload.body, Body::Action(_) | Body::Decision(_)) {
            let ruled = shown.decision().and_then(|record| {
                let decided = facts::decided(record)?;
                Some(format!("{} {decided}, {}", verdict.decision, record.index))
            });
            line("Decision", &ruled.unwrap_or_else(|| verdict.decision.clone()));
        }
    }
    if let Some(worst) = verdict.findings.first().filter(|finding| finding.effect != Effect::None) {
        line("Because", &worst.detail);
    }
    text
}

/// The outcome as it is said first: that it is of an old checkpoint comes before what it is.
pub fn headword(shown: Shown<'_>) -> (Mark, String) {
    match outcome(shown.verdict) {
        (_, word) if shown.is_stale => (Mark::Missing, format!("STALE: {word} as of an old checkpoint")),
        (mark, word) => (mark, word.into()),
    }
}

/// The outcome in a word.
fn outcome(verdict: &Verdict) -> (Mark, &'static str) {
    match verdict.outcome {
        Outcome::Authorized => (Mark::Good, "AUTHORIZED"),
        Outcome::NotAuthorized => (Mark::Bad, "NOT AUTHORIZED"),
        Outcome::Indeterminate => (Mark::Missing, "INDETERMINATE"),
    }
}

fn evidence(verdict: &Verdict, source: Source<'_>) -> String {
    let as_of = &verdict.as_of;
    let complete = if verdict.complete { "complete" } else { "INCOMPLETE" };
    let time = as_of.time.map(|time| format!(" of {time}")).unwrap_or_default();
    let root: String = as_of.root.to_hex().chars().take(ROOT_DIGITS).collect();
    let hops = verdict.hops.len();
    let plural = if hops == 1 { "hop" } else { "hops" };
    let absence = match verdict.absence {
        "asserted" => "the log asserts that nothing else exists",
        "recomputed" => match source {
            Source::Server | Source::Own => {
                "every entry was read from the server's tiles: nothing else exists"
            }
            Source::Mirror(_) => "every entry was read from the mirror: nothing else exists",
            Source::Bundle(_) => "every entry under the checkpoint was read: nothing else exists",
        },
        _ => "it is proved that nothing else exists",
    };
    let mut text = format!("Evidence {hops} {plural}, {complete}; {absence}\n");
    let _ = writeln!(text, "As of    {} size {} root {root}…{time}", printable(&as_of.origin), as_of.size);
    if matches!(source, Source::Own) {
        text.push_str(
            "Trust    the server's own judgement of its own log: `writ who` takes none of it on trust\n",
        );
        let _ = writeln!(
            text,
            "Profile  {} version {}",
            printable(&verdict.profile.name),
            verdict.profile.version
        );
        return text;
    }
    let pinned = if verdict.trust.pinned { "pinned" } else { "NOT PINNED" };
    let registrars = if verdict.trust.registrars == "pinned" { "pinned" } else { "as the log names them" };
    let dev = if verdict.trust.dev { "; a dev log: its registrar key was made beside it" } else { "" };
    // Of a C2SP verifier key, name and id are for people; what follows is the key itself, which may hold a `+` too.
    let key: Vec<&str> = verdict.trust.key.splitn(3, '+').take(2).collect();
    let key = printable(&key.join("+"));
    let _ = writeln!(text, "Trust    key {key} {pinned}; registrars {registrars}{dev}");
    let _ = writeln!(text, "Profile  {} version {}", verdict.profile.name, verdict.profile.version);
    text
}

/// What to do next with what is at hand: a bundle needs no server, and gives no orders to one.
fn next(shown: Shown<'_>) -> Option<String> {
    let Shown { verdict, source, .. } = shown;
    let (id, profile) = (short(&verdict.subject.id), verdict.profile.name.as_str());
    let asserted = |finding: &verifier::verdict::Finding| {
        finding.code == "absence-unproved" && finding.got == verdict.absence
    };
    match source {
        Source::Own => Some(format!("writ who {id}")),
        Source::Bundle("-") => None,
        Source::Bundle(path) if !verdict.trust.pinned => {
            Some(format!("writ bundle verify {} --trust FILE", path))
        }
        Source::Bundle(path) => Some(format!("writ bundle inspect {}", path)),
        Source::Mirror(path) if !verdict.trust.pinned => {
            Some(format!("writ who {id} --mirror {} --trust FILE", path))
        }
        Source::Mirror(path) => Some(format!("writ verify log --mirror {}", path)),
        Source::Server if !verdict.trust.pinned => Some(format!("writ who {id} --trust FILE")),
        Source::Server if verdict.findings.iter().any(asserted) => {
            Some(format!("writ who {id} --profile {profile} --recompute"))
        }
        Source::Server => {
            let bundle = format!("writ bundle create {id} -o incident.bundle");
            let last = verdict.hops.last().filter(|_| verdict.outcome == Outcome::Authorized);
            Some(match last {
                Some(hop) => format!("{bundle}     writ revoke {} --key FILE", short(&hop.id)),
                None => format!("{bundle}     writ show {id}"),
            })
        }
    }
}
