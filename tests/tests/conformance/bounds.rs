//! Each bound of the binary formats: accepted at it, refused one beyond.

use schemas::bundle::{Bundle, ProvedEntry};
use schemas::entry::Entry;
use schemas::envelope::{Statement, Unsigned};
use schemas::ids::{EntryHash, KeyId, Signature, StatementId};
use schemas::limits::{
    BUNDLE_BYTES_MAX, BUNDLE_STATEMENTS_MAX, BUNDLE_TERMS_MAX, CBOR_ITEMS_MAX, ENTRY_BYTES_MAX,
    NONCE_BYTES_MAX, NONCE_BYTES_MIN, STATEMENT_BYTES_MAX,
};
use schemas::payload::{ExtValue, Payload};
use schemas::time::{Index, Time};
use serde_json::{Value, json};

use crate::instances::{self, hex};

#[test]
fn the_largest_statement_fits_the_largest_entry() {
    let sized = |len: usize| Entry {
        index: Index((1 << 53) - 1),
        time: Time((1 << 53) - 1),
        prev: EntryHash::new([7; 32]),
        statement: vec![0; len],
    };
    let largest = sized(STATEMENT_BYTES_MAX);
    assert!(largest.encode().len() <= ENTRY_BYTES_MAX);
    assert_eq!(Entry::decode(&largest.encode()), Ok(largest.clone()));
    let around = largest.encode().len() - STATEMENT_BYTES_MAX;
    let full = sized(ENTRY_BYTES_MAX - around);
    assert_eq!(full.encode().len(), ENTRY_BYTES_MAX);
    assert_eq!(Entry::decode(&full.encode()), Ok(full));
    let beyond = sized(ENTRY_BYTES_MAX - around + 1);
    assert_eq!(Entry::decode(&beyond.encode()).map_err(|e| e.code()), Err("entry-too-large"));
}

#[test]
fn a_bundle_is_accepted_at_its_most_entries_and_refused_with_one_more() {
    let of = |count: usize, checkpoint: usize| Bundle {
        subject: StatementId::new([1; 32]),
        checkpoint: "x".repeat(checkpoint),
        entries: vec![ProvedEntry { entry: vec![], path: vec![] }; count],
        assertions: vec![],
    };
    let read = |bundle: &Bundle| Bundle::decode(&bundle.encode().unwrap()).map(|_| ()).map_err(|e| e.code());
    assert_eq!(read(&of(BUNDLE_STATEMENTS_MAX, 1)), Ok(()));
    assert_eq!(read(&of(BUNDLE_STATEMENTS_MAX + 1, 1)), Err("bundle-too-many-entries"));
    let around = of(0, 70_000).encode().unwrap().len() - 70_000;
    assert_eq!(of(0, BUNDLE_BYTES_MAX - around).encode().map(|bytes| bytes.len()), Ok(BUNDLE_BYTES_MAX));
    let beyond = of(0, BUNDLE_BYTES_MAX - around + 1);
    assert_eq!(beyond.encode().map_err(|e| e.code()), Err("bundle-too-large"));
}

#[test]
fn an_input_is_accepted_at_its_most_items_and_refused_with_one_more() {
    let items = |count: usize| {
        let head = [vec![0x9a], u32::try_from(count - 1).unwrap().to_be_bytes().to_vec()].concat();
        [head, vec![0; count - 1]].concat()
    };
    assert_eq!(schemas::canonical::scan(&items(CBOR_ITEMS_MAX)), Ok(()));
    let beyond = schemas::canonical::scan(&items(CBOR_ITEMS_MAX + 1));
    assert_eq!(beyond.map_err(|e| e.code()), Err("cbor-items"));
}

#[test]
fn an_assertion_is_accepted_at_its_most_terms_and_refused_with_one_more() {
    let with_rows = |count: usize| {
        let rows: Vec<Value> = (0..count).map(|term| json!([format!("{term:032x}"), []])).collect();
        let mut json = instance("assertion");
        json["body"]["rows"] = rows.into();
        Payload::from_json(&json).map(|_| ()).map_err(|e| e.code())
    };
    assert_eq!(with_rows(BUNDLE_TERMS_MAX), Ok(()));
    assert_eq!(with_rows(BUNDLE_TERMS_MAX + 1), Err("invalid-field"));
}

#[test]
fn a_nonce_is_accepted_at_either_bound_and_refused_beyond() {
    let with_nonce = |len: usize| {
        let mut json = instance("genesis");
        json["body"]["nonce"] = hex(1, len).into();
        Payload::from_json(&json).map(|_| ()).map_err(|e| e.code())
    };
    assert_eq!([with_nonce(NONCE_BYTES_MIN), with_nonce(NONCE_BYTES_MAX)], [Ok(()), Ok(())]);
    assert_eq!(with_nonce(NONCE_BYTES_MIN - 1), Err("invalid-field"));
    assert_eq!(with_nonce(NONCE_BYTES_MAX + 1), Err("invalid-field"));
}

#[test]
fn a_statement_nests_its_extension_to_the_bound_and_no_deeper() {
    let nested = |levels: usize| {
        let mut payload = Payload::from_json(&instance("correction")).unwrap();
        let value = (0..levels).fold(ExtValue::Bool(true), |inner, _| ExtValue::List(vec![inner]));
        payload.ext.insert("urn:x".parse().unwrap(), value);
        let unsigned = Unsigned::new(&payload, &KeyId::new([1; 32]), &"user:alice@corp".parse().unwrap());
        let statement =
            unsigned.map_err(|e| e.code())?.sign(&Signature::new([9; 64])).map_err(|e| e.code())?;
        Statement::decode(statement.envelope.bytes()).map(|_| ()).map_err(|e| e.code())
    };
    // The payload and its map of extensions are the first two of sixteen levels.
    assert_eq!(nested(14), Ok(()));
    assert_eq!(nested(15), Err("invalid-field"));
}

fn instance(kind: &str) -> Value {
    instances::all().into_iter().find(|instance| instance.kind == kind).unwrap().json
}
