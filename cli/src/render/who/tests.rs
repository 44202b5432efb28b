use std::collections::BTreeMap;

use gateway::signer::Signer;
use schemas::ids::LogId;
use schemas::payload::{Kind, Payload};
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use serde_json::{Value, json};
use verifier::registry::Assurance;
use verifier::verdict::{
    AsOf, Effect, Finding, Outcome, Severity, Subject, SubjectKind, VerdictHop, VerdictMoment,
    VerdictProfile, VerdictReliance, VerdictTrust,
};

use super::*;
use crate::export::Format;
use crate::render::short;
use crate::schema::tests::assert_described;
use crate::testlog::TestLog;

/// The moment of the action, and the places of hop, approval, decision and action.
const MOMENT: Time = Time(1_795_336_137_523);
pub(crate) const HOP: StatementId = StatementId::new([5; 32]);
const APPROVAL_AT: u64 = 6;
const DECISION_AT: u64 = 7;
const ACTION_AT: u64 = 8;

/// What the verdict is about.
pub(crate) struct Case {
    pub(crate) records: BTreeMap<StatementId, Record>,
    pub(crate) verdict: Verdict,
}

impl Case {
    /// A refund that was approved, decided and carried out.
    pub(crate) fn refund() -> Self {
        let log = TestLog::new();
        Self::signed_by(&log.registrar, log.log)
    }

    /// The same in a log of this name, signed by one key.
    pub(crate) fn signed_by(signer: &Signer, log: LogId) -> Self {
        let digest = json!({"alg": "sha-256", "canon": "raw", "value": "11".repeat(32)});
        let approval = json!({
            "approver": "user:lee@corp", "requester": "agent:a", "action": {"name": "pay:refund"},
            "resources": ["order/991"], "scope": "exact", "request": digest, "approved_at": MOMENT.0 - 3,
        });
        let decision = json!({
            "ruling": "permit", "actor": "agent:a", "action": {"name": "pay:refund"}, "resources": ["order/991"],
            "decider": "service:opa@corp", "evaluated_at": MOMENT.0 - 2,
            "policy": {"engine": "opa", "id": "refunds", "revision": "42"},
        });
        let action = json!({
            "phase": "both", "outcome": "completed", "actor": "agent:a", "action": {"name": "pay:refund"},
            "resources": ["order/991"], "quantities": {"eur": 420}, "attempted_at": MOMENT,
        });
        let bodies = [("approval", approval), ("decision", decision), ("action", action)];
        let [approval, decision, action] = bodies.map(|(kind, body)| record(signer, log, kind, body));
        let relies_on =
            [("decision", &decision), ("approval", &approval)].map(|(kind, record)| VerdictReliance {
                kind,
                name: record.id().to_hex(),
                id: Some(record.id()),
                index: Some(record.index),
                named_by: None,
            });
        let verdict = Verdict { relies_on: relies_on.into(), ..verdict(&action) };
        let records = [approval, decision, action].map(|record| (record.id(), record)).into();
        Self { records, verdict }
    }

    fn text(&self, source: Source<'_>, exit: Exit) -> String {
        assert_described(&Document { verdict: &self.verdict, checks: &[], exit: exit.code() });
        let record = |id: &StatementId| self.records.get(id);
        text(Checked::of(&[], source).beside(&self.verdict, &record, source, exit))
    }

    /// The same in another tool's form.
    pub(crate) fn exported(&self, format: Format, exit: Exit) -> String {
        let record = |id: &StatementId| self.records.get(id);
        let source = Source::Server;
        format.write(Checked::of(&[], source).beside(&self.verdict, &record, source, exit)).unwrap()
    }

    fn shown(&self) -> String {
        self.text(Source::Server, Exit::Ok)
    }

    /// The same with findings, the worst first.
    pub(crate) fn with(mut self, outcome: Outcome, findings: Vec<Finding>) -> Self {
        for hop in &mut self.verdict.hops {
            hop.findings = findings.iter().filter(|f| f.statement == Some(hop.id)).cloned().collect();
        }
        self.verdict.outcome = outcome;
        self.verdict.findings = findings;
        self
    }
}

