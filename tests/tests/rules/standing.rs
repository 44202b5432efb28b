//! Laws of authority at a moment and of what is supposed to be withdrawn, over every story.

use std::collections::BTreeSet;

use schemas::ids::StatementId;
use schemas::kinds::{Target, TargetKind};
use schemas::payload::{Body, Kind};
use schemas::reference::Reference;
use schemas::scope::{Grant, Scope};
use schemas::text::Tenant;
use schemas::time::Time;
use serde_json::json;
use tests::scenario::Scenario;
use verifier::evidence::Evidence;
use verifier::judge::{Asked, Standing, Supposed, default_profile, judge, profile_by_vantage, standing};
use verifier::verdict::Outcome;

use crate::cases;
use crate::story::Story;

/// Most delegations of a story: each is asked about without each.
const HOPS_MAX: usize = 6;

/// Every short story that is told in full, with its delegations that can be read.
fn stories() -> impl Iterator<Item = (&'static str, Story, Evidence, Vec<StatementId>)> {
    cases::all().into_iter().filter_map(|case| {
        let mut story = Story::new();
        let _ = (case.tell)(&mut story);
        let evidence = story.log.recomputed().ok()?;
        let hops = evidence
            .records()
            .filter(|record| record.payload.as_ref().is_some_and(|payload| payload.kind == Kind::Delegation));
        let hops: Vec<StatementId> = hops.map(|record| record.id()).collect();
        (hops.len() <= HOPS_MAX).then_some((case.name, story, evidence, hops))
    })
}

fn stands(hop: &StatementId, at: Time, supposed: Option<&Supposed>, evidence: &Evidence) -> Standing {
    let profile = default_profile(evidence.get(hop).expect("a hop"));
    standing(hop, Asked { at, by: None, supposed }, evidence, &profile).expect("a delegation")
}

fn of_hop(id: StatementId) -> Target {
    let reference = Some(Reference::Id(id));
    Target { kind: TargetKind::Delegation, reference, key: None, task: None, principal: None }
}

fn supposed(target: Target, from: Time) -> Supposed {
    Supposed { target, tenant: Tenant::default_label(), from }
}

/// What may be withdrawn of a hop: itself, its key, both sides, its task.
fn targets(hop: &StatementId, evidence: &Evidence) -> Vec<Target> {
    let record = evidence.get(hop).expect("a hop");
    let bare = |kind| Target { kind, reference: None, key: None, task: None, principal: None };
    let Some(Body::Delegation(body)) = record.payload.as_ref().map(|payload| &payload.body) else {
        return vec![];
    };
    let task = record.payload.as_ref().and_then(|payload| payload.task.clone());
    let principal = |principal| Target { principal: Some(principal), ..bare(TargetKind::Principal) };
    let mut targets = vec![
        of_hop(*hop),
        Target { key: Some(record.envelope.kid), ..bare(TargetKind::Key) },
        principal(body.delegator.clone()),
        principal(body.delegatee.clone()),
    ];
    targets.extend(task.map(|task| Target { task: Some(task), ..bare(TargetKind::Task) }));
    targets
}

#[test]
fn a_delegation_stands_at_its_own_moment_as_the_judge_finds_it() {
    let mut held = 0;
    for (name, _, evidence, hops) in stories() {
        for hop in &hops {
            let record = evidence.get(hop).expect("a hop");
            let verdict = judge(hop, &evidence, &default_profile(record)).expect("a delegation");
            if verdict.moment.established == "interval" {
                continue;
            }
            let now = stands(hop, verdict.moment.at, None, &evidence);
            assert_eq!(now.outcome, verdict.outcome, "{name}: {:?} {:?}", now.findings, verdict.findings);
            held += usize::from(now.outcome == Outcome::Authorized);
        }
    }
    assert!(held > 50, "{held}");
}

#[test]
fn what_a_way_carries_is_within_every_hop_of_it() {
    let mut told = 0;
    for (name, _, evidence, hops) in stories() {
        for hop in &hops {
            let now = stands(hop, evidence.head_time().expect("a time"), None, &evidence);
            let Some(may) = now.carried.grants else { continue };
            for on_way in &now.hops {
                let record = evidence.get(&on_way.id).expect("a hop");
                let Some(Body::Delegation(body)) = record.payload.as_ref().map(|payload| &payload.body)
                else {
                    continue;
                };
                match &body.scope {
                    Some(Scope::Grants(grants)) => {
                        let within = |grant: &Grant| grants.iter().any(|wider| grant.within(wider));
                        assert!(may.iter().all(within), "{name}: {may:?} of {grants:?}");
                        told += may.len();
                    }
                    Some(Scope::External(external)) => assert!(now.carried.elsewhere.contains(external)),
                    None => assert!(may.is_empty(), "{name}: {may:?}"),
                }
            }
            let ends = now.hops.iter().filter_map(|on_way| on_way.expires).min();
            assert_eq!(now.expires, ends, "{name}");
        }
    }
    assert!(told > 50, "{told}");
}

