//! Laws that hold for every story, whatever a rule says.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use schemas::bundle::Bundle;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::note::{KeyName, Note, NoteSignature, SignatureType, VerifierKey};
use schemas::payload::Kind;
use schemas::term::terms;
use schemas::time::Time;
use schemas::trust::TrustPolicy;
use serde_json::{Value, json};
use tests::scenario::{Actor, Draft, Scenario};
use verifier::bundle::check;
use verifier::judge::{JudgeError, judge};
use verifier::profile::{Basis, PROFILES, Profile};
use verifier::verdict::{Outcome, Verdict};

use crate::case::Case;
use crate::cases;
use crate::story::{Evidence, Story, digest, hop};

fn tell(case: &Case) -> (Story, StatementId) {
    let mut story = Story::new();
    let (subject, _) = (case.tell)(&mut story);
    (story, subject)
}

/// Judged from a bundle and, where the profile asks for more, from all entries.
fn verdict(log: &Scenario, subject: &StatementId, profile: &Profile) -> Verdict {
    if profile.absence == Basis::Asserted {
        return log.judge(subject, profile);
    }
    judge(subject, &log.recomputed().expect("a whole log"), profile).expect("a subject that can be judged")
}

/// The same log without some of its entries.
pub(crate) fn without(log: &Scenario, left_out: &BTreeSet<StatementId>) -> Scenario {
    instead(log, left_out, None)
}

/// The same log with another statement, or none, in the place of some.
pub(crate) fn instead(
    log: &Scenario,
    left_out: &BTreeSet<StatementId>,
    other: Option<&Statement>,
) -> Scenario {
    let mut again = Scenario::new();
    for entry in &log.entries()[1..] {
        let Entry { time, statement, .. } = Entry::decode(entry).expect("an entry");
        let parsed = Statement::decode(&statement);
        again.now = time;
        if parsed.as_ref().is_ok_and(|statement| left_out.contains(&statement.id())) {
            if let Some(other) = other {
                again.force_bytes(other.envelope.bytes(), terms(other));
            }
            continue;
        }
        again.force_bytes(&statement, parsed.map(|statement| terms(&statement)).unwrap_or_default());
    }
    again
}

#[test]
fn without_a_hop_or_the_decision_that_it_cites_nothing_is_authorized_unless_by_another_way() {
    for case in cases::all()
        .iter()
        .filter(|case| case.outcome == "authorized" && case.profile == "standard" && case.tune.is_none())
    {
        let (story, subject) = tell(case);
        let mut log = story.log;
        let mut before = log.judge(&subject, &Profile::standard());
        assert_eq!(before.outcome, Outcome::Authorized, "{}", case.name);
        // Each time one hop that is cited is taken away. What is still authorized rests on other hops, and at last on none.
        for _ in 0..4 {
            let Some(cited) = before.hops.last().map(|hop| hop.id).filter(|id| *id != subject) else { break };
            log = without(&log, &[cited].into());
            let after = log.judge(&subject, &Profile::standard());
            assert!(after.hops.iter().all(|hop| hop.id != cited), "{}", case.name);
            if after.outcome != Outcome::Authorized {
                break;
            }
            before = after;
        }
        let after = log.judge(&subject, &Profile::standard());
        if before.decision != "none" && !decisions(&log).contains(&subject) {
            let undecided = without(&log, &decisions(&log)).judge(&subject, &Profile::standard());
            assert_ne!(undecided.outcome, Outcome::Authorized, "{}", case.name);
        }
        assert!(
            before.hops.is_empty() || before.hops[0].id == subject || after.outcome != Outcome::Authorized,
            "{}",
            case.name
        );
    }
}

fn decisions(log: &Scenario) -> BTreeSet<StatementId> {
    let statements = log.entries().iter().filter_map(|entry| {
        let entry = Entry::decode(entry).expect("an entry");
        Statement::decode(&entry.statement).ok()
    });
    statements
        .filter(|statement| statement.payload.kind == Kind::Decision)
        .map(|statement| statement.id())
        .collect()
}