fn record(signer: &Signer, log: LogId, kind: &str, body: Value) -> Record {
    let index = match kind {
        "approval" => APPROVAL_AT,
        "decision" => DECISION_AT,
        _ => ACTION_AT,
    };
    let draft = json!({
        "v": 1, "kind": kind, "log": log, "tenant": "default", "at": MOMENT, "vantage": "boundary",
        "task": "task:case-4711", "trace": {"trace_id": "ab".repeat(16), "span_id": "cd".repeat(8)}, "body": body,
    });
    let statement = signer.sign(&Payload::from_json(&draft).unwrap()).unwrap();
    let (envelope, payload) = (statement.envelope, Some(statement.payload));
    Record { index: Index(index), time: MOMENT, envelope, payload, standing: Ok(Assurance::Signed) }
}

fn verdict(subject: &Record) -> Verdict {
    Verdict {
        schema: verifier::verdict::VERDICT_SCHEMA,
        subject: Subject { id: subject.id(), kind: SubjectKind(Some(Kind::Action)), index: subject.index },
        outcome: Outcome::Authorized,
        principal: "user:alice".into(),
        decision: "permit".into(),
        moment: VerdictMoment { at: MOMENT, established: "claimed" },
        hops: vec![VerdictHop {
            id: HOP,
            index: Index(5),
            delegator: "user:alice".into(),
            delegatee: "agent:a".into(),
            via: "statement",
            assurance: "signed",
            scope: "pay:* on order:*".into(),
            at: Time(MOMENT.0 - 60_000),
            expires: Some(Time(MOMENT.0 + 1_000)),
            findings: Vec::new(),
        }],
        relies_on: Vec::new(),
        findings: Vec::new(),
        profile: VerdictProfile { name: "standard".into(), version: 2 },
        trust: VerdictTrust { pinned: true, key: "o+id+A+B".into(), registrars: "pinned", dev: false },
        as_of: AsOf { origin: "o".into(), size: 9, root: TreeHash::new([1; 32]), time: Some(MOMENT) },
        complete: true,
        absence: "asserted",
    }
}

pub(crate) fn finding(code: &'static str, effect: Effect, about: (StatementId, u64)) -> Finding {
    Finding {
        effect,
        code,
        severity: Severity::Error,
        statement: Some(about.0),
        index: Some(Index(about.1)),
        expected: "a moment before 10".into(),
        got: "11\u{1b}[2J".into(),
        detail: "what was found".into(),
    }
}

fn line<'t>(text: &'t str, with: &str) -> &'t str {
    text.lines().find(|line| line.contains(with)).unwrap_or_else(|| panic!("no `{with}` in:\n{text}"))
}

#[test]
fn the_answer_is_the_first_line_and_says_what_was_done_by_whom_and_what_came_of_it() {
    let text = Case::refund().shown();
    let first = text.lines().next().unwrap();
    assert!(first.contains("AUTHORIZED"), "{text}");
    assert!(first.ends_with("pay:refund on order/991, eur 420 by agent:a (completed)"), "{text}");
    assert!(line(&text, "By ").ends_with("user:alice"), "{text}");
    assert!(line(&text, "When").ends_with("2026-11-22T08:28:57.523Z (claimed)"), "{text}");
    let seen = line(&text, "Seen by");
    for part in ["registrar:", "(boundary)", "task case-4711", &format!("trace {}", "ab".repeat(16))] {
        assert!(seen.contains(part), "{part}: {text}");
    }
    assert!(line(&text, "Trust").ends_with("key o+id pinned; registrars pinned"), "{text}");
    assert!(text.lines().last().unwrap().starts_with("Next: writ "), "{text}");
}

