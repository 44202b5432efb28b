//! W3C PROV-JSON (member submission of 24 April 2013): principals are agents, what was judged is an activity, statements are
//! entities.
//!
//! Names and attributes of the records are those of its sections on entities, activities, generation, usage and communication
//! (component 1) and on agents, attribution, association, delegation and influence (component 3); literals and identifiers are
//! as its overview has them. What the records mean is PROV-DM's: there, a delegation *assigns authority* (§5.3.3), which is why
//! a hop that does not stand is an entity here and no `actedOnBehalfOf`.

use std::collections::BTreeMap;

use schemas::ids::StatementId;
use schemas::kinds::{Action, Outcome as CameOf};
use schemas::payload::Body;
use schemas::time::Time;
use serde_json::{Map, Value, json};
use verifier::evidence::Record;
use verifier::verdict::{Finding, Outcome, VerdictHop, VerdictReliance};

use super::chain::{actor, permits, said, stands};
use super::title;
use crate::Unwritten;
use questions::who::tree::{findings_of, hop_standing, relied_standing};
use questions::who::{Shown, facts};

/// Prefixes and what they stand for.
const PREFIXES: [(&str, &str); 8] = [
    ("act", "urn:writ:act:"),
    ("effect", "urn:writ:effect:"),
    ("principal", "urn:writ:principal:"),
    ("prov", "http://www.w3.org/ns/prov#"),
    ("resource", "urn:writ:resource:"),
    ("statement", "urn:writ:statement:"),
    ("writ", "urn:writ:prov:"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// The document, ending in a line feed.
pub(super) fn text(shown: Shown<'_>) -> Result<String, Unwritten> {
    let mut document =
        Document { shown, act: name("act", &shown.verdict.subject.id.to_hex()), records: BTreeMap::new() };
    document.judged();
    for hop in &shown.verdict.hops {
        document.hop(hop);
    }
    for relied in &shown.verdict.relies_on {
        document.reliance(relied);
    }
    document.association();
    let prefix: BTreeMap<&str, &str> = PREFIXES.into();
    let mut whole = BTreeMap::from([("prefix", json!(prefix))]);
    whole.extend(document.records.iter().map(|(kind, records)| (*kind, json!(records))));
    let text = serde_json::to_string_pretty(&whole);
    text.map(|text| text + "\n").map_err(|e| Unwritten::new("json-encode", e.to_string()))
}

struct Document<'a> {
    shown: Shown<'a>,
    /// Name of the activity.
    act: String,
    /// By the sort of record: records by their names.
    records: BTreeMap<&'static str, BTreeMap<String, Value>>,
}

/// Whether it ends well; where no program ends, whether it would but for what is pinned.
fn is_authorized(Shown { verdict, exit, .. }: Shown<'_>) -> bool {
    exit.map_or(verdict.outcome == Outcome::Authorized && verdict.complete, |exit| exit == 0)
}

impl<'a> Document<'a> {
    /// What was judged, the statement that tells of it, and the verdict.
    fn judged(&mut self) {
        let Shown { verdict, exit, .. } = self.shown;
        let kind = verdict.subject.kind.to_string();
        let record = (self.shown.record)(&verdict.subject.id);
        let payload = record.and_then(|record| record.payload.as_ref());
        let label = facts::end(payload, &kind);
        let mut about = attributes(json!({
            "prov:label": label, "prov:type": typed("writ", &kind),
            "writ:verdict": title(self.shown),
            "writ:authorized": is_authorized(self.shown), "writ:exit": exit,
            "writ:outcome": verdict.outcome.as_str(), "writ:decision": verdict.decision,
            "writ:complete": verdict.complete, "writ:absence": verdict.absence,
            "writ:pinned": verdict.trust.pinned, "writ:registrars": verdict.trust.registrars,
            "writ:profile": format!("{} version {}", verdict.profile.name, verdict.profile.version),
            "writ:momentEstablished": verdict.moment.established,
            "writ:logOrigin": verdict.as_of.origin, "writ:logSize": verdict.as_of.size,
            "writ:logRoot": verdict.as_of.root.to_hex(),
        }));
        put_findings(&mut about, verdict.findings.iter());
        put(&mut about, "prov:startTime", moment(verdict.moment.at));
        if !verdict.principal.is_empty() {
            let root = self.agent(&verdict.principal);
            about.insert("writ:root".into(), qualified(root));
        }
        if let Some(Body::Action(action)) = payload.map(|payload| &payload.body) {
            put(&mut about, "prov:endTime", action.completed_at.and_then(moment));
            put(&mut about, "writ:cameOfIt", action.outcome.map(|outcome| outcome.to_string()));
            about.insert("writ:resource".into(), json!(action.resources));
        }
        let act = self.act.clone();
        self.put("activity", act, about);
        let statement = self.statement(&verdict.subject.id, &kind, "judged", record);
        if let Some(Body::Action(action)) = payload.map(|payload| &payload.body) {
            self.done(action, &statement);
        }
    }

    /// What an action that was carried out has touched. Of any other it is not known that it touched anything.
    fn done(&mut self, action: &Action, statement: &str) {
        if action.outcome != Some(CameOf::Completed) {
            return;
        }
        let act = self.act.clone();
        for resource in &action.resources {
            let entity = self.resource(resource.as_str());
            self.relate("used", json!({"prov:activity": act, "prov:entity": entity}));
        }
        for (number, effect) in action.effects.iter().enumerate() {
            let entity = format!("effect:{}/{number}", self.shown.verdict.subject.id.to_hex());
            let about = json!({
                "prov:label": format!("{} {}", effect.kind, effect.target), "prov:type": typed("writ", "effect"),
                "writ:external": effect.external,
            });
            self.put("entity", entity.clone(), attributes(about));
            self.relate("wasGeneratedBy", json!({"prov:entity": entity, "prov:activity": act}));
        }
        self.relate("wasInfluencedBy", json!({"prov:influencee": statement, "prov:influencer": act}));
    }

    /// A hop: its statement always, the delegation only where it stands, and for this activity only where that was authorized.
    fn hop(&mut self, hop: &VerdictHop) {
        let (mark, word) = hop_standing(self.shown, hop);
        let record = (self.shown.record)(&hop.id);
        let statement = self.statement(&hop.id, "delegation", word, record);
        let (delegate, responsible) = (self.agent(&hop.delegatee), self.agent(&hop.delegator));
        let mut said = attributes(json!({
            "writ:delegatee": qualified(delegate.clone()), "writ:delegator": qualified(responsible.clone()),
            "writ:scope": hop.scope, "writ:assurance": hop.assurance, "writ:index": hop.index.0,
        }));
        put_findings(&mut said, hop.findings.iter());
        put(&mut said, "writ:expires", hop.expires.and_then(moment).map(at));
        self.more(&statement, said);
        if !stands(mark) {
            return;
        }
        let mut relation = attributes(json!({
            "prov:delegate": delegate, "prov:responsible": responsible,
            "writ:statement": qualified(statement), "writ:standing": word, "writ:scope": hop.scope,
        }));
        put(&mut relation, "writ:expires", hop.expires.and_then(moment).map(at));
        if self.shown.verdict.outcome == Outcome::Authorized {
            relation.insert("prov:activity".into(), json!(self.act));
        }
        self.relate("actedOnBehalfOf", Value::Object(relation));
    }

    /// A statement that the subject relies on: an attempt is an activity before it, anything else was taken into account.
    fn reliance(&mut self, relied: &VerdictReliance) {
        let (mark, word) = relied_standing(self.shown, relied);
        let act = self.act.clone();
        let Some((id, record)) = relied.id.and_then(|id| Some((id, (self.shown.record)(&id)?))) else {
            let missing = json!([format!("{} {}", relied.kind, relied.name)]);
            self.miss(missing);
            return;
        };
        let statement = self.statement(&id, relied.kind, word, Some(record));
        let label = facts::relied(relied.kind, record).map(|(label, _)| label);
        let mut said = Map::new();
        put(&mut said, "prov:label", label);
        put(&mut said, "writ:ruling", facts::decision_of(record).map(|decision| decision.ruling.to_string()));
        put_findings(&mut said, findings_of(self.shown, relied).into_iter());
        self.more(&statement, said);
        if relied.kind == "attempt" {
            let attempt = name("act", &id.to_hex());
            self.put("activity", attempt.clone(), attributes(json!({"prov:type": typed("writ", "attempt")})));
            self.relate("wasInformedBy", json!({"prov:informed": act, "prov:informant": attempt}));
            return;
        }
        self.relate("used", json!({"prov:activity": act, "prov:entity": statement}));
        let by = match record.payload.as_ref().map(|payload| &payload.body) {
            Some(Body::Decision(decision)) => decision.decider.as_ref(),
            Some(Body::Approval(approval)) => Some(&approval.approver),
            _ => None,
        };
        if let Some(by) = by.filter(|by| stands(mark) && **by != record.envelope.iss) {
            let agent = self.agent(by.as_str());
            self.relate("wasAttributedTo", json!({"prov:entity": statement, "prov:agent": agent}));
        }
    }

    /// Who did it, by which plan: every permit and approval that stands.
    fn association(&mut self) {
        let agent = self.agent(&actor(self.shown));
        let plans: Vec<StatementId> = self
            .shown
            .verdict
            .relies_on
            .iter()
            .filter(|relied| relied.kind != "attempt" && permits(self.shown, relied))
            .filter_map(|relied| relied.id)
            .collect();
        let bare = json!({"prov:activity": self.act, "prov:agent": agent, "prov:role": "actor"});
        if plans.is_empty() {
            self.relate("wasAssociatedWith", bare.clone());
        }
        for plan in plans {
            let plan = name("statement", &plan.to_hex());
            self.plan(&plan);
            let mut relation = bare.clone();
            relation["prov:plan"] = json!(plan);
            self.relate("wasAssociatedWith", relation);
        }
        let payload =
            (self.shown.record)(&self.shown.verdict.subject.id).and_then(|record| record.payload.as_ref());
        if let Some(Body::Action(Action { tool: Some(tool), .. })) = payload.map(|payload| &payload.body) {
            let tool = self.agent(tool.as_str());
            let relation = json!({"prov:activity": self.act, "prov:agent": tool, "prov:role": "tool"});
            self.relate("wasAssociatedWith", relation);
        }
    }

    /// Names a principal; its name.
    fn agent(&mut self, principal: &str) -> String {
        let agent = name("principal", principal);
        self.put("agent", agent.clone(), attributes(json!({"prov:label": principal})));
        agent
    }

    fn resource(&mut self, resource: &str) -> String {
        let entity = name("resource", resource);
        self.put("entity", entity.clone(), attributes(json!({"prov:label": resource})));
        entity
    }

    /// Names a statement, and who signed it where the signature stands; its name.
    fn statement(
        &mut self,
        id: &StatementId,
        kind: &str,
        standing: &str,
        record: Option<&'a Record>,
    ) -> String {
        let entity = name("statement", &id.to_hex());
        let mut about = attributes(json!({"prov:type": [typed("writ", kind)], "writ:standing": standing}));
        put(&mut about, "writ:index", record.map(|record| record.index.0));
        self.put("entity", entity.clone(), about);
        if let Some(record) = record.filter(|record| record.standing.is_ok()) {
            let agent = self.agent(record.envelope.iss.as_str());
            let relation = json!({"prov:entity": entity, "prov:agent": agent, "writ:role": "signer"});
            self.relate("wasAttributedTo", relation);
        }
        entity
    }

    /// Adds what the activity names and is not there.
    fn miss(&mut self, missing: Value) {
        let act = self.act.clone();
        let Some(Value::Object(about)) = self.records.get_mut("activity").and_then(|acts| acts.get_mut(&act))
        else {
            return;
        };
        match (about.get_mut("writ:missing"), missing) {
            (Some(Value::Array(known)), Value::Array(more)) => known.extend(more),
            (_, missing) => drop(about.insert("writ:missing".into(), missing)),
        }
    }

    /// An entity that is followed is a plan.
    fn plan(&mut self, entity: &str) {
        let known = self.records.get_mut("entity").and_then(|entities| entities.get_mut(entity));
        if let Some(Value::Array(types)) = known.and_then(|about| about.get_mut("prov:type")) {
            types.push(typed("prov", "Plan"));
        }
    }

    fn put(&mut self, kind: &'static str, name: String, about: Map<String, Value>) {
        self.records.entry(kind).or_default().entry(name).or_insert(Value::Object(about));
    }

    fn more(&mut self, entity: &str, said: Map<String, Value>) {
        let known = self.records.get_mut("entity").and_then(|entities| entities.get_mut(entity));
        if let Some(Value::Object(about)) = known {
            about.extend(said);
        }
    }

    /// Adds a relation, under a name that means nothing outside the document.
    fn relate(&mut self, kind: &'static str, relation: Value) {
        let relations = self.records.entry(kind).or_default();
        let name = format!("_:{kind}{:04}", relations.len());
        relations.insert(name, relation);
    }
}

/// Adds findings as they are said, the worst first, each with the values that decided it.
fn put_findings<'f>(about: &mut Map<String, Value>, findings: impl Iterator<Item = &'f Finding>) {
    let with_values = |finding: &Finding| match (finding.expected.as_str(), finding.got.as_str()) {
        ("", "") => said(finding),
        (expected, got) => format!("{} (expected {expected}, got {got})", said(finding)),
    };
    let findings: Vec<String> = findings.map(with_values).collect();
    if !findings.is_empty() {
        about.insert("writ:finding".into(), json!(findings));
    }
}

fn attributes(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn put(about: &mut Map<String, Value>, attribute: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        about.insert(attribute.into(), value.into());
    }
}

/// A moment as an `xsd:dateTime`, where it has that form.
fn moment(time: Time) -> Option<String> {
    Some(time.to_string()).filter(|text| text.ends_with('Z'))
}

fn at(moment: String) -> Value {
    json!({"$": moment, "type": "xsd:dateTime"})
}

fn typed(prefix: &str, local: &str) -> Value {
    qualified(format!("{prefix}:{local}"))
}

fn qualified(name: String) -> Value {
    json!({"$": name, "type": "prov:QUALIFIED_NAME"})
}

/// A qualified name (PROV-N §3.7.1): what its local part may not hold as it is, is percent-encoded, byte by byte.
fn name(prefix: &str, local: &str) -> String {
    let last = local.len().saturating_sub(1);
    let mut name = format!("{prefix}:");
    for (at, byte) in local.bytes().enumerate() {
        match byte {
            b'-' | b'.' if at > 0 && at < last => name.push(char::from(byte)),
            b'_' | b'/' | b'@' => name.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name
}
