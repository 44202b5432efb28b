//! What findings say to people: dates, spans and places instead of bare numbers, and the most telling one first.

use schemas::ids::StatementId;
use schemas::time::{Index, Time};
use serde_json::json;
use tests::scenario::Draft;
use verifier::judge::judge;
use verifier::profile::Profile;
use verifier::rules::{RULES, rank};
use verifier::verdict::{Finding, Verdict};

use crate::case::Case;
use crate::cases;
use crate::story::Story;

fn verdict(story: &Story, subject: &StatementId) -> Verdict {
    story.log.judge(subject, &Profile::standard())
}

fn found<'v>(verdict: &'v Verdict, code: &str) -> &'v Finding {
    let found = verdict.findings.iter().find(|finding| finding.code == code);
    found.unwrap_or_else(|| panic!("no {code}: {:#?}", verdict.findings))
}

/// Numbers that only a machine reads as a time: 13 digits in a row, as every moment of these stories has.
fn has_raw_time(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() == 13)
}

#[test]
fn no_finding_shows_a_person_a_raw_time_or_the_name_of_a_type() {
    for case in cases::all() {
        let mut story = Story::new();
        let (subject, _) = (case.tell)(&mut story);
        for finding in &verdict(&story, &subject).findings {
            for text in [&finding.detail, &finding.expected, &finding.got] {
                assert!(!has_raw_time(text), "{}: {text}", case.name);
                for name in ["Time(", "Millis(", "Index(", "ByteString("] {
                    assert!(!text.contains(name), "{}: {text}", case.name);
                }
            }
        }
    }
    assert!(has_raw_time("a moment before 1795328585988"));
}

#[test]
fn a_finding_about_time_says_when_and_by_how_much() {
    let mut story = Story::new();
    let s = &mut story;
    let hop = s.granted();
    let since = s.log.now;
    s.log.say(&s.alice, s.revocation(json!({"kind": "delegation", "ref": hop})));
    s.log.wait(7_260_000);
    let moment = s.log.now;
    let subject = s.planner_pays(hop);
    let verdict = verdict(s, &subject);
    let revoked = found(&verdict, "revoked");
    assert!(revoked.detail.ends_with("2 h 1 min before the moment"), "{}", revoked.detail);
    assert_eq!(revoked.expected, format!("a moment before {since}"));
    assert_eq!(revoked.got, Time(moment.0 + 1).to_string());
    assert!(revoked.got.contains('T') && revoked.got.ends_with('Z'), "{}", revoked.got);
}

#[test]
fn a_retired_key_is_refused_by_the_entry_that_set_the_time_which_counts() {
    let mut story = Story::new();
    let s = &mut story;
    let retire = |s: &mut Story, until: Time| {
        let body = json!({"op": "retire", "kid": s.planner.kid(), "accept_until": until});
        let registrar = s.log.registrar();
        let index = Index(s.log.entries().len() as u64);
        s.log.say(&registrar, Draft::new("key", body));
        index
    };
    let (soon, late) = (s.later(50), s.later(10_000));
    retire(s, late);
    let shortened = retire(s, soon);
    retire(s, late);
    s.log.wait(100);
    let statement = s.log.sign(&s.planner, &s.onward(StatementId::new([9; 32])));
    let refusal = s.log.append(&statement).unwrap_err().to_string();
    let until = format!("was retired at {shortened}, entries accepted until {soon}; this entry is of ");
    assert!(refusal.contains(&until), "{refusal}");
}

#[test]
fn a_denial_says_who_ruled_and_when() {
    let mut story = Story::new();
    let s = &mut story;
    let hop = s.granted();
    let (at, decided_at) = (s.log.now, Index(s.log.entries().len() as u64));
    let deny = s.permit("agent:planner").body("ruling", "deny").body("reason", "over-the-limit");
    let decision = s.log.say(&s.pdp, deny);
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    let subject = s.log.say(&s.planner, payment);
    let verdict = verdict(s, &subject);
    assert_eq!(verdict.findings[0].code, "decision-deny");
    assert_eq!(verdict.findings[0].detail, format!("service:pdp ruled deny at {at}: over-the-limit"));
    let executed = found(&verdict, "denied-but-executed");
    assert_eq!(executed.detail, format!("ruled deny at {at} ({decided_at}), and carried out all the same"));
}

