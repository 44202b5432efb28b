//! The answer to "who authorized this?": the answer first, then the chain, then what it stands on, then what to do next.

use std::fmt::Write as _;

use schemas::payload::Body;
use schemas::time::Time;
use verifier::evidence::Record;
use verifier::verdict::{Effect, Finding, Outcome, Verdict, VerdictHop};

use super::{short, statement};
use crate::exit::Exit;
use crate::moment;
use crate::output::{Mark, printable};

/// Column at which the hops' standing begins at the latest: a longer text pushes its own standing further.
const STANDING_COLUMN_MAX: usize = 100;

/// The human form of a verdict about this record.
pub(crate) fn text(verdict: &Verdict, record: &Record, exit: Exit) -> String {
    let mut text = answer(verdict, record);
    text.push('\n');
    for line in tree(verdict, record) {
        text.push_str(&line);
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&evidence(verdict));
    if exit != Exit::Ok {
        let _ = writeln!(text, "Exit     {} (writ help exit-codes)", exit.code());
    }
    text.push_str(&next(verdict));
    text
}

fn answer(verdict: &Verdict, record: &Record) -> String {
    let what = match &record.payload {
        Some(payload) => statement::summary(payload, record.envelope.iss.as_str()),
        None => "a statement of an unknown form".into(),
    };
    let principal = match verdict.principal.as_str() {
        "" => "nobody that is known".into(),
        principal => printable(principal),
    };
    let mut text = format!("{}  {what}\n", outcome(verdict));
    let _ = writeln!(text, "By       {principal}");
    let _ = writeln!(text, "When     {} ({})", moment::show(verdict.moment.at), verdict.moment.established);
    let _ = writeln!(text, "Decision {}", printable(&verdict.decision));
    if let Some(worst) = verdict.findings.first().filter(|finding| finding.effect != Effect::None) {
        let _ = writeln!(text, "Because  {}", printable(&worst.detail));
    }
    text
}

/// A line of the tree: what it says and, where it is something that stands or falls, how it stands.
enum Line {
    Row { left: String, standing: String, place: String },
    Note(String),
}

/// The outcome in a word. Nothing is called authorized under keys that nobody pinned.
fn outcome(verdict: &Verdict) -> String {
    match verdict.outcome {
        Outcome::Authorized if !verdict.trust.pinned => Mark::Warning.word("CONSISTENT, LOG NOT PINNED"),
        Outcome::Authorized => Mark::Good.word("AUTHORIZED"),
        Outcome::NotAuthorized => Mark::Bad.word("NOT AUTHORIZED"),
        Outcome::Indeterminate => Mark::Missing.word("INDETERMINATE"),
    }
}

/// The chain, root first, each hop one step further in, with findings under what they are about.
fn tree(verdict: &Verdict, record: &Record) -> Vec<String> {
    let mut lines = vec![root(verdict)];
    for (depth, hop) in verdict.hops.iter().enumerate() {
        let place = format!("{}  {}", hop.index, hop.assurance);
        lines.push(Line::Row {
            left: branch(depth, &hop_text(hop)),
            standing: standing(&hop.findings),
            place,
        });
        lines.extend(hop.findings.iter().map(|finding| Line::Note(note(depth, finding))));
    }
    let depth = verdict.hops.len();
    let place = verdict.subject.index.to_string();
    lines.push(Line::Row {
        left: branch(depth, &end_text(verdict, record)),
        standing: outcome(verdict),
        place,
    });
    let of_hops: Vec<&Finding> = verdict.hops.iter().flat_map(|hop| &hop.findings).collect();
    let others = verdict.findings.iter().filter(|finding| !of_hops.contains(finding));
    lines.extend(others.map(|finding| Line::Note(note(depth, finding))));
    let widths = lines.iter().filter_map(|line| match line {
        Line::Row { left, .. } => Some(left.chars().count()),
        Line::Note(_) => None,
    });
    let column = widths.filter(|width| *width <= STANDING_COLUMN_MAX).max().unwrap_or_default();
    lines.into_iter().map(|line| line.text(column)).collect()
}

/// The root principal: where it is not known, the beginning is missing.
fn root(verdict: &Verdict) -> Line {
    let known = match (verdict.principal.as_str(), verdict.hops.first()) {
        ("", Some(hop)) => hop.delegator.as_str(),
        (principal, _) => principal,
    };
    let (left, standing) = match known {
        "" => ("(nobody)".into(), Mark::Missing.word("MISSING")),
        known if verdict.principal.is_empty() => (printable(known), Mark::Missing.word("UNKNOWN as a root")),
        known => (printable(known), String::new()),
    };
    Line::Row { left, standing, place: String::new() }
}

