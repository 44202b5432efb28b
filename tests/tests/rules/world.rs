//! Worlds made by chance: delegations that join and fork, permits, approvals, credentials, a task, and actions that rest on them.

use std::collections::BTreeMap;

use schemas::ids::StatementId;
use serde_json::{Value, json};
use tests::scenario::{Actor, Draft};

use crate::story::{Story, hop};

/// A number that chance drew, spent choice by choice: of each the first is the simplest.
pub(crate) struct Draw(pub(crate) u64);

impl Draw {
    /// A choice among so many.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let chosen = self.0 % end as u64;
        self.0 /= end as u64;
        chosen as usize
    }

    /// Chosen once in so many times.
    pub(crate) fn rarely(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    pub(crate) fn of<'t, T>(&mut self, things: &'t [T]) -> &'t T {
        &things[self.below(things.len())]
    }
}

/// A delegation as it was meant.
#[derive(Clone)]
struct Hop {
    id: StatementId,
    to: Actor,
    /// The hops that it rests on; none where Alice gave it.
    parents: Vec<StatementId>,
}

/// Everybody, what they said, and what is to be judged.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) story: Story,
    agents: Vec<Actor>,
    manager: Actor,
    idp: Actor,
    mallory: Actor,
    hops: Vec<Hop>,
    approvals: Vec<StatementId>,
    decisions: Vec<StatementId>,
    /// The name of a credential, and whose it is.
    credentials: Vec<(Value, String)>,
    /// Actions, and the delegation that each rests on.
    pub(crate) actions: BTreeMap<StatementId, StatementId>,
}

impl World {
    /// Steps by chance, and actions at their end.
    pub(crate) fn told(steps: &[u64]) -> Self {
        let mut story = Story::new();
        let helper = story.log.register("agent:helper", &["principal"]);
        let manager = story.log.register("user:manager", &["approver"]);
        let idp = story.log.register("service:idp", &["authority=user:*", "authority=agent:*"]);
        let mallory = story.log.register("user:mallory", &["principal"]);
        let open = Draft::new("task", json!({"op": "open", "owner": "user:alice"})).with("task", "t");
        story.log.say(&idp, open);
        let agents = vec![story.planner.clone(), story.worker.clone(), helper];
        let mut world = Self {
            story,
            agents,
            manager,
            idp,
            mallory,
            hops: Vec::new(),
            approvals: Vec::new(),
            decisions: Vec::new(),
            credentials: Vec::new(),
            actions: BTreeMap::new(),
        };
        world.grant(&mut Draw(0));
        steps.iter().for_each(|step| world.step(&mut Draw(*step)));
        // What came last, and where ways met last.
        let last = world.hops.last().cloned();
        let met = world.hops.iter().rfind(|hop| hop.parents.len() > 1).cloned();
        last.into_iter().chain(met).for_each(|hop| world.act_by(&mut Draw(0), hop));
        world
    }

    /// Everybody with a key but the log itself.
    pub(crate) fn people(&self) -> Vec<Actor> {
        let Story { log, alice, pdp, edge, .. } = &self.story;
        let others = [alice, pdp, edge, &self.manager, &self.idp, &self.mallory];
        others.into_iter().chain(&self.agents).cloned().chain([log.registrar()]).collect()
    }

    /// Whether a hop still leads to Alice without some of the statements, by what was meant.
    pub(crate) fn leads_to_alice(&self, hop: &StatementId, gone: &[StatementId]) -> bool {
        let Some(hop) = self.hops.iter().find(|known| known.id == *hop) else { return false };
        let parents = || hop.parents.iter().any(|parent| self.leads_to_alice(parent, gone));
        !gone.contains(&hop.id) && (hop.parents.is_empty() || parents())
    }

    fn step(&mut self, draw: &mut Draw) {
        match draw.below(10) {
            0 | 1 => self.grant(draw),
            2..=4 => self.onward(draw),
            5..=7 => self.act(draw),
            8 => self.issue(draw),
            _ => self.take_back(draw),
        }
    }

    /// Alice lets an agent pay.
    fn grant(&mut self, draw: &mut Draw) {
        let to = draw.of(&self.agents).clone();
        self.hand_on(draw, &self.story.alice.clone(), to, Vec::new());
    }

    /// An agent hands on what it was given: by one hop, or by several that meet in it.
    fn onward(&mut self, draw: &mut Draw) {
        let Hop { id, to: from, .. } = draw.of(&self.hops).clone();
        let others: Vec<Actor> = self.agents.iter().filter(|a| a.uri() != from.uri()).cloned().collect();
        let to = draw.of(&others).clone();
        let meets = |hop: &&Hop| hop.id != id && hop.to.uri() == from.uri() && !draw.rarely(3);
        let meeting: Vec<StatementId> = self.hops.iter().filter(meets).map(|hop| hop.id).collect();
        self.hand_on(draw, &from, to, [vec![id], meeting].concat());
    }

    fn hand_on(&mut self, draw: &mut Draw, from: &Actor, to: Actor, parents: Vec<StatementId>) {
        let number = self.hops.len();
        let mut draft =
            hop(from.uri(), to.uri()).with("refs", json!([["grant", from.uri(), format!("{number}")]]));
        if !parents.is_empty() {
            let named: Vec<Value> = parents.iter().map(|parent| self.name_of(draw, parent)).collect();
            draft = draft.body("parents", named).body("on_behalf_of", "user:alice");
        }
        if draw.rarely(5) {
            draft = draft.with("task", "t");
        }
        if draw.rarely(6) {
            draft = draft.body("expires", json!(self.story.later(20)));
        }
        if draw.rarely(6) {
            draft =
                draft.body("scope", json!([{"actions": ["pay:send"], "resources": ["acct/7", "acct/8"]}]));
        }
        let id = self.say(from, &draft);
        self.hops.push(Hop { id, to, parents });
    }

