//! What is added to the story of every vector: each thing that could be withdrawn, denied or reported as stolen, by everybody
//! there is; and everything that was said, again and better, by those who may not say it.

use std::collections::BTreeSet;

use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::payload::{Body, Kind, Payload};
use schemas::term::terms;
use schemas::time::Index;
use serde_json::{Value, json};
use tests::scenario::{Actor, Draft, Scenario};
use verifier::judge::judge;
use verifier::profile::Profile;
use verifier::registry::entitle;
use verifier::verdict::Outcome;

use crate::case::Case;
use crate::cases;
use crate::story::{Evidence, Story};

/// A story with what its subject comes to, before anything is added.
struct Told {
    name: String,
    story: Story,
    subject: StatementId,
    profile: Profile,
    before: Outcome,
}

impl Told {
    /// Nothing where the vector is of evidence that lacks an answer, or that is refused.
    fn of(case: &Case) -> Option<Self> {
        let mut story = Story::new();
        let (subject, evidence) = (case.tell)(&mut story);
        if matches!(evidence, Evidence::BundleWithout(_)) {
            return None;
        }
        let (name, profile) = (format!("{} {}", case.slug, case.name), case.profile());
        let before = outcome(&story.log, &subject, &profile)?;
        Some(Self { name, story, subject, profile, before })
    }

    fn outcome(&self, log: &Scenario) -> Option<Outcome> {
        outcome(log, &self.subject, &self.profile)
    }

    /// Every statement that can be read, without the keys' own.
    fn said(&self) -> Vec<Statement> {
        let entries = self.story.log.entries()[1..].iter();
        entries
            .filter_map(|entry| Statement::decode(&Entry::decode(entry).expect("an entry").statement).ok())
            .collect()
    }

    fn people(&self) -> Vec<Actor> {
        let Story { alice, planner, worker, pdp, edge, .. } = &self.story;
        [alice, planner, worker, pdp, edge].into_iter().cloned().collect()
    }
}

/// Judged from all entries: there an asserted absence stands as a recomputed one does.
fn outcome(log: &Scenario, subject: &StatementId, profile: &Profile) -> Option<Outcome> {
    let evidence = log.recomputed().ok()?;
    Some(judge(subject, &evidence, profile).ok()?.outcome)
}

/// The log as it goes on with a statement: admitted, or let in by a colluding operator.
fn with(log: &Scenario, by: &Actor, draft: &Draft) -> Scenario {
    let mut log = log.clone();
    let statement = log.sign(by, draft);
    // A key that nobody registered, or that was withdrawn, is refused by an honest one.
    if log.append(&statement).is_err() {
        log.force_bytes(statement.envelope.bytes(), terms(&statement));
    }
    log
}

/// Mallory, who may speak for nobody but herself, and a desk that may speak about everybody.
fn strangers(log: &mut Scenario) -> [Actor; 2] {
    [("user:mallory", "principal"), ("service:desk", "authority=**")].map(|(principal, role)| {
        let actor = Actor::named(principal, principal);
        let registration = actor.registration(log, &[role]);
        *log = with(log, &log.registrar(), &Draft::new("key", registration));
        actor
    })
}

/// Everything in a story that a revocation may name.
fn targets(said: &[Statement]) -> BTreeSet<String> {
    let mut targets: Vec<Value> = Vec::new();
    for statement in said {
        let Payload { body, task, refs, .. } = &statement.payload;
        let id = statement.id();
        targets.push(json!({"kind": "key", "key": statement.envelope.kid}));
        targets.push(json!({"kind": "principal", "principal": statement.envelope.iss}));
        targets.extend(task.iter().map(|task| json!({"kind": "task", "task": task})));
        let named = |kind: &str| {
            let foreign = refs.iter().map(move |foreign| json!({"kind": kind, "ref": foreign}));
            foreign.chain([json!({"kind": kind, "ref": id})]).collect::<Vec<_>>()
        };
        match body {
            Body::Delegation(hop) => {
                targets.extend(named("delegation"));
                for principal in [&hop.delegator, &hop.delegatee] {
                    targets.push(json!({"kind": "principal", "principal": principal}));
                }
                let credentials = hop.credential.iter().chain(&hop.presented_credential);
                targets.extend(credentials.map(|name| json!({"kind": "credential", "ref": name})));
            }
            Body::Credential(credential) => {
                targets.push(json!({"kind": "credential", "ref": credential.credential}));
            }
            Body::Approval(_) => targets.extend(named("approval")),
            Body::Action(action) => {
                targets.push(json!({"kind": "principal", "principal": action.actor}));
                targets
                    .extend(action.credential.iter().map(|name| json!({"kind": "credential", "ref": name})));
            }
            _ => {}
        }
    }
    targets.iter().map(Value::to_string).collect()
}