impl Line {
    fn text(self, column: usize) -> String {
        match self {
            Self::Note(text) => text,
            Self::Row { left, standing, place } => {
                let pad = " ".repeat(column.saturating_sub(left.chars().count()));
                format!("{left}{pad}  {standing}  {place}").trim_end().to_string()
            }
        }
    }
}

fn hop_text(hop: &VerdictHop) -> String {
    let mut text = format!("delegates to {}", hop.delegatee);
    if !hop.scope.is_empty() {
        let _ = write!(text, "  scope {}", hop.scope);
    }
    if let Some(expires) = hop.expires {
        let _ = write!(text, "  until {}", moment::show(expires));
    }
    if hop.via != "statement" {
        let _ = write!(text, "  (by {})", hop.via);
    }
    text
}

fn end_text(verdict: &Verdict, record: &Record) -> String {
    match record.payload.as_ref().map(|payload| &payload.body) {
        Some(Body::Action(action)) => format!("does {}", action.action.name),
        Some(Body::Decision(decision)) => format!("asks for {}", decision.action.name),
        _ => format!("the {}", verdict.subject.kind),
    }
}

fn branch(depth: usize, text: &str) -> String {
    format!("{}└─ {}", "   ".repeat(depth), printable(text))
}

fn note(depth: usize, finding: &Finding) -> String {
    let mark = match finding.effect {
        Effect::NotAuthorized => Mark::Bad,
        Effect::Indeterminate => Mark::Missing,
        Effect::None => Mark::Warning,
    };
    let indent = "   ".repeat(depth + 1);
    let mut text = format!("{indent}  {}: {}", mark.word(finding.code), printable(&finding.detail));
    if !(finding.expected.is_empty() && finding.got.is_empty()) {
        let (expected, got) = (printable(&finding.expected), printable(&finding.got));
        let _ = write!(text, "\n{indent}      expected {expected}\n{indent}      got      {got}");
    }
    text
}

fn standing(findings: &[Finding]) -> String {
    match findings.iter().map(|finding| finding.effect).min() {
        Some(Effect::NotAuthorized) => Mark::Bad.word("BROKEN"),
        Some(Effect::Indeterminate) => Mark::Missing.word("UNKNOWN"),
        Some(Effect::None) => Mark::Warning.word("VALID, but"),
        None => Mark::Good.word("VALID"),
    }
}

fn evidence(verdict: &Verdict) -> String {
    let as_of = &verdict.as_of;
    let complete = if verdict.complete { "complete" } else { "INCOMPLETE" };
    let time = as_of.time.map(|time: Time| format!(" of {}", moment::show(time))).unwrap_or_default();
    let root: String = as_of.root.to_hex().chars().take(12).collect();
    let hops = verdict.hops.len();
    let plural = if hops == 1 { "hop" } else { "hops" };
    let mut text =
        format!("Evidence {hops} {plural}, {complete}; nothing else exists: {}\n", verdict.absence);
    let _ = writeln!(text, "As of    {} size {} root {root}…{time}", printable(&as_of.origin), as_of.size);
    let pinned = if verdict.trust.pinned { "pinned" } else { "NOT PINNED" };
    let dev = if verdict.trust.dev { "; a dev log: its registrar key was made beside it" } else { "" };
    // Of a C2SP verifier key, name and id are for people; what follows is the key itself, which may hold a `+` too.
    let key: Vec<&str> = verdict.trust.key.splitn(3, '+').take(2).collect();
    let key = printable(&key.join("+"));
    let _ = writeln!(text, "Trust    key {key} {pinned}; registrars {}{dev}", verdict.trust.registrars);
    let _ = writeln!(text, "Profile  {} version {}", verdict.profile.name, verdict.profile.version);
    text
}

fn next(verdict: &Verdict) -> String {
    let id = short(&verdict.subject.id);
    match verdict.hops.last().filter(|_| verdict.outcome == Outcome::Authorized) {
        Some(hop) => format!(
            "Next: writ bundle create {id} -o incident.bundle     writ revoke {} --key FILE\n",
            short(&hop.id)
        ),
        None => format!("Next: writ bundle create {id} -o incident.bundle     writ show {id}\n"),
    }
}