    /// A hop by its id, or by the name that its giver gave it.
    fn name_of(&self, draw: &mut Draw, id: &StatementId) -> Value {
        let number = self.hops.iter().position(|hop| hop.id == *id).expect("a hop");
        let giver = match self.hops[number].parents.first() {
            None => &self.story.alice,
            Some(parent) => &self.hops.iter().find(|hop| hop.id == *parent).expect("a hop").to,
        };
        if draw.rarely(3) { json!(["grant", giver.uri(), format!("{number}")]) } else { json!(id) }
    }

    /// Somebody pays by a hop: with a permit, and sometimes an approval, a credential, the task.
    fn act(&mut self, draw: &mut Draw) {
        let hop = draw.of(&self.hops).clone();
        self.act_by(draw, hop);
    }

    fn act_by(&mut self, draw: &mut Draw, Hop { id, to, .. }: Hop) {
        let actor = if draw.rarely(8) { draw.of(&self.agents).clone() } else { to };
        let of_task = draw.rarely(4);
        let within = |draft: Draft| if of_task { draft.with("task", "t") } else { draft };
        let request = json!(["request", "service:pdp", format!("{}", self.decisions.len())]);
        let mut payment = within(self.story.payment(actor.uri(), id)).without("decision");
        payment = payment.body("delegation", self.name_of(draw, &id));
        if draw.rarely(3) {
            payment = payment.body("approval", json!(self.approve(actor.uri())));
        }
        if !draw.rarely(8) {
            let permit = within(self.story.permit(actor.uri())).with("refs", json!([request]));
            let decision = self.say(&self.story.pdp.clone(), &permit);
            self.decisions.push(decision);
            payment = payment.body("decision", if draw.rarely(3) { request } else { json!(decision) });
        }
        let own = self.credentials.iter().find(|(_, holder)| holder == actor.uri());
        if let Some((name, _)) = own.filter(|_| draw.below(2) == 0) {
            payment = payment.body("credential", name.clone());
        }
        let action = self.say(&actor, &payment.body("attempted_at", json!(self.story.log.now)));
        self.actions.insert(action, id);
    }

    fn approve(&mut self, requester: &str) -> StatementId {
        let body = json!({
            "approver": "user:manager", "requester": requester, "action": {"name": "pay:send"},
            "resources": ["acct/7"], "scope": "exact", "approved_at": self.story.log.now,
        });
        let approval = self.say(&self.manager.clone(), &Draft::new("approval", body));
        self.approvals.push(approval);
        approval
    }

    fn issue(&mut self, draw: &mut Draw) {
        let holder = draw.of(&self.agents).uri().to_owned();
        let name = json!(["token", "service:idp", format!("{}", self.credentials.len())]);
        let body = json!({
            "op": "issue", "credential": name, "holder": holder, "type": "jwt", "expires": self.story.later(3_600_000),
            "binding": "jkt:0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
        });
        self.say(&self.idp.clone(), &Draft::new("credential", body));
        self.credentials.push((name, holder));
    }

    /// A revocation, a deny, or a report of a stolen key, by whoever and of whatever.
    pub(crate) fn take_back(&mut self, draw: &mut Draw) {
        let (people, log) = (self.people(), &self.story.log);
        let times = [json!(log.now), json!(0), json!(log.now.0 - 10), json!(log.now.0 + 10)];
        let somebody = draw.of(&people).clone();
        match draw.below(4) {
            0 | 1 => {
                let target = self.target(draw);
                let mut body = json!({"target": target, "effective_at": draw.of(&times)});
                if draw.rarely(5) {
                    body["revoker"] = json!(draw.of(&people).uri());
                }
                self.say(&somebody, &Draft::new("revocation", body));
            }
            2 => {
                let actor = draw.of(&self.agents).uri().to_owned();
                let ruler = if draw.rarely(4) { somebody } else { self.story.pdp.clone() };
                let deny = self.story.permit(&actor).body("ruling", "deny");
                let deny = deny.body("evaluated_at", draw.of(&times).clone());
                self.say(&ruler, &deny);
            }
            _ => {
                let whose = draw.of(&people).kid();
                let body = json!({"op": "compromise", "kid": whose, "since": draw.of(&times)});
                let by = if draw.rarely(4) { somebody } else { log.registrar() };
                self.say(&by, &Draft::new("key", body));
            }
        }
    }

    fn target(&self, draw: &mut Draw) -> Value {
        let of = |kind: &str, id: &StatementId| json!({"kind": kind, "ref": id});
        let hops = self.hops.iter().map(|hop| of("delegation", &hop.id));
        let approvals = self.approvals.iter().map(|id| of("approval", id));
        let credentials = self.credentials.iter().map(|(name, _)| json!({"kind": "credential", "ref": name}));
        let people = self.people();
        let people = people.iter().flat_map(|person| {
            [
                json!({"kind": "principal", "principal": person.uri()}),
                json!({"kind": "key", "key": person.kid()}),
            ]
        });
        let task = [json!({"kind": "task", "task": "t"})];
        let targets: Vec<Value> =
            hops.chain(approvals).chain(credentials).chain(task).chain(people).collect();
        draw.of(&targets).clone()
    }

    /// Said, and logged by a colluding operator where an honest one would refuse it.
    fn say(&mut self, by: &Actor, draft: &Draft) -> StatementId {
        let log = &mut self.story.log;
        let statement = log.sign(by, draft);
        log.append(&statement).unwrap_or_else(|_| log.force(by, draft.clone()))
    }
}