#[test]
fn no_withdrawal_deny_or_report_of_a_stolen_key_makes_anything_authorized() {
    let additions: &[fn(&mut Story)] = &[
        |s| withdraw(s, json!({"kind": "principal", "principal": "user:alice"})),
        |s| withdraw(s, json!({"kind": "principal", "principal": "agent:planner"})),
        |s| withdraw(s, json!({"kind": "task", "task": "t"})),
        |s| {
            let deny = s.permit("agent:planner").body("ruling", "deny").body("request", digest(7));
            let deny = s.log.sign(&s.pdp, &deny);
            let _ = s.log.append(&deny);
        },
        |s| stolen(s, |s| s.alice.clone()),
        |s| stolen(s, |s| s.pdp.clone()),
        |s| stolen(s, |s| s.worker.clone()),
        |s| stolen(s, |s| s.edge.clone()),
        |s| stolen(s, |s| s.log.registrar()),
        |s| {
            let body = json!({"id": "user:alice", "type": "human", "status": "suspended", "since": 0});
            by_registrar(s, &Draft::new("principal", body));
        },
        |s| task_step(s, "complete"),
        |s| task_step(s, "suspend"),
    ];
    for case in cases::all().iter().filter(|case| case.outcome != "authorized") {
        let profile = case.profile();
        for (number, add) in additions.iter().enumerate() {
            let (mut story, subject) = tell(case);
            if matches!((case.tell)(&mut Story::new()).1, Evidence::BundleWithout(_)) {
                continue;
            }
            let before = verdict(&story.log, &subject, &profile).outcome;
            add(&mut story);
            let after = verdict(&story.log, &subject, &profile).outcome;
            let allowed = before == Outcome::Authorized || after != Outcome::Authorized;
            assert!(
                allowed,
                "{} {} with addition {number}: {before:?} became {after:?}",
                case.slug, case.name
            );
        }
    }
}

/// An authority about everybody says that task `t` ended, or rests, from the beginning.
fn task_step(s: &mut Story, op: &str) {
    let authority = Actor::named("service:authority", "service:authority");
    let registration = authority.registration(&s.log, &["authority=user:*"]);
    by_registrar(s, &Draft::new("key", registration));
    let step = Draft::new("task", json!({"op": op, "effective_at": 0})).with("task", "t");
    let step = s.log.sign(&authority, &step);
    if s.log.registry().key(&authority.kid()).is_some() {
        let _ = s.log.append(&step);
    }
}

fn withdraw(s: &mut Story, target: Value) {
    let revocation = s.revocation(target).body("effective_at", 0);
    by_registrar(s, &revocation);
}

fn stolen(s: &mut Story, whose: fn(&Story) -> Actor) {
    let body = json!({"op": "compromise", "kid": whose(s).kid(), "since": 0});
    by_registrar(s, &Draft::new("key", body));
}

/// Some stories are about a registrar whose key was stolen: then nothing is added.
fn by_registrar(s: &mut Story, draft: &Draft) {
    let statement = s.log.sign(&s.log.registrar(), draft);
    let _ = s.log.append(&statement);
}

#[test]
fn nothing_that_a_key_without_the_role_says_makes_anything_authorized() {
    for case in cases::all().iter().filter(|case| case.outcome != "authorized") {
        let (mut s, subject) = tell(case);
        if matches!((case.tell)(&mut Story::new()).1, Evidence::BundleWithout(_)) {
            continue;
        }
        let profile = case.profile();
        // What only shows where all entries are read is judged from a bundle here.
        if verdict(&s.log, &subject, &profile).outcome == Outcome::Authorized {
            continue;
        }
        let mallory = Actor::named("user:mallory", "user:mallory");
        let registration = mallory.registration(&s.log, &["principal"]);
        by_registrar(&mut s, &Draft::new("key", registration));
        let names = json!([
            ["grant", "user:alice", "7"],
            ["request", "service:pdp", "7"],
            ["token", "user:alice", "t1"],
            ["access-key", "aws:cloudtrail", "ASIA9"],
            ["event", "aws:cloudtrail", "e2"],
        ]);
        let other = Actor::named("user:bob", "user:bob");
        let lies = [
            s.grant().with("refs", names.clone()),
            hop("user:bob", "agent:planner").with("refs", names.clone()),
            hop("user:alice", "arn:aws:iam::1:role/r").body("credential", names[3].clone()),
            s.permit("agent:planner").with("refs", names),
            Draft::new(
                "principal",
                json!({"id": "agent:planner", "type": "human", "status": "active", "since": 0}),
            ),
            Draft::new(
                "principal",
                json!({"id": "spiffe://corp/batch", "type": "service", "status": "active", "since": 0}),
            ),
            Draft::new("link", json!({"from": "agent:planner", "to": "agent:worker"})),
            Draft::new("key", other.registration(&s.log, &["principal"])),
            Draft::new("task", json!({"op": "stage", "stage": "pay"})).with("task", "t"),
            Draft::new("task", json!({"op": "open", "owner": "user:mallory"})).with("task", "t"),
        ];
        for lie in lies {
            s.log.force(&mallory, lie);
        }
        let after = verdict(&s.log, &subject, &profile);
        assert_ne!(after.outcome, Outcome::Authorized, "{} {}", case.slug, case.name);
    }
}