#[test]
fn the_decision_and_the_approval_are_named_with_who_gave_them_and_where_they_stand() {
    let text = Case::refund().shown();
    let by = "by service:opa@corp, policy opa/refunds revision 42";
    assert!(line(&text, "Decision").ends_with(&format!("permit {by}, #7")), "{text}");
    for (branch, parts) in [
        ("├─ decision", [by, "VALID", "#7", "signed", "2026-11-22T08:28:57.521Z"]),
        ("├─ approval", ["user:lee@corp  pay:refund on order/991", "VALID", "#6", "signed", "08:28:57.520Z"]),
        ("└─ does pay:refund", ["order/991", "AUTHORIZED", "#8", "signed", "2026-11-22T08:28:57.523Z"]),
        ("└─ delegates to agent:a", ["until 2026-", "VALID", "#5", "signed", "2026-11-22T08:27:57.523Z"]),
    ] {
        let row = line(&text, branch);
        for part in parts {
            assert!(row.contains(part), "{part}: {text}");
        }
    }
}

#[test]
fn an_approval_that_is_not_there_is_missing_in_its_place() {
    let mut case = Case::refund();
    case.verdict.relies_on[1] = VerdictReliance {
        kind: "approval",
        name: "approval:a:7".into(),
        id: None,
        index: None,
        named_by: None,
    };
    let text = case.shown();
    assert!(line(&text, "approval approval:a:7").contains("MISSING"), "{text}");
}

#[test]
fn an_approval_that_only_the_decision_names_is_shown_with_that() {
    let mut case = Case::refund();
    case.verdict.relies_on[1].named_by = Some("decision");
    let text = case.shown();
    let line = line(&text, "├─ approval");
    assert!(line.contains("(named by the decision)") && line.contains("VALID"), "{text}");
    assert!(line.contains("user:lee@corp"), "{text}");
}

