//! Laws that hold in every world that chance makes (issue 4: what authorizes, what takes authority away, what changes nothing).

use std::cell::Cell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::payload::{Body, Kind};
use schemas::term::terms;
use schemas::time::Time;
use serde_json::json;
use tests::scenario::Scenario;
use verifier::profile::Profile;
use verifier::registry::entitle;
use verifier::verdict::{Effect, Outcome, Verdict};

use crate::laws::{instead, without};
use crate::world::{Draw, World};

/// Worlds that each law is tried in.
const WORLDS: u32 = 60;

/// Tries a law in worlds of up to so many steps. It says how often it had something to say: at least once in each ten worlds.
fn in_worlds(steps: usize, law: impl Fn(&World) -> Result<usize, TestCaseError>) {
    let told = Cell::new(0);
    let config = ProptestConfig { cases: WORLDS, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&prop::collection::vec(any::<u64>(), 1..steps), |steps| {
        told.set(told.get() + law(&World::told(&steps))?);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    println!("put to the test {} times in {WORLDS} worlds", told.get());
    assert!(told.get() >= WORLDS as usize / 10, "the law was put to the test {} times", told.get());
}

fn judged(log: &Scenario, subject: &StatementId) -> Verdict {
    log.judge(subject, &Profile::standard())
}

/// What a verdict rests on beside its subject.
fn support(verdict: &Verdict) -> BTreeSet<StatementId> {
    let hops = verdict.hops.iter().map(|hop| hop.id);
    let cited = hops.chain(verdict.relies_on.iter().filter_map(|reliance| reliance.id));
    cited.filter(|id| *id != verdict.subject.id).collect()
}

#[test]
fn without_any_one_statement_of_its_support_nothing_is_authorized_but_by_another_support() {
    in_worlds(14, |world| {
        let mut survived = 0;
        for (action, hop) in &world.actions {
            let (mut log, mut gone) = (world.story.log.clone(), Vec::new());
            let mut before = judged(&log, action);
            // From each support that is left one statement more is taken, so that all ways are gone at last.
            while before.outcome == Outcome::Authorized {
                let mut another = None;
                for cited in support(&before) {
                    let less = without(&log, &[cited].into());
                    let after = judged(&less, action);
                    if after.outcome != Outcome::Authorized {
                        continue;
                    }
                    prop_assert!(!support(&after).contains(&cited), "{cited} is gone and relied on");
                    // What was cited was all needed: no part of it is enough.
                    prop_assert!(!support(&after).is_subset(&support(&before)), "{cited} was not needed");
                    prop_assert!(
                        world.leads_to_alice(hop, &[gone.clone(), vec![cited]].concat()),
                        "no way is left without {cited}"
                    );
                    survived += 1;
                    another = Some((cited, less, after));
                }
                let Some((cited, less, after)) = another else { break };
                gone.push(cited);
                (log, before) = (less, after);
            }
        }
        Ok(survived)
    });
}

#[test]
fn no_revocation_deny_or_report_of_a_stolen_key_by_whomever_makes_any_action_more_authorized() {
    in_worlds(10, |world| {
        let (mut later, mut denied) = (world.clone(), 0);
        let outcomes = |world: &World| -> Vec<Outcome> {
            world.actions.keys().map(|action| judged(&world.story.log, action).outcome).collect()
        };
        let mut before = outcomes(world);
        let mut draws = blake3::Hasher::new().update(&world.story.log.entries().concat()).finalize_xof();
        for _ in 0..8 {
            let mut bytes = [0; 8];
            draws.fill(&mut bytes);
            later.take_back(&mut Draw(u64::from_le_bytes(bytes)));
            let after = outcomes(&later);
            for ((action, before), after) in world.actions.keys().zip(&before).zip(&after) {
                prop_assert!(
                    after >= before,
                    "{action} was {before:?} and is {after:?}: {}",
                    last_said(&later)
                );
                denied += usize::from(after > before);
            }
            before = after;
        }
        Ok(denied)
    });
}

fn last_said(world: &World) -> String {
    let entry = Entry::decode(world.story.log.entries().last().expect("an entry")).expect("an entry");
    let Statement { envelope, payload } = Statement::decode(&entry.statement).expect("a statement");
    format!("{} said {}", envelope.iss, json!(payload))
}

/// A finding, wherever its statement stands.
type Found = (Effect, &'static str, Option<StatementId>);

/// What of a verdict does not depend on where its statements stand.
fn said(verdict: &Verdict) -> (Outcome, String, BTreeSet<Found>, BTreeSet<StatementId>) {
    let findings = verdict.findings.iter().map(|finding| (finding.effect, finding.code, finding.statement));
    (verdict.outcome, verdict.principal.clone(), findings.collect(), support(verdict))
}

/// The log with what stands between keys, withdrawals and what else says who somebody is in another order. Nothing crosses a moment
/// since which a key was reported to be in other hands either: of keys only the time of the entry counts.
fn rearranged(log: &Scenario, draw: &mut blake3::OutputReader) -> Scenario {
    let mut entries: Vec<(Entry, Option<Statement>)> =
        log.entries()[1..].iter().map(|entry| read(entry)).collect();
    let since: Vec<Time> = entries.iter().filter_map(|(_, said)| stolen_since(said.as_ref()?)).collect();
    let is_apart = |before: &(Entry, Option<Statement>), after: &(Entry, Option<Statement>)| {
        let between = since.iter().any(|since| before.0.time < *since && *since <= after.0.time);
        between || stays(before.1.as_ref()) || stays(after.1.as_ref())
    };
    let times: Vec<Time> = entries.iter().map(|(entry, _)| entry.time).collect();
    for run in entries.chunk_by_mut(|before, after| !is_apart(before, after)) {
        for at in (1..run.len()).rev() {
            let mut byte = [0];
            draw.fill(&mut byte);
            run.swap(at, usize::from(byte[0]) % (at + 1));
        }
    }
    let mut again = Scenario::new();
    for (time, (entry, said)) in times.into_iter().zip(entries) {
        again.now = time;
        again.force_bytes(&entry.statement, said.map(|said| terms(&said)).unwrap_or_default());
    }
    again
}

fn read(entry: &[u8]) -> (Entry, Option<Statement>) {
    let entry = Entry::decode(entry).expect("an entry");
    let said = Statement::decode(&entry.statement).ok();
    (entry, said)
}

fn stolen_since(said: &Statement) -> Option<Time> {
    match &said.payload.body {
        Body::Key(change) => change.since,
        _ => None,
    }
}

fn stays(said: Option<&Statement>) -> bool {
    said.is_none_or(|said| {
        matches!(said.payload.kind, Kind::Key | Kind::Principal | Kind::Link | Kind::Task | Kind::Revocation)
    })
}

#[test]
fn the_order_of_arrival_between_keys_and_withdrawals_changes_no_verdict() {
    in_worlds(14, |world| {
        let mut draw = blake3::Hasher::new().update(&world.story.log.entries().concat()).finalize_xof();
        let mut moved = 0;
        for _ in 0..4 {
            let again = rearranged(&world.story.log, &mut draw);
            moved += usize::from(again.entries() != world.story.log.entries());
            for action in world.actions.keys() {
                let (before, after) = (judged(&world.story.log, action), judged(&again, action));
                prop_assert_eq!(said(&before), said(&after));
            }
        }
        Ok(moved)
    });
}

#[test]
fn nothing_that_is_said_again_by_a_key_without_the_role_makes_any_action_authorized() {
    in_worlds(8, |world| {
        let mut lies = 0;
        let log = &world.story.log;
        for entry in &log.entries()[1..] {
            let Entry { index, statement, .. } = Entry::decode(entry).expect("an entry");
            let original = Statement::decode(&statement).expect("a statement");
            if original.payload.kind == Kind::Key {
                continue;
            }
            let (id, mut later) = (original.id(), log.clone());
            let less = without(log, &[id].into());
            let refused = |log: &Scenario| -> Vec<StatementId> {
                let others = world.actions.keys().filter(|action| **action != id);
                others.filter(|action| judged(log, action).outcome != Outcome::Authorized).copied().collect()
            };
            let (refused_with, refused_without) = (refused(log), refused(&less));
            for liar in world.people() {
                let lie = liar.sign(&original.payload);
                let key = log.registry().key(&liar.kid()).expect("a registered key");
                if liar.uri() == original.envelope.iss.as_str() || entitle(key, &lie, index).is_ok() {
                    continue;
                }
                lies += 1;
                later.force_bytes(lie.envelope.bytes(), terms(&lie));
                // In the very place of what it repeats, so that it is not too late for anything, and what goes by name means it.
                let lied = instead(log, &[id].into(), Some(&lie));
                for action in &refused_without {
                    let after = judged(&lied, action).outcome;
                    prop_assert!(after != Outcome::Authorized, "{}: {}", liar.uri(), json!(original.payload));
                }
            }
            for action in &refused_with {
                prop_assert!(judged(&later, action).outcome != Outcome::Authorized);
            }
        }
        Ok(lies)
    });
}