#[test]
fn the_first_finding_is_the_most_telling_one() {
    let mut story = Story::new();
    let s = &mut story;
    let subject = s.planner_pays(StatementId::new([0x11; 32]));
    let verdict = verdict(s, &subject);
    assert_eq!(verdict.findings[0].code, "hop-missing", "{:#?}", verdict.findings);
    let open = found(&verdict, "absence-unproved");
    assert_eq!(open.detail, "the evidence leaves 1 question open that this statement raises");

    for case in cases::all() {
        let mut story = Story::new();
        let (subject, _) = (case.tell)(&mut story);
        let order: Vec<_> = story.log.judge(&subject, &Profile::strict()).findings;
        let order: Vec<_> = order.iter().map(|finding| (finding.effect, rank(finding.code))).collect();
        assert!(order.is_sorted(), "{}: {order:?}", case.name);
    }
    assert!(RULES.iter().all(|rule| rank(rule.slug) <= rank("absence-unproved")));
}

#[test]
fn a_verdict_names_what_the_subject_relies_on_and_when_each_hop_was_given() {
    let mut story = Story::new();
    let s = &mut story;
    let given = s.log.now;
    let hop = s.granted();
    let decision = s.permitted("agent:planner");
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    let nothing = json!(["approval", "user:alice", "7"]);
    let subject = s.log.say(&s.planner, payment.body("approval", nothing));
    let verdict = verdict(s, &subject);
    assert_eq!(verdict.hops[0].at, given);
    let relied: Vec<_> = verdict.relies_on.iter().map(|relied| (relied.kind, relied.id)).collect();
    assert_eq!(relied, [("decision", Some(decision)), ("approval", None)]);
    assert!(verdict.relies_on[1].name.contains("approval"), "{:?}", verdict.relies_on);
}

#[test]
fn an_approval_that_only_the_decision_names_is_told_of_as_that() {
    let mut story = Story::new();
    let s = &mut story;
    let hop = s.granted();
    let nothing = json!(["approval", "user:alice", "7"]);
    let decision = s.permit("agent:planner").body("delegation", json!(hop)).body("approval", nothing.clone());
    let decision = s.log.say(&s.pdp, decision);
    let payment = s.payment("agent:planner", decision).body("delegation", json!(hop));
    for own in [false, true] {
        let said = if own { payment.clone().body("approval", nothing.clone()) } else { payment.clone() };
        let subject = s.log.say(&s.planner, said);
        let relied = verdict(s, &subject).relies_on;
        let relied: Vec<_> = relied.iter().map(|relied| (relied.kind, relied.named_by)).collect();
        let by = if own { None } else { Some("decision") };
        assert_eq!(relied, [("decision", None), ("approval", by)], "own {own}");
    }
}

#[test]
fn nobody_who_pinned_nothing_is_told_that_anything_was_authorized() {
    for case in cases::all().iter().filter(|case: &&Case| case.profile == "standard") {
        let mut story = Story::new();
        let (subject, _) = (case.tell)(&mut story);
        let bundle = story.log.bundle(&subject).encode().unwrap();
        let Ok(checked) = verifier::bundle::check_unpinned(&bundle) else { continue };
        let verdict = judge(&subject, &checked.evidence, &Profile::standard()).unwrap();
        assert_ne!(verdict.outcome.as_str(), "authorized", "{}", case.name);
        assert_eq!(found(&verdict, "not-pinned").effect.as_str(), "indeterminate", "{}", case.name);
    }
}
