use alloc::vec;
use core::convert::Infallible;

use schemas::envelope::Unsigned;
use schemas::ids::{KeyId, Signature};
use schemas::payload::Payload;
use schemas::text::PrincipalId;
use serde_json::{Value, json};

use super::*;

/// A list of statements, as a place where names are looked up.
struct List(Vec<Statement>);

struct At(Index, Statement);

impl Named for At {
    fn index(&self) -> Index {
        self.0
    }

    fn statement(&self) -> Option<&Statement> {
        Some(&self.1)
    }
}

impl Names for List {
    type Found = At;
    type Error = Infallible;

    fn index_of(&self, id: &StatementId) -> Result<Option<Index>, Infallible> {
        Ok((0..).map(Index).zip(&self.0).find(|(_, each)| each.id() == *id).map(|(index, _)| index))
    }

    fn at(&self, index: Index) -> Result<Option<At>, Infallible> {
        Ok(self.0.get(index.0 as usize).map(|each| At(index, each.clone())))
    }

    fn by_value(&self, value: &Line, most: usize) -> Result<Vec<Index>, Infallible> {
        let holds = |each: &Statement| each.payload.refs.iter().any(|own| own.value == *value);
        Ok((0..).map(Index).zip(&self.0).filter(|(_, each)| holds(each)).map(|(i, _)| i).take(most).collect())
    }

    fn ids_between(
        &self,
        first: &StatementId,
        last: &StatementId,
        most: usize,
    ) -> Result<Vec<StatementId>, Infallible> {
        let mut ids: Vec<StatementId> = self.0.iter().map(Statement::id).collect();
        ids.retain(|id| (first..=last).contains(&id));
        ids.sort();
        ids.truncate(most);
        Ok(ids)
    }
}

/// A statement with more in its payload.
fn statement(more: Value) -> Statement {
    let mut json = json!({
        "v": 1, "kind": "correction", "log": "ab".repeat(32), "tenant": "default", "at": 7, "vantage": "authority",
        "body": {"about": "cd".repeat(32), "note": "x"}
    });
    json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let payload = Payload::from_json(&json).unwrap();
    let unsigned =
        Unsigned::new(&payload, &KeyId::new([1; 32]), &PrincipalId::new("user:a").unwrap()).unwrap();
    unsigned.sign(&Signature::new([0; 64])).unwrap()
}

fn imported(id: &str) -> Value {
    json!({"format": "cloudtrail", "id": id, "part": "x", "digest": "00".repeat(32), "adapter": "a"})
}

fn named(kind: &str, namespace: &str, value: &str) -> Statement {
    statement(json!({"refs": [[kind, namespace, value]]}))
}

/// An action by this foreign id, whose first digits of the request's digest tell it from others.
fn action(value: &str, number: u64) -> Statement {
    let body = json!({"phase": "attempt", "attempted_at": 7, "actor": "user:a", "action": {"name": "a"}, "resources": [alloc::format!("r/{number}")]});
    statement(json!({"kind": "action", "refs": [["request", "a:b", value]], "body": body}))
}

fn found(list: &List, name: &str) -> Option<(Matched, Vec<u64>)> {
    let Ok(found) = resolve(list, name);
    found.map(|found| (found.matched, found.found.iter().map(|at| at.0.0).collect()))
}

fn one(list: &List, name: &str) -> Option<u64> {
    let Ok(found) = resolve(list, name);
    meant(&found?, name).map(|at| at.0.0)
}

#[test]
fn a_full_id_goes_before_a_foreign_one_and_that_before_the_beginning_of_an_id() {
    let first = named("request", "a:b", "e");
    let id = first.id().to_hex();
    let list = List(vec![first, named("request", "a:b", &id), named("request", "a:b", &id[..8])]);
    assert_eq!(found(&list, &id), Some((Matched::Id, vec![0])));
    assert_eq!(found(&list, &id[..8]), Some((Matched::Foreign, vec![2])));
    assert_eq!(found(&list, &id[..9]), Some((Matched::Prefix, vec![0])));
    assert_eq!(found(&list, &id[..7]), None);
    assert_eq!(found(&list, "e"), Some((Matched::Foreign, vec![0])));
    for name in ["request:e", "ticket:e", "e:e", "E", ""] {
        assert_eq!(one(&list, name), (name == "request:e").then_some(0), "{name}");
    }
}

#[test]
fn of_one_event_the_action_is_meant_and_several_of_the_kind_are_listed() {
    let mut list = List(vec![named("request", "a:b", "e"), action("e", 1)]);
    assert_eq!(one(&list, "e"), Some(1));
    list.0.push(action("e", 2));
    assert_eq!((found(&list, "e"), one(&list, "e")), (Some((Matched::Foreign, vec![0, 1, 2])), None));
}

