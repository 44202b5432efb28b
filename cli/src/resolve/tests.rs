use gateway::signer::Signer;
use keyfile::SecretKey;
use schemas::payload::Payload;
use schemas::text::PrincipalId;
use serde_json::{Value, json};

use super::*;
use crate::schema::tests::assert_described;
use crate::testlog::serve;

/// A correction with more in its payload.
fn statement(more: Value) -> Statement {
    let mut json = json!({
        "v": 1, "kind": "correction", "log": "ab".repeat(32), "tenant": "default", "at": 7, "vantage": "authority",
        "body": {"about": "cd".repeat(32), "note": "x"}
    });
    json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let signer = Signer::new(SecretKey::generate().unwrap(), PrincipalId::new("user:a").unwrap());
    signer.sign(&Payload::from_json(&json).unwrap()).unwrap()
}

fn named(kind: &str, namespace: &str, value: &str) -> Statement {
    statement(json!({"refs": [[kind, namespace, value]]}))
}

#[test]
fn statements_that_share_only_the_beginning_of_their_ids_are_listed_and_not_chosen_among() {
    let two = [named("request", "a:b", "e"), named("request", "a:b", "e")];
    let as_of = json!({"origin": "o", "size": 9, "root": "00".repeat(32), "time": 1});
    let answer = |matched: &str| {
        let candidates: Vec<Value> = (1..)
            .zip(&two)
            .map(|(index, statement)| json!({"id": statement.id(), "index": index, "kind": "correction"}))
            .collect();
        let found = json!({"as_of": as_of, "matched": matched, "candidates": candidates}).to_string();
        let statements =
            two.iter().map(|each| (format!("/v1/statements/{}", each.id()), each.envelope.bytes().to_vec()));
        serve(
            std::iter::once(("/v1/resolve?id=e".to_owned(), found.into_bytes())).chain(statements).collect(),
        )
    };
    for matched in ["prefix", "something-new"] {
        let failure = resolve(&answer(matched), "e").unwrap_err();
        assert_eq!(
            (failure.exit, failure.code.as_str(), failure.more.candidates.len()),
            (Exit::Usage, "ambiguous-id", 2)
        );
        assert_described(&failure.document());
        for (each, row) in two.iter().zip(&failure.more.candidates) {
            assert!(failure.what.contains(&short(&each.id())), "{}", failure.what);
            assert_eq!((row.id, row.at, row.tenant.as_str()), (each.id(), 7, "default"));
        }
    }
}

#[test]
fn an_empty_id_is_a_mistake_of_whoever_asks() {
    let failure = resolve(&serve(vec![]), "").unwrap_err();
    assert_eq!((failure.exit, failure.code.as_str()), (Exit::Usage, "empty-id"));
}

#[test]
fn a_place_is_a_number_behind_its_sign() {
    assert_eq!((place("#12"), place("12"), place("#"), place("#-1")), (Some(12), None, None, None));
}
