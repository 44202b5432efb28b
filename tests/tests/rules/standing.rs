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
use verifier::judge::{
    Asked, Standing, Supposed, WAYS_MAX, Ways, default_profile, judge, profile_by_vantage, standing, ways,
};
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

fn all_ways(hop: &StatementId, at: Time, evidence: &Evidence) -> Ways {
    let profile = default_profile(evidence.get(hop).expect("a hop"));
    ways(hop, Asked { at, by: None, supposed: None }, evidence, &profile).expect("a delegation")
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
    let (held, _) = at_their_own_moments(Kind::Delegation);
    assert!(held > 50, "{held}");
}

#[test]
fn a_credential_stands_at_its_own_moment_as_the_judge_finds_it() {
    let (held, told) = at_their_own_moments(Kind::Credential);
    assert!(held > 2 && told > 20, "{held} of {told}");
}

/// How many of a kind stand at their own moment, of how many; each as the judge finds.
fn at_their_own_moments(kind: Kind) -> (usize, usize) {
    let (mut held, mut told) = (0, 0);
    for (name, _, evidence, _) in stories() {
        let of_kind = evidence
            .records()
            .filter(|record| record.payload.as_ref().is_some_and(|payload| payload.kind == kind));
        for record in of_kind {
            let verdict = judge(&record.id(), &evidence, &default_profile(record)).expect("it can be judged");
            if verdict.moment.established == "interval" {
                continue;
            }
            let now = stands(&record.id(), verdict.moment.at, None, &evidence);
            assert_eq!(now.outcome, verdict.outcome, "{name}: {:?} {:?}", now.findings, verdict.findings);
            told += 1;
            held += usize::from(now.outcome == Outcome::Authorized);
        }
    }
    (held, told)
}

#[test]
fn what_a_way_carries_is_within_every_hop_of_it() {
    let mut told = 0;
    for (name, _, evidence, hops) in stories() {
        for hop in &hops {
            for way in all_ways(hop, evidence.head_time().expect("a time"), &evidence).each {
                told += within_its_hops(name, &way, &evidence);
            }
        }
    }
    assert!(told > 50, "{told}");
}

/// How many grants a way carries; all of them are within every hop.
fn within_its_hops(name: &str, now: &Standing, evidence: &Evidence) -> usize {
    let Some(may) = &now.carried.grants else { return 0 };
    for on_way in &now.hops {
        let record = evidence.get(&on_way.id).expect("a hop");
        let Some(Body::Delegation(body)) = record.payload.as_ref().map(|payload| &payload.body) else {
            continue;
        };
        match &body.scope {
            Some(Scope::Grants(grants)) => {
                let within = |grant: &Grant| grants.iter().any(|wider| grant.within(wider));
                assert!(may.iter().all(within), "{name}: {may:?} of {grants:?}");
            }
            Some(Scope::External(external)) => assert!(now.carried.elsewhere.contains(external)),
            None => assert!(may.is_empty(), "{name}: {may:?}"),
        }
    }
    let ends = now.hops.iter().filter_map(|on_way| on_way.expires).min();
    assert_eq!(now.expires, ends, "{name}");
    may.len()
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
fn the_best_of_all_ways_stands_as_the_judge_finds_it() {
    let mut joined = 0;
    for (name, _, evidence, hops) in stories() {
        let at = evidence.head_time().expect("a time");
        for hop in &hops {
            let (best, all) = (stands(hop, at, None, &evidence), all_ways(hop, at, &evidence));
            let first = all.each.first().expect("a way");
            assert_eq!((first.outcome, all.is_cut), (best.outcome, false), "{name}: {:?}", first.findings);
            assert!(all.each.is_sorted_by_key(|way| way.outcome), "{name}");
            joined += usize::from(all.each.len() > 1);
        }
    }
    assert!(joined > 5, "{joined}");
}

#[test]
fn a_delegation_is_held_without_a_hop_where_a_way_without_it_is_held_and_nowhere_else() {
    let (mut lost, mut kept) = (0, 0);
    for (name, _, evidence, hops) in stories() {
        let at = evidence.head_time().expect("a time");
        for hop in &hops {
            let all = all_ways(hop, at, &evidence).each;
            let held: Vec<_> = all.iter().filter(|way| way.outcome == Outcome::Authorized).collect();
            let on_them: BTreeSet<StatementId> =
                held.iter().flat_map(|way| way.hops.iter().map(|on_way| on_way.id)).collect();
            for one in on_them {
                let without = supposed(of_hop(one), at);
                let after = stands(hop, at, Some(&without), &evidence);
                let is_kept = held.iter().any(|way| way.hops.iter().all(|on_way| on_way.id != one));
                assert_eq!(after.outcome == Outcome::Authorized, is_kept, "{name} without {one}");
                if is_kept {
                    kept += 1;
                } else if all.iter().all(|way| way.outcome == Outcome::Authorized) {
                    assert_eq!(after.outcome, Outcome::NotAuthorized, "{name} without {one}");
                    assert!(after.findings.iter().any(|found| found.code == "revoked"), "{name}");
                    lost += 1;
                }
            }
        }
    }
    assert!(lost > 50 && kept > 2, "{lost} {kept}");
}

#[test]
fn ways_beyond_the_bound_are_said_to_be_left_out_and_those_that_hold_come_before() {
    let mut story = Story::new();
    let mut granted = || {
        story.log.wait(1);
        story.granted()
    };
    let parents: Vec<StatementId> = (0..=WAYS_MAX).map(|_| granted()).collect();
    for parent in &parents[..WAYS_MAX] {
        let revocation = story.revocation(json!(of_hop(*parent)));
        story.log.say(&story.alice, revocation);
    }
    let last = story.onward(parents[0]).body("parents", json!(parents));
    let last = story.log.say(&story.planner, last);
    let evidence = story.log.recomputed().expect("a whole log");
    let all = all_ways(&last, evidence.head_time().expect("a time"), &evidence);
    assert_eq!((all.each.len(), all.is_cut), (WAYS_MAX, true));
    let held: Vec<_> = all.each.iter().filter(|way| way.outcome == Outcome::Authorized).collect();
    assert_eq!(held.len(), 1, "{:?}", all.each[0].findings);
    assert_eq!(held[0].hops[0].id, parents[WAYS_MAX], "the one that holds is not the one that is left out");
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