#[test]
fn a_broken_hop_is_named_where_it_stands_with_what_was_expected_and_got() {
    let found = finding("hop-expired", Effect::NotAuthorized, (HOP, 5));
    let case = Case::refund().with(Outcome::NotAuthorized, vec![found]);
    let text = case.text(Source::Server, Exit::NotAuthorized);
    assert!(text.lines().next().unwrap().contains("NOT AUTHORIZED"), "{text}");
    assert!(line(&text, "Because").ends_with("what was found"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let hop = lines.iter().position(|line| line.contains("BROKEN")).unwrap();
    assert!(lines[hop + 1].contains("hop-expired\u{1b}[0m: "), "the row's own place is not repeated: {text}");
    assert!(
        lines[hop + 2].contains("expected a moment before 10") && lines[hop + 3].contains("11"),
        "{text}"
    );
    assert!(!text.contains("\u{1b}[2J"), "foreign text is made harmless");
    assert!(text.contains("Exit     11"), "{text}");
}

#[test]
fn a_finding_stands_under_what_it_is_about_or_says_where_that_is() {
    let case = Case::refund();
    let decision = (case.verdict.relies_on[0].id.unwrap(), DECISION_AT);
    let stale = finding("decision-stale", Effect::NotAuthorized, decision);
    let withdrawal = finding("revoker-not-entitled", Effect::None, (StatementId::new([9; 32]), 4));
    let text = case.with(Outcome::NotAuthorized, vec![stale, withdrawal]).shown();
    let lines: Vec<&str> = text.lines().collect();
    let row = lines.iter().position(|line| line.contains("├─ decision")).unwrap();
    assert!(lines[row].contains("BROKEN") && lines[row + 1].contains("decision-stale"), "{text}");
    assert!(!lines[row + 1].contains("(#"), "{text}");
    assert!(lines[row + 1].contains('│'), "the branch goes on beside it: {text}");
    assert!(line(&text, "revoker-not-entitled").contains("(#4): "), "{text}");
    assert_eq!(text.matches("decision-stale").count(), 1, "{text}");
}

#[test]
fn a_warning_reads_as_one() {
    let found = finding("root-unknown", Effect::None, (HOP, 5));
    let text = Case::refund().with(Outcome::Authorized, vec![found]).shown();
    assert!(line(&text, "delegates to").contains("VALID, with a warning"), "{text}");
    assert!(!text.contains("Because"), "{text}");
}

#[test]
fn under_a_key_that_nobody_pinned_nothing_is_valid() {
    let mut case = Case::refund().with(Outcome::Indeterminate, Vec::new());
    case.verdict.trust.pinned = false;
    case.verdict.trust.registrars = "as-named-by-the-log";
    let text = case.text(Source::Server, Exit::Untrusted);
    assert!(text.lines().next().unwrap().contains("INDETERMINATE"), "{text}");
    assert!(!text.contains("VALID") && !text.contains("AUTHORIZED"), "{text}");
    assert!(line(&text, "delegates to").contains("CONSISTENT"), "{text}");
    assert!(line(&text, "Trust").ends_with("NOT PINNED; registrars as the log names them"), "{text}");
    assert!(line(&text, "Next").contains("--trust FILE"), "{text}");
}

#[test]
fn an_unknown_root_is_missing_in_its_place() {
    let mut case = Case::refund().with(Outcome::Indeterminate, Vec::new());
    case.verdict.principal.clear();
    assert!(line(&case.shown(), "UNKNOWN as a root").contains("user:alice"));
    let gone = Finding { expected: "1111".into(), ..finding("hop-missing", Effect::Indeterminate, (HOP, 5)) };
    let text = case.with(Outcome::Indeterminate, vec![gone]).shown();
    assert!(line(&text, "delegation 1111").contains("MISSING"), "{text}");
    assert!(text.contains("└─ user:alice delegates to agent:a"), "{text}");
    let mut case = Case::refund();
    case.verdict.principal.clear();
    case.verdict.hops.clear();
    assert!(line(&case.shown(), "(nobody)").contains("MISSING"));
}

#[test]
fn what_needs_no_decision_shows_none() {
    let mut case = Case::refund();
    case.verdict.decision = "none".into();
    case.verdict.relies_on.clear();
    assert!(line(&case.shown(), "Decision").ends_with("none"));
    let hop = json!({"delegator": "user:alice", "delegatee": "agent:a"});
    let log = TestLog::new();
    let hop = record(&log.registrar, log.log, "delegation", hop);
    case.verdict.subject.id = hop.id();
    case.records.insert(hop.id(), hop);
    assert!(!case.shown().contains("Decision"), "{}", case.shown());
}

#[test]
fn a_ruling_is_told_as_an_attempt_and_by_whom_it_was_denied() {
    let mut case = Case::refund();
    let deny = json!({
        "ruling": "deny", "actor": "agent:a", "action": {"name": "pay:refund"}, "resources": ["order/991"],
        "decider": "aws:123", "evaluated_at": MOMENT,
    });
    let log = TestLog::new();
    let deny = record(&log.registrar, log.log, "decision", deny);
    case.verdict.decision = "deny".into();
    case.verdict.relies_on.clear();
    case.verdict.subject.id = deny.id();
    case.records.insert(deny.id(), deny);
    let text = case.with(Outcome::NotAuthorized, Vec::new()).shown();
    let first = text.lines().next().unwrap();
    assert!(first.ends_with(
        "NOT AUTHORIZED\u{1b}[0m  pay:refund on order/991 by agent:a (attempt, denied by aws:123)"
    ));
    assert!(line(&text, "Decision").ends_with("deny by aws:123, #7"), "{text}");
}

#[test]
fn the_next_command_can_be_run_with_what_is_at_hand() {
    let case = Case::refund();
    let next = |case: &Case, source| {
        let text = case.text(source, Exit::Ok);
        text.lines().last().unwrap().to_string()
    };
    let file = Source::Bundle("a.bundle");
    assert!(next(&case, Source::Server).contains("writ revoke 050505050505 --key FILE"));
    assert_eq!(next(&case, file), "Next: writ bundle inspect a.bundle");
    assert!(next(&case, Source::Bundle("-")).starts_with("Profile"), "standard input is used up");

    let open =
        Finding { got: "asserted".into(), ..finding("absence-unproved", Effect::Indeterminate, (HOP, 5)) };
    let mut strict = case.with(Outcome::Indeterminate, vec![open]);
    strict.verdict.profile.name = "strict".into();
    let id = short(&strict.verdict.subject.id);
    assert_eq!(next(&strict, Source::Server), format!("Next: writ who {id} --profile strict --recompute"));
    strict.verdict.trust.pinned = false;
    assert_eq!(next(&strict, Source::Server), format!("Next: writ who {id} --trust FILE"));
    assert_eq!(next(&strict, file), "Next: writ bundle verify a.bundle --trust FILE");
}