#[test]
fn one_event_is_one_source_event_or_one_foreign_id_of_one_namespace() {
    let event = |id: &str| {
        statement(json!({"vantage": "imported", "source": imported(id), "refs": [["event", "a:b", "e"]]}))
    };
    let with = |statements: [Statement; 2]| {
        let [a, b] = statements;
        is_one_event(&[At(Index(0), a), At(Index(1), b)], "e")
    };
    let other_tenant = statement(json!({"tenant": "other", "refs": [["request", "a:b", "e"]]}));
    assert!(with([event("e"), event("e")]));
    assert!(!with([event("e"), event("f")]));
    assert!(!with([event("e"), named("event", "a:b", "e")]));
    assert!(with([named("request", "a:b", "e"), named("request", "a:b", "e")]));
    assert!(!with([named("request", "a:b", "e"), named("request", "a:c", "e")]));
    assert!(!with([named("request", "a:b", "e"), named("ticket", "a:b", "e")]));
    assert!(!with([named("request", "a:b", "e"), other_tenant]));
}

#[test]
fn statements_that_share_the_beginning_of_their_ids_are_not_chosen_among() {
    let found = [action("e", 1), named("request", "a:b", "e")].map(|each| At(Index(0), each));
    let several = |matched| Candidates { matched, found: vec![], truncated: false };
    let mut prefix = several(Matched::Prefix);
    prefix.found.extend(found);
    assert!(meant(&prefix, "e").is_none());
    prefix.matched = Matched::Foreign;
    assert!(meant(&prefix, "e").is_some());
    prefix.truncated = true;
    assert!(meant(&prefix, "e").is_none(), "who knows what else there is");
}

#[test]
fn no_more_are_listed_than_the_most_and_it_is_said_that_there_are_more() {
    let list = List((0..70).map(|number| action("e", number)).collect());
    let Ok(Some(found)) = resolve(&list, "e") else { panic!("nothing") };
    assert_eq!((found.found.len(), found.truncated), (CANDIDATES_MAX, true));
}

fn close(list: &[Statement], name: &str, most: usize) -> Vec<String> {
    let mut nearest = Nearest::new(name, Sort::ALL, most);
    (0..).map(Index).zip(list).for_each(|(index, statement)| nearest.look(index, statement));
    nearest.finish().into_iter().map(|near| near.name).collect()
}

#[test]
fn what_looks_like_a_name_that_means_nothing_is_near_to_it() {
    let list = [named("request", "a:b", "Order-991"), named("ticket", "a:b", "x"), action("be7f89b5", 1)];
    for name in ["order-991", "order-992", "request:ORDER-9", "my order-991", "odrer-991", "order991"] {
        assert_eq!(close(&list, name, 5), ["request:Order-991"], "{name}");
    }
    assert_eq!(close(&list, "be7f89b4", 5), ["request:be7f89b5"]);
    for name in ["x", "zz", "", "order-002"] {
        assert!(close(&list, name, 5).is_empty(), "{name}");
    }
    let id = list[0].id().to_hex();
    let (begin, end) = id.split_at(9);
    let wrong = if end.starts_with('0') { '1' } else { '0' };
    assert_eq!(close(&list, &alloc::format!("{begin}{wrong}"), 5), [id]);
    assert_eq!(close(&list, "order-991", 0).len(), 0);
}

#[test]
fn the_nearest_comes_first_and_only_what_is_asked_for_is_said() {
    let list =
        [named("request", "a:b", "order-9917"), named("request", "a:b", "order-9923"), action("x1", 1)];
    assert_eq!(close(&list, "order-9922", 5), ["request:order-9923", "request:order-9917"]);
    assert_eq!(close(&list, "order-9922", 1), ["request:order-9923"]);
    let mut nearest = Nearest::new("order-9922", &[Sort::Task], 5);
    nearest.look(Index(0), &list[0]);
    assert!(nearest.finish().is_empty(), "a foreign id is no task");
}

#[test]
fn every_slip_of_one_finger_is_a_spelling() {
    let all = spellings("r-99");
    for slip in ["r99", "r-9", "r-991", "r-98", "r9-9", "x-99", "ar-99", "R-99"] {
        assert!(all.iter().any(|known| known == slip), "{slip}");
    }
    assert!(!all.iter().any(|known| known == "r-99"), "the name itself is known to mean nothing");
    assert!(spellings(&"x".repeat(NEAR_CHARS_MAX + 1)).is_empty() && spellings("x").is_empty());
}

#[test]
fn hex_digits_may_be_typed_in_capitals() {
    assert_eq!(lower_hex("ABCDEF12"), Some("abcdef12".into()));
    assert_eq!((lower_hex("abcdef12"), lower_hex("XYZ"), lower_hex("")), (None, None, None));
}
