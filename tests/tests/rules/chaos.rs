//! Logs without sense: well-formed statements of every kind that is judged or judged by, by anybody, each referring to whatever
//! came before it or to names that any other goes by, itself included. Whatever they say, judging ends.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use schemas::entry::Entry;
use schemas::envelope::Envelope;
use schemas::ids::StatementId;
use serde_json::{Value, json};
use tests::scenario::{Actor, Draft};
use verifier::judge::{JudgeError, judge};
use verifier::profile::{PROFILES, Profile};

use crate::story::{Story, digest};
use crate::world::Draw;

/// Far more than judging one of these takes: tens of milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Names that statements go by: so few that they meet.
const NAMES: usize = 5;

/// What a statement may refer to.
struct Things {
    people: Vec<Actor>,
    said: Vec<StatementId>,
}

impl Things {
    fn name(&self, draw: &mut Draw) -> Value {
        let space = ["user:alice", "agent:planner", "agent:worker", "service:pdp", "gateway:edge"];
        json!(["name", draw.of(&space), format!("{}", draw.below(NAMES))])
    }

    fn reference(&self, draw: &mut Draw) -> Value {
        if self.said.is_empty() || draw.below(2) == 0 { self.name(draw) } else { json!(draw.of(&self.said)) }
    }

    fn references(&self, draw: &mut Draw) -> Vec<Value> {
        (0..=draw.below(4)).map(|_| self.reference(draw)).collect()
    }

    fn who(&self, draw: &mut Draw) -> String {
        draw.of(&self.people).uri().into()
    }

    /// Somebody else.
    fn other(&self, draw: &mut Draw, than: &str) -> String {
        let others: Vec<&Actor> = self.people.iter().filter(|person| person.uri() != than).collect();
        draw.of(&others).uri().into()
    }

    fn draft(&self, draw: &mut Draw, now: u64) -> Draft {
        let action = json!({"name": "pay:send"});
        let (who, third) = (self.who(draw), self.who(draw));
        let other = self.other(draw, &who);
        let when = *draw.of(&[now, 0, now + 10_000, now - 5_000]);
        let scope = json!([{"actions": ["pay:*"], "resources": ["acct/**"], "limits": {"eur": {"max": draw.below(3)}}}]);
        let ruling = ["permit", "deny", "indeterminate"][draw.below(3)];
        let mut draft = match draw.below(8) {
            0..=2 => Draft::new("delegation", json!({"delegator": who, "delegatee": other, "scope": scope}))
                .body("parents", self.references(draw)),
            3 => Draft::new("decision", json!({
                "ruling": ruling, "actor": who, "action": action,
                "resources": ["acct/7"], "evaluated_at": when, "request": digest(1),
            }))
            .body("delegation", self.reference(draw))
            .body("approval", self.reference(draw)),
            4 => Draft::new("approval", json!({
                "approver": who, "requester": other, "action": action, "resources": ["acct/7"], "scope": "exact",
                "approved_at": when, "use_limit": 1,
            }))
            .body("supersedes", self.reference(draw)),
            5 => Draft::new("credential", json!({
                "op": "issue", "credential": self.name(draw), "holder": who, "type": "jwt",
            }))
            .body("delegation", self.reference(draw)),
            6 => Draft::new("revocation", json!({
                "target": {"kind": "delegation", "ref": self.reference(draw)}, "effective_at": when, "revoker": third,
            })),
            _ => Draft::new("action", json!({
                "phase": "both", "outcome": "completed", "actor": who, "action": action, "resources": ["acct/7"],
                "attempted_at": when, "quantities": {"eur": 1}, "request": digest(1),
            }))
            .body("delegation", self.reference(draw))
            .body("decision", self.reference(draw))
            .body("approval", self.reference(draw))
            .body("credential", self.name(draw)),
        };
        if draw.below(2) == 0 {
            draft = draft.with("task", "t");
        }
        draft.with("refs", json!([self.name(draw)]))
    }
}

fn told(steps: &[u64]) -> Story {
    let mut s = Story::new();
    let people = [&s.alice, &s.planner, &s.worker, &s.pdp, &s.edge].map(Actor::clone).to_vec();
    let mut things = Things { people, said: Vec::new() };
    for step in steps {
        // One number is too few choices: it is the beginning of as many as there are.
        let mut draws = blake3::Hasher::new().update(&step.to_le_bytes()).finalize_xof();
        let mut number = || {
            let mut bytes = [0; 8];
            draws.fill(&mut bytes);
            Draw(u64::from_le_bytes(bytes))
        };
        let draft = things.draft(&mut number(), s.log.now.0);
        let by = number().of(&things.people).clone();
        things.said.push(s.log.force(&by, draft));
    }
    s
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_refers_to_whatever_in_circles_too_is_judged_in_bounded_time(steps in prop::collection::vec(any::<u64>(), 1..40)) {
        let s = told(&steps);
        let whole = s.log.recomputed().expect("a whole log");
        for entry in s.log.entries() {
            let id = Envelope::decode(&Entry::decode(entry).expect("an entry").statement).expect("an envelope").id;
            let begun = Instant::now();
            let gathered = s.log.check(&s.log.bundle(&id)).evidence;
            for profile in PROFILES.map(|name| Profile::named(name).expect("a profile")) {
                for evidence in [&gathered, &whole] {
                    let judged = judge(&id, evidence, &profile);
                    prop_assert!(matches!(judged, Ok(_) | Err(JudgeError::NotJudgeable { .. })), "{judged:?}");
                }
            }
            prop_assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
        }
    }
}