#[cfg(test)]
mod tests {
    use schemas::envelope::Statement;
    use schemas::ids::StatementId;
    use schemas::payload::Kind;
    use schemas::time::Index;
    use schemas::tree::TreeHash;
    use verifier::registry::Assurance;
    use verifier::verdict::{
        AsOf, Severity, Subject, SubjectKind, VerdictMoment, VerdictProfile, VerdictTrust,
    };

    use super::*;
    use crate::schema::tests::assert_described;
    use crate::testlog::TestLog;

    fn record(statement: Statement) -> Record {
        let Statement { envelope, payload } = statement;
        Record {
            index: Index(7),
            time: Time(1),
            envelope,
            payload: Some(payload),
            standing: Ok(Assurance::Signed),
        }
    }

    fn finding() -> Finding {
        Finding {
            effect: Effect::NotAuthorized,
            code: "hop-expired",
            severity: Severity::Error,
            statement: Some(StatementId::new([5; 32])),
            index: Some(Index(5)),
            expected: "a moment before 10".into(),
            got: "11\u{1b}[2J".into(),
            detail: "the hop had expired".into(),
        }
    }

    fn verdict(outcome: Outcome, findings: Vec<Finding>) -> Verdict {
        Verdict {
            schema: verifier::verdict::VERDICT_SCHEMA,
            subject: Subject {
                id: StatementId::new([6; 32]),
                kind: SubjectKind(Some(Kind::Action)),
                index: Index(7),
            },
            outcome,
            principal: "user:alice".into(),
            decision: "permit".into(),
            moment: VerdictMoment { at: Time(11), established: "claimed" },
            hops: vec![VerdictHop {
                id: StatementId::new([5; 32]),
                index: Index(5),
                delegator: "user:alice".into(),
                delegatee: "agent:a".into(),
                via: "statement",
                assurance: "signed",
                scope: "pay:* on order:*".into(),
                at: Time(4),
                expires: Some(Time(10)),
                findings: findings.clone(),
            }],
            relies_on: Vec::new(),
            findings,
            profile: VerdictProfile { name: "standard", version: 1 },
            trust: VerdictTrust { pinned: true, key: "o+id+A+B".into(), registrars: "pinned", dev: false },
            as_of: AsOf { origin: "o".into(), size: 9, root: TreeHash::new([1; 32]), time: Some(Time(12)) },
            complete: true,
            absence: "asserted",
        }
    }

    fn shown(verdict: &Verdict, exit: Exit) -> String {
        assert_described(verdict);
        text(verdict, &record(TestLog::new().note_by_registrar(5, "x")), exit)
    }

    #[test]
    fn the_answer_is_the_first_line_and_each_hop_has_a_word() {
        let text = shown(&verdict(Outcome::Authorized, vec![]), Exit::Ok);
        assert!(text.lines().next().unwrap().contains("AUTHORIZED"), "{text}");
        let hop = text.lines().find(|line| line.contains("delegates to agent:a")).unwrap();
        assert!(hop.contains("VALID") && hop.contains("#5"), "{hop}");
        assert!(text.contains("key o+id pinned"), "{text}");
        assert!(text.lines().last().unwrap().starts_with("Next: writ "), "{text}");
    }

    #[test]
    fn a_broken_hop_is_named_where_it_stands_with_what_was_expected_and_got() {
        let text = shown(&verdict(Outcome::NotAuthorized, vec![finding()]), Exit::NotAuthorized);
        assert!(text.lines().next().unwrap().contains("NOT AUTHORIZED"), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        let hop = lines.iter().position(|line| line.contains("BROKEN")).unwrap();
        assert!(lines[hop + 1].contains("hop-expired"), "{text}");
        assert!(
            lines[hop + 2].contains("expected a moment before 10") && lines[hop + 3].contains("11"),
            "{text}"
        );
        assert!(!text.contains("\u{1b}[2J"), "foreign text is made harmless");
        assert!(text.contains("Exit     11"), "{text}");
    }

    #[test]
    fn without_a_pinned_log_nothing_is_called_authorized_first() {
        let mut verdict = verdict(Outcome::Authorized, vec![]);
        verdict.trust.pinned = false;
        let text = shown(&verdict, Exit::Untrusted);
        assert!(text.lines().next().unwrap().contains("NOT PINNED"), "{text}");
    }

    #[test]
    fn an_unknown_root_is_missing_in_its_place() {
        let mut verdict = verdict(Outcome::Indeterminate, vec![]);
        verdict.principal.clear();
        verdict.hops.clear();
        let text = shown(&verdict, Exit::Indeterminate);
        assert!(text.lines().any(|line| line.contains("MISSING")), "{text}");
    }
}