fn small_bundle() -> (Scenario, Vec<u8>) {
    let mut s = Story::new();
    let hop = s.granted();
    let subject = s.planner_pays(hop);
    let bundle = s.log.bundle(&subject).encode().expect("a bundle");
    (s.log, bundle)
}

/// Puts the digest right that closes a bundle, as whoever changed the rest would.
fn closed(bundle: &mut [u8]) {
    let (body, digest) = bundle.split_at_mut(bundle.len() - 32);
    digest.copy_from_slice(blake3::hash(body).as_bytes());
}

/// The same under a checkpoint that two witnesses cosigned, of whom both are asked for.
fn cosigned_bundle() -> (TrustPolicy, Vec<u8>) {
    let (log, bundle) = small_bundle();
    let mut bundle = Bundle::decode(&bundle).expect("a bundle");
    let text = log.checkpoint().text().to_owned();
    let mut file = log.trust().to_string().replace("quorum none\n", "");
    for (number, time) in [(1, 1_767_225_700_u64), (2, 1_767_225_800)] {
        let witness = Actor::named(&format!("witness {number}"), "service:witness");
        let name = KeyName::new(&format!("witness.test/{number}")).expect("a name");
        let key = VerifierKey::new(name.clone(), SignatureType::Cosignature, witness.public());
        let message = format!("cosignature/v1\ntime {time}\n{text}");
        let mut signature = time.to_be_bytes().to_vec();
        signature.extend_from_slice(witness.signature(message.as_bytes()).as_bytes());
        let mut lines = Note::parse(bundle.checkpoint.as_bytes()).expect("a note").signatures().to_vec();
        lines.push(NoteSignature { name, key_id: key.id(), signature });
        bundle.checkpoint = Note::new(text.clone(), lines).expect("a note").to_string();
        file.push_str(&format!("witness w{number} {key}\n"));
    }
    file.push_str("group both all w1 w2\nquorum both\n");
    (TrustPolicy::parse(file.as_bytes()).expect("a trust file"), bundle.encode().expect("a bundle"))
}

#[test]
fn every_bit_of_a_bundle_matters_and_of_the_cosignatures_in_it() {
    let (log, plain) = small_bundle();
    for (trust, bundle) in [(log.trust(), plain), cosigned_bundle()] {
        assert!(check(&bundle, &trust).is_ok());
        for bit in 0..bundle.len() * 8 {
            let (at, mut flipped) = (bit / 8, bundle.clone());
            flipped[at] ^= 1 << (bit % 8);
            assert!(check(&flipped, &trust).is_err(), "byte {at} bit {}", bit % 8);
            // Of each byte one bit also as somebody would change it who can put the digest right.
            if at < bundle.len() - 32 && bit % 8 == at % 8 {
                closed(&mut flipped);
                assert!(check(&flipped, &trust).is_err(), "byte {at}, with the digest put right");
            }
        }
    }
}