/// Denials of everything that was asked or done: of the very request, then and now.
fn denials(said: &[Statement], now: u64) -> Vec<Draft> {
    let mut denials = Vec::new();
    for statement in said {
        let body = json!(statement.payload)["body"].clone();
        let asked = ["actor", "action", "resources", "request", "quantities", "delegation", "credential"];
        let asked = asked.iter().filter_map(|field| Some((*field, body.get(field)?.clone())));
        let at = match &statement.payload.body {
            Body::Action(action) => action.attempted_at.0,
            Body::Decision(decision) => decision.evaluated_at.0,
            _ => continue,
        };
        for at in [at, now] {
            let deny = Draft::new("decision", json!({"ruling": "deny", "evaluated_at": at}))
                .with("tenant", json!(statement.payload.tenant));
            denials.push(asked.clone().fold(deny, |deny, (field, value)| deny.body(field, value)));
        }
    }
    denials
}

/// Every accepted vector, once where several tell one story under one profile.
fn accepted() -> impl Iterator<Item = Told> {
    let mut seen = BTreeSet::new();
    let accepted = cases::all().into_iter().filter(|case| case.name.starts_with("accept-"));
    accepted.filter_map(|case| Told::of(&case)).filter(move |told| {
        let log = told.story.log.entries().concat();
        seen.insert((log, told.subject, json!(told.profile).to_string()))
    })
}

#[test]
fn no_withdrawal_of_anything_by_anybody_makes_any_accepted_vector_more_authorized() {
    let (mut tried, mut taken) = (0, 0);
    for (turn, told) in accepted().enumerate() {
        let mut log = told.story.log.clone();
        let strangers = strangers(&mut log);
        let [mallory, desk] = strangers;
        // The root, an authority about everybody and the registrar withdraw everything; of the others one each time, in turn.
        let often = [told.story.alice.clone(), desk, log.registrar()];
        let mut others = told.people().into_iter().skip(1).chain([mallory]).collect::<Vec<Actor>>();
        others.rotate_left(turn % 5);
        for target in targets(&told.said()) {
            let target: Value = serde_json::from_str(&target).expect("JSON");
            others.rotate_left(1);
            for revoker in often.iter().chain(others.first()) {
                let revocation = Draft::new("revocation", json!({"target": target, "effective_at": 0}));
                let Some(after) = told.outcome(&with(&log, revoker, &revocation)) else { continue };
                let who = revoker.uri();
                assert!(
                    told.before <= after,
                    "{}: {:?} became {after:?} when {who} withdrew {target}",
                    told.name,
                    told.before
                );
                tried += 1;
                taken += usize::from(told.before < after);
            }
        }
    }
    println!("{tried} withdrawals, {taken} took authority");
    assert!(tried > 3_000 && taken > 500, "{tried} {taken}");
}

