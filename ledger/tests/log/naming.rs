//! What people call a statement, and what it is found by.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::client::{get, serve};
use crate::harness::{Lab, statement};

/// A log with a decision that is given these fields, and where it is served.
fn lab(changes: &[&dyn Fn(&mut Value)]) -> (Lab, SocketAddr, Vec<String>) {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let statements: Vec<Vec<u8>> = (0..)
        .zip(changes)
        .map(|(number, change)| {
            let mut payload = lab.decision(number);
            change(&mut payload);
            pdp.says(&payload)
        })
        .collect();
    let ids = statements.iter().map(|bytes| statement(bytes).id().to_hex()).collect();
    lab.submit(statements);
    let address = serve(&lab);
    (lab, address, ids)
}

fn candidates(address: SocketAddr, name: &str) -> Vec<String> {
    let answer = get(address, &format!("/v1/resolve?id={name}"));
    if answer.status == 404 {
        return Vec::new();
    }
    let answer = answer.json();
    assert_eq!(answer["matched"], "foreign");
    let listed = answer["candidates"].as_array().unwrap();
    listed.iter().map(|candidate| candidate["id"].as_str().unwrap().to_owned()).collect()
}

fn found(address: SocketAddr, query: &str) -> Vec<String> {
    let page = get(address, &format!("/v1/statements?{query}")).json();
    let results = page["results"].as_array().unwrap();
    results.iter().map(|result| result["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_foreign_id_of_any_type_is_found_by_its_value_and_by_type_and_value() {
    let with =
        |kind: &'static str| move |payload: &mut Value| payload["refs"] = json!([[kind, "urn:x", "inv-7"]]);
    let (_lab, address, ids) = lab(&[&with("invoice"), &with("shared-event"), &|_| {}]);
    assert_eq!(candidates(address, "inv-7"), ids[..2]);
    assert_eq!(candidates(address, "invoice:inv-7"), ids[..1]);
    assert_eq!(candidates(address, "shared-event:inv-7"), ids[1..2]);
    assert_eq!(candidates(address, "region:inv-7"), Vec::<String>::new());
    assert_eq!(found(address, "ref=invoice:inv-7"), ids[..1], "a search is of one type");
    assert_eq!(found(address, "ref=shared-event:inv-7"), ids[1..2]);
    assert_eq!(found(address, "ref=region:inv-7"), Vec::<String>::new());
}

#[test]
fn an_id_that_itself_holds_a_colon_is_found_whole() {
    let arn = "arn:aws:iam::1:role-x";
    let (_lab, address, ids) =
        lab(&[&|payload| payload["refs"] = json!([["session-issuer", "urn:aws", arn]])]);
    assert_eq!(candidates(address, arn), ids);
    assert_eq!(candidates(address, &format!("session-issuer:{arn}")), ids);
    assert_eq!(found(address, &format!("ref=session-issuer:{arn}")), ids);
}

#[test]
fn a_credential_never_seen_issued_names_the_acts_under_it_and_one_that_was_only_those_that_carry_it() {
    let key = json!(["access-key", "urn:aws", "AKIAEXAMPLE"]);
    let presents = |payload: &mut Value| payload["body"]["credential"] = key.clone();
    let (_lab, address, ids) = lab(&[&presents, &|_| {}]);
    assert_eq!(candidates(address, "AKIAEXAMPLE"), ids[..1]);
    let carries = |payload: &mut Value| payload["refs"] = json!([key.clone()]);
    let (_lab, address, ids) = lab(&[&presents, &carries]);
    assert_eq!(candidates(address, "AKIAEXAMPLE"), ids[1..], "what goes by the id comes before who used it");
    assert_eq!(found(address, "ref=access-key:AKIAEXAMPLE"), ids, "a search finds both");
}

#[test]
fn a_statement_that_only_refers_to_a_foreign_id_does_not_go_by_it() {
    let refers = |payload: &mut Value| payload["body"]["delegation"] = json!(["invoice", "urn:x", "inv-7"]);
    let (_lab, address, ids) = lab(&[&refers]);
    assert_eq!(candidates(address, "inv-7"), Vec::<String>::new());
    assert_eq!(found(address, "ref=invoice:inv-7"), ids);
}

#[test]
fn a_search_by_one_type_pages_past_values_of_others() {
    let with =
        |kind: &'static str| move |payload: &mut Value| payload["refs"] = json!([[kind, "urn:x", "same"]]);
    let (one, other) = (with("one"), with("other"));
    let (_lab, address, ids) = lab(&[&one, &other, &one, &other, &other, &one]);
    let (mut all, mut query) = (Vec::new(), "ref=one:same&limit=1".to_owned());
    loop {
        let page = get(address, &format!("/v1/statements?{query}")).json();
        all.extend(page["results"].as_array().unwrap().iter().map(|result| result["id"].clone()));
        let Some(next) = page["next"].as_str() else { break };
        query = format!("ref=one:same&limit=1&cursor={next}");
    }
    assert_eq!(all, [&ids[0], &ids[2], &ids[5]].map(|id| json!(id)));
}
