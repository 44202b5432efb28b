//! Statements of every kind, signed.

use schemas::envelope::Statement;
use schemas::payload::Payload;
use schemas::term::terms;
use serde_json::{Value, json};

use super::signer::{Signer, sig_structure, thumbprint, verifies};
use super::{Vectors, all, bytes, hex, text};
use crate::grammar::Grammar;
use crate::instances::{self, Instance};
use crate::item::Item;
use crate::languages::Schemas;
use crate::oracle;

pub(crate) fn make() -> Vectors {
    let instances = instances::all();
    let mut made = Vectors::new();
    for instance in &instances {
        let description = format!("A statement of kind {}: {}.", instance.kind, instance.name);
        let path = format!("statements/{}/accept-{}.json", instance.kind, instance.name);
        made.insert(path, vector(instance, &description, -19, true));
    }
    let delegation = instances.iter().find(|i| i.kind == "delegation" && i.name == "minimal").unwrap();
    let old = "The header names EdDSA (-8), which is read and never written.";
    made.insert("statements/delegation/accept-alg-eddsa.json".into(), vector(delegation, old, -8, true));
    let wrong = "The form is right and the signature is not: one bit of it is flipped.";
    made.insert(
        "statements/delegation/accept-wrong-signature.json".into(),
        vector(delegation, wrong, -19, false),
    );
    made
}

/// The signer of a kind's vectors.
pub(crate) fn signer(kind: &str) -> Signer {
    match kind {
        "genesis" | "assertion" | "index-root" => Signer::new(2, "log:ledger.corp/test"),
        "key" | "principal" | "link" => Signer::new(4, "user:registrar@corp"),
        "decision" => Signer::new(5, "service:pdp.corp"),
        "action" | "stream" => Signer::new(6, "gateway:edge"),
        "approval" => Signer::new(8, "user:bob@corp"),
        _ => Signer::new(7, "user:alice@corp"),
    }
}

/// The statement that an instance is signed into.
pub(crate) fn statement(instance: &Instance, alg: i64) -> Vec<u8> {
    let payload = instance.payload();
    let signer = signer(instance.kind);
    signer.statement(&signer.header(alg, &payload.subject()).encode(), &payload.to_bytes().unwrap())
}

fn vector(instance: &Instance, description: &str, alg: i64, signature_valid: bool) -> Value {
    let signer = signer(instance.kind);
    let mut bytes = statement(instance, alg);
    if !signature_valid {
        *bytes.last_mut().unwrap() ^= 1;
    }
    let read = Statement::decode(&bytes).unwrap();
    let terms: Vec<String> = terms(&read).iter().map(ToString::to_string).collect();
    json!({
        "description": description,
        "seed": hex(signer.seed),
        "public": hex(signer.public()),
        "kid": hex(signer.kid()),
        "iss": signer.iss,
        "sub": instance.payload().subject(),
        "json": instance.json,
        "payload": hex(instance.payload().to_bytes().unwrap()),
        "statement": hex(&bytes),
        "id": blake3::hash(&bytes).to_hex().to_string(),
        "signature_valid": signature_valid,
        "terms": terms,
    })
}

#[test]
fn every_accepted_statement_is_what_its_vector_says() {
    let (grammar, schemas) = (Grammar::load(), Schemas::load());
    for (path, vector) in all("statements") {
        let kind = path.split('/').nth(1).unwrap();
        assert!(path.split('/').nth(2).unwrap().starts_with("accept-"), "{path}");
        let statement_bytes = bytes(&vector, "statement");
        let statement = Statement::decode(&statement_bytes).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(Statement::decode_accepted(&statement_bytes).as_ref(), Ok(&statement), "{path}");
        let envelope = &statement.envelope;
        assert_eq!(envelope.bytes(), statement_bytes, "{path}");
        assert_eq!(statement.id().to_hex(), text(&vector, "id"), "{path}");
        assert_eq!(blake3::hash(&statement_bytes).to_hex().as_str(), text(&vector, "id"), "{path}");
        assert_eq!(envelope.kid.to_hex(), text(&vector, "kid"), "{path}");
        assert_eq!(hex(thumbprint(&bytes(&vector, "public"))), text(&vector, "kid"), "{path}");
        assert_eq!(
            (envelope.iss.as_str(), envelope.sub.as_str()),
            (text(&vector, "iss"), text(&vector, "sub")),
            "{path}"
        );
        assert_eq!(envelope.payload(), bytes(&vector, "payload"), "{path}");
        assert_eq!(statement.payload.kind.as_str(), kind, "{path}");
        assert_eq!(Payload::from_json(&vector["json"]).as_ref(), Ok(&statement.payload), "{path}");
        assert_eq!(serde_json::to_value(&statement.payload).unwrap(), vector["json"], "{path}");
        let found: Vec<String> = terms(&statement).iter().map(ToString::to_string).collect();
        assert_eq!(json!(found), vector["terms"], "{path}");

        assert!(grammar.accepts("statement", &statement_bytes), "{path}");
        assert!(grammar.accepts(&format!("{kind}-payload"), envelope.payload()), "{path}");
        assert_eq!(schemas.check(kind, &vector["json"]), Ok(()), "{path}");
        assert!(oracle::accepts(&statement_bytes) && oracle::accepts(envelope.payload()), "{path}");
        check_signature(&path, &vector, &statement);
    }
}

/// The signed bytes as another writer makes them, and the signature as the seed makes it.
fn check_signature(path: &str, vector: &Value, statement: &Statement) {
    let Item::Tag(18, parts) = Item::decode(statement.envelope.bytes()) else { panic!("{path}") };
    let Item::List(parts) = *parts else { panic!("{path}") };
    let [Item::Bytes(protected), _, Item::Bytes(payload), Item::Bytes(signature)] = parts.as_slice() else {
        panic!("{path}")
    };
    let signed = sig_structure(protected, payload);
    assert_eq!(statement.envelope.to_be_signed(), signed, "{path}");
    let valid = vector["signature_valid"].as_bool().unwrap();
    assert_eq!(verifies(&bytes(vector, "public"), &signed, signature), valid, "{path}");
    let seed = bytes(vector, "seed");
    let signer = Signer::new(seed[0], text(vector, "iss"));
    assert_eq!(
        (signer.seed.as_slice(), hex(signer.public()).as_str()),
        (seed.as_slice(), text(vector, "public")),
        "{path}"
    );
    assert_eq!(signer.sign(&signed).as_slice() == signature, valid, "{path}");
}