#[test]
fn nothing_that_is_supposed_to_be_withdrawn_makes_anything_stand() {
    for (name, _, evidence, hops) in stories() {
        let at = evidence.head_time().expect("a time");
        let all: Vec<Target> = hops.iter().flat_map(|hop| targets(hop, &evidence)).collect();
        for hop in &hops {
            let before = stands(hop, at, None, &evidence).outcome;
            for target in &all {
                let without = supposed(target.clone(), at);
                let after = stands(hop, at, Some(&without), &evidence).outcome;
                assert!(before <= after, "{name}: without {target} {before:?} became {after:?}");
            }
        }
    }
}

#[test]
fn without_any_hop_of_the_only_way_a_delegation_is_not_held() {
    let mut tried = 0;
    for (name, _, evidence, hops) in stories() {
        let at = evidence.head_time().expect("a time");
        for hop in &hops {
            let before = stands(hop, at, None, &evidence);
            if before.outcome != Outcome::Authorized || before.is_joined {
                continue;
            }
            for on_way in &before.hops {
                let without = supposed(of_hop(on_way.id), at);
                let after = stands(hop, at, Some(&without), &evidence);
                assert_eq!(after.outcome, Outcome::NotAuthorized, "{name} without {}", on_way.id);
                assert!(after.findings.iter().any(|found| found.code == "revoked"), "{name}");
                tried += 1;
            }
        }
    }
    assert!(tried > 50, "{tried}");
}

/// Whether the registrar may still speak: some stories are about one whose key was stolen.
fn withdraw(log: &mut Scenario, target: &Target, from: Time) -> bool {
    let body = json!({"target": target, "effective_at": from});
    let draft = tests::scenario::Draft::new("revocation", body);
    let statement = log.sign(&log.registrar(), &draft);
    log.append(&statement).is_ok()
}

#[test]
fn what_is_supposed_to_be_withdrawn_stands_as_it_does_once_it_is() {
    let mut tried = 0;
    // Every log is signed anew for each withdrawal: of the stories every third is enough.
    for (name, story, evidence, hops) in stories().step_by(3) {
        let Some(hop) = hops.first() else { continue };
        let at = evidence.head_time().expect("a time");
        for target in targets(hop, &evidence) {
            let mut log = without_changes(&story.log);
            if !withdraw(&mut log, &target, at) {
                continue;
            }
            let Ok(really) = log.recomputed() else { continue };
            let without = supposed(target.clone(), at);
            for hop in &hops {
                let expected = stands(hop, at, None, &really).outcome;
                let got = stands(hop, at, Some(&without), &evidence).outcome;
                assert_eq!(got, expected, "{name}: {hop} without {} {target}", target.kind);
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
}

/// The same log again, to be gone on with.
fn without_changes(log: &Scenario) -> Scenario {
    crate::laws::without(log, &BTreeSet::new())
}

#[test]
fn a_use_that_is_one_too_many_is_not_held() {
    let mut story = Story::new();
    let grant = story.grant().body("use_limit", 1);
    let hop = story.log.say(&story.alice, grant);
    let held = |story: &Story| {
        let evidence = story.log.recomputed().expect("a whole log");
        stands(&hop, evidence.head_time().expect("a time"), None, &evidence)
    };
    let before = held(&story);
    assert_eq!(before.outcome, Outcome::Authorized, "{:?}", before.findings);
    assert_eq!(before.uses.map(|uses| (uses.limit, uses.used)), Some((1, 0)));
    let then = story.log.now;
    story.log.wait(1_000);
    story.planner_pays(hop);
    let after = held(&story);
    assert_eq!(after.outcome, Outcome::NotAuthorized);
    assert_eq!(after.findings[0].code, "limit-exceeded");
    let evidence = story.log.recomputed().expect("a whole log");
    assert_eq!(stands(&hop, then, None, &evidence).outcome, Outcome::Authorized, "it was not used by then");
}

#[test]
fn a_permit_stands_as_long_as_what_it_rests_on() {
    let mut story = Story::new();
    let hop = story.granted();
    let permit = story.permit("agent:planner").body("delegation", json!(hop));
    let permit = story.log.say(&story.pdp, permit);
    let evidence = story.log.recomputed().expect("a whole log");
    let at = evidence.head_time().expect("a time");
    let profile = profile_by_vantage(evidence.get(&permit).expect("it").payload.as_ref().expect("read"));
    let outcome = |supposed: Option<&Supposed>| {
        standing(&permit, Asked { at, by: None, supposed }, &evidence, &profile).expect("a permit").outcome
    };
    assert_eq!(outcome(None), Outcome::Authorized);
    let without = supposed(of_hop(hop), at);
    assert_eq!(outcome(Some(&without)), Outcome::NotAuthorized);
}