#[test]
fn no_denial_and_no_report_of_a_stolen_key_makes_any_accepted_vector_more_authorized() {
    let (mut tried, mut taken) = (0, 0);
    for told in accepted() {
        let mut log = told.story.log.clone();
        let [mallory, desk] = strangers(&mut log);
        let said = told.said();
        let keys: BTreeSet<String> = said.iter().map(|said| said.envelope.kid.to_string()).collect();
        let stolen = keys.iter().flat_map(|kid| [(kid, 0), (kid, log.now.0)]);
        let stolen: Vec<Draft> = stolen
            .map(|(kid, since)| Draft::new("key", json!({"op": "compromise", "kid": kid, "since": since})))
            .collect();
        let by_registrar = stolen.iter().map(|draft| (log.registrar(), draft));
        let by_mallory = stolen.iter().map(|draft| (mallory.clone(), draft));
        let denials = denials(&said, log.now.0);
        let denied =
            denials.iter().flat_map(|deny| [&told.story.pdp, &desk, &mallory].map(|by| (by.clone(), deny)));
        for (by, draft) in by_registrar.chain(by_mallory).chain(denied) {
            let Some(after) = told.outcome(&with(&log, &by, draft)) else { continue };
            let who = by.uri();
            assert!(
                told.before <= after,
                "{}: {:?} became {after:?} when {who} said {draft:?}",
                told.name,
                told.before
            );
            tried += 1;
            taken += usize::from(told.before < after);
        }
    }
    println!("{tried} denials and reports, {taken} took authority");
    assert!(tried > 2_000 && taken > 200, "{tried} {taken}");
}

/// A statement as its speaker would wish it to be: wider, longer, permitted, on behalf of the root.
fn wished(payload: &Payload) -> Vec<Value> {
    let said = json!(payload);
    let mut wished = vec![said.clone()];
    let mut wish = |change: &dyn Fn(&mut Value)| {
        let mut better = said.clone();
        change(&mut better["body"]);
        wished.push(better);
    };
    let without = |body: &mut Value, fields: &[&str]| {
        let body = body.as_object_mut().expect("an object");
        fields.iter().for_each(|field| drop(body.remove(*field)));
    };
    let bounds = ["expires", "not_before", "use_limit", "max_depth", "audience", "stage"];
    match payload.kind {
        Kind::Delegation => {
            wish(&|body| {
                without(body, &bounds);
                body["scope"] = json!([{"actions": ["**"], "resources": ["**"]}]);
            });
            wish(&|body| {
                without(body, &[&bounds[..], &["parents", "on_behalf_of"]].concat());
                body["delegator"] = json!("user:alice");
                body["scope"] = json!([{"actions": ["**"], "resources": ["**"]}]);
            });
        }
        Kind::Decision => wish(&|body| {
            without(body, &["valid_until", "obligations", "reason"]);
            body["ruling"] = json!("permit");
        }),
        Kind::Approval => wish(&|body| {
            without(body, &["expires", "valid_until", "use_limit"]);
            body["scope"] = json!("template");
        }),
        Kind::Credential => wish(&|body| without(body, &["expires", "audience"])),
        Kind::Principal => wish(&|body| body["status"] = json!("active")),
        Kind::Task => wish(&|body| body["op"] = json!("open")),
        _ => {}
    }
    wished
}

#[test]
fn nothing_that_is_said_better_by_a_key_without_the_role_makes_any_rejected_vector_authorized() {
    let (mut vectors, mut lies) = (0, 0);
    let rejected = cases::all().into_iter().filter(|case| case.name.starts_with("reject-"));
    let rejected = rejected.filter_map(|case| Told::of(&case));
    for told in rejected.filter(|told| told.before != Outcome::Authorized) {
        let mut log = told.story.log.clone();
        let [mallory, _] = strangers(&mut log);
        let liars: Vec<Actor> = told.people().into_iter().chain([mallory]).collect();
        vectors += 1;
        for liar in &liars {
            let (mut lied, mut told_before) = (log.clone(), BTreeSet::new());
            for statement in told.said().iter().filter(|said| said.id() != told.subject) {
                for wish in wished(&statement.payload) {
                    // Some wishes cannot be written down as a statement.
                    let Ok(payload) = Payload::from_json(&wish) else { continue };
                    let lie = liar.sign(&payload);
                    let may = log
                        .registry()
                        .key(&liar.kid())
                        .is_some_and(|key| entitle(key, &lie, Index(log.entries().len() as u64)).is_ok());
                    if !may && told_before.insert(lie.id()) {
                        lied.force_bytes(lie.envelope.bytes(), terms(&lie));
                        lies += 1;
                    }
                }
            }
            let after = told.outcome(&lied);
            assert_ne!(after, Some(Outcome::Authorized), "{} by {}", told.name, liar.uri());
        }
    }
    println!("{lies} lies in {vectors} vectors");
    assert!(vectors > 150 && lies > 5_000, "{vectors} {lies}");
}