#[test]
fn a_bundle_stands_for_itself_alone() {
    let (log, bundle) = small_bundle();
    let parts = Bundle::decode(&bundle).expect("a bundle");
    let refused = |change: fn(&mut Bundle)| {
        let mut changed = parts.clone();
        change(&mut changed);
        check(&changed.encode().expect("a bundle"), &log.trust())
            .expect_err("a bundle that was changed")
            .code()
    };
    assert_eq!(refused(|b| b.entries.swap(1, 2)), "bundle-order");
    assert_eq!(refused(|b| b.entries.push(b.entries[1].clone())), "bundle-order");
    assert_eq!(refused(|b| drop(b.entries.remove(0))), "genesis-missing");
    assert_eq!(refused(|b| b.entries[1].path.truncate(1)), "proof-length");
    assert_eq!(refused(|b| b.entries[1].path = b.entries[2].path.clone()), "proof-root-mismatch");
    assert_eq!(refused(|b| b.subject = StatementId::new([1; 32])), "subject-missing");
    assert_eq!(refused(|b| b.assertions.push(b.assertions[0].clone())), "assertion-invalid");
    // The log's word about another head, or against its own entries.
    let mut other = Story::new();
    let hop = other.granted();
    let first = other.log.bundle(&hop);
    other.granted();
    let mut mixed = other.log.bundle(&hop);
    mixed.assertions = first.assertions;
    let code =
        check(&mixed.encode().expect("a bundle"), &other.log.trust()).expect_err("an older assertion").code();
    assert_eq!(code, "assertion-invalid");
    let mut gathered =
        verifier::gather::gather(hop, verifier::gather::Wants::default(), &other.log).expect("bounded needs");
    gathered.rows.values_mut().find(|row| row.contains(&schemas::time::Index(1))).expect("a row").clear();
    let lying = other.log.bundle_of(&hop, gathered).encode().expect("a bundle");
    assert_eq!(check(&lying, &other.log.trust()).expect_err("a lie").code(), "assertion-false");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_bundle_never_stops_the_program_and_never_passes(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
        close in any::<bool>(),
    ) {
        let (log, original) = small_bundle();
        let mut bundle = original.clone();
        for (at, byte) in changes {
            let at = at.index(bundle.len());
            bundle[at] = byte;
        }
        if let Some(cut) = cut {
            bundle.truncate(cut.index(bundle.len()));
        }
        if close && bundle.len() > 32 {
            closed(&mut bundle);
        }
        prop_assert!(check(&bundle, &log.trust()).is_err() || bundle == original);
    }

    #[test]
    fn whatever_is_logged_is_judged_and_what_is_authorized_has_a_whole_chain(hops in prop::collection::vec(any_hop(), 1..14)) {
        let mut s = Story::new();
        let people = [s.alice.clone(), s.planner.clone(), s.worker.clone(), s.edge.clone()];
        let mut logged: Vec<StatementId> = Vec::new();
        for spec in &hops {
            let (from, to) = (&people[spec.from], &people[spec.to]);
            if from.uri() == to.uri() {
                continue;
            }
            let name = |number: usize| json!(["grant", people[number % 4].uri(), format!("{number}")]);
            let by_id = spec.parents.iter().filter_map(|parent| logged.get(*parent)).map(|id| json!(id));
            let by_name = spec.names.iter().map(|number| name(*number));
            let mut draft = hop(from.uri(), to.uri()).with("refs", json!([name(logged.len())]));
            let parents: Vec<Value> = by_id.chain(by_name).collect();
            if !parents.is_empty() {
                draft = draft.body("parents", parents);
            }
            logged.push(s.log.force(&people[spec.signer], draft));
        }
        for id in &logged {
            let subject = s.planner_pays(*id);
            for profile in PROFILES.map(|name| Profile::named(name).expect("a profile")) {
                let verdict = verdict(&s.log, &subject, &profile);
                if verdict.outcome == Outcome::Authorized {
                    let mut holder = verdict.principal.clone();
                    for hop in &verdict.hops {
                        prop_assert_eq!(&hop.delegator, &holder);
                        prop_assert_ne!(hop.assurance, "none");
                        holder = hop.delegatee.clone();
                    }
                    prop_assert_eq!(holder.as_str(), "agent:planner");
                    prop_assert!(verdict.principal == "user:alice" || verdict.principal == "gateway:edge");
                }
            }
        }
    }
}

#[derive(Clone, Debug)]
struct HopSpec {
    from: usize,
    to: usize,
    signer: usize,
    parents: Vec<usize>,
    names: Vec<usize>,
}

fn any_hop() -> impl Strategy<Value = HopSpec> {
    let honest = (0..4_usize, 0..4_usize, prop::option::weighted(0.1, 0..4_usize));
    let parents = (prop::collection::vec(0..14_usize, 0..3), prop::collection::vec(0..14_usize, 0..2));
    (honest, parents).prop_map(|((from, to, liar), (parents, names))| HopSpec {
        from,
        to,
        signer: liar.unwrap_or(from),
        parents,
        names,
    })
}

#[test]
fn what_nobody_authorizes_is_not_judged() {
    let mut s = Story::new();
    let revocation = s.log.say(&s.alice, s.revocation(json!({"kind": "task", "task": "t"})));
    let checked = s.log.check(&s.log.bundle(&revocation));
    let error =
        judge(&revocation, &checked.evidence, &Profile::standard()).expect_err("no authority is asked for");
    assert_eq!(error.code(), "not-judgeable");
    let missing = judge(&StatementId::new([0; 32]), &checked.evidence, &Profile::standard());
    assert!(matches!(missing, Err(JudgeError::NotFound { .. })));
}

/// Far more than an honest judgement takes here, far less than what an unbounded one would.
const PATIENCE: Duration = Duration::from_secs(60);

fn timed(log: &Scenario, subject: &StatementId) -> Verdict {
    let checked = log.check(&log.bundle(subject));
    let begun = Instant::now();
    let verdict =
        judge(subject, &checked.evidence, &Profile::standard()).expect("a subject that can be judged");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    verdict
}

#[test]
fn a_thousand_ways_by_one_hop_are_judged_in_bounded_time() {
    let mut s = Story::new();
    let hops: Vec<StatementId> = (0..1_000)
        .map(|number| {
            let grant = s.grant().with("task", format!("t{number}"));
            s.log.say(&s.alice, grant)
        })
        .collect();
    let onward = s.onward(hops[0]).body("parents", json!(hops));
    let onward = s.log.say(&s.planner, onward);
    let subject = s.worker_pays(onward);
    s.log.wait(1);
    let verdict = timed(&s.log, &subject);
    assert_eq!((verdict.outcome, verdict.hops.len()), (Outcome::Authorized, 2));
}

#[test]
fn diamonds_upon_diamonds_are_judged_in_bounded_time_and_the_finding_names_the_bound() {
    // Twenty layers of a hundred hops, each resting on as many of the layer before as the format lets it: 10^40 ways.
    let mut s = Story::new();
    let mut layer: Vec<StatementId> = Vec::new();
    let people = [s.planner.clone(), s.worker.clone()];
    for depth in 0..20 {
        let (from, to) = match depth {
            0 => (s.alice.clone(), people[0].clone()),
            _ => (people[(depth + 1) % 2].clone(), people[depth % 2].clone()),
        };
        let mut next = Vec::new();
        for number in 0..100 {
            let mut draft = hop(from.uri(), to.uri()).with("task", format!("{depth}.{number}"));
            if !layer.is_empty() {
                draft = draft.body("parents", json!(layer));
            }
            next.push(s.log.say(&from, draft));
        }
        layer = next;
    }
    let subject = s.worker_pays(layer[0]);
    let verdict = timed(&s.log, &subject);
    assert_eq!(verdict.outcome, Outcome::Indeterminate);
    assert!(
        verdict.findings.iter().any(|finding| finding.code == "depth-exceeded"),
        "{:#?}",
        verdict.findings
    );
}

#[test]
fn a_flood_of_revocations_by_strangers_is_judged_in_bounded_time() {
    let mut s = Story::new();
    let mut from = s.alice.clone();
    let mut above = None;
    for number in 0..40 {
        let to = if number % 2 == 0 { s.planner.clone() } else { s.worker.clone() };
        let mut draft = hop(from.uri(), to.uri()).with("task", "t");
        if let Some(above) = above {
            draft = draft.body("parents", json!([above]));
        }
        above = Some(s.log.say(&from, draft));
        from = to;
    }
    let mallory = s.log.register("user:mallory", &["principal"]);
    for _ in 0..1_500 {
        let revocation = s.revocation(json!({"kind": "task", "task": "t"}));
        s.log.say(&mallory, revocation);
    }
    let subject = s.worker_pays(above.expect("a hop"));
    let verdict = timed(&s.log, &subject);
    assert_eq!(verdict.outcome, Outcome::Authorized, "{:#?}", verdict.findings);
    assert_eq!(verdict.moment.at, Time(s.log.now.0 - 1));
}
