//! Laws of statements, over one of the smallest.

use alloc::vec;
use alloc::vec::Vec;
use coset::TaggedCborSerializable as _;

use super::*;

fn payload() -> Payload {
    let json = serde_json::json!({
        "v": 1, "kind": "delegation", "log": "00".repeat(32), "tenant": "default", "at": 1_700_000_000_000_u64,
        "vantage": "authority", "refs": [["jti", "https://idp.corp", "j-1"]], "ext": {"urn:x": {"b": [1, true], "a": "x"}},
        "body": {
            "delegator": "user:alice@corp", "delegatee": "agent:planner", "parents": ["11".repeat(32)],
            "scope": [{"actions": ["payments:*"], "resources": ["order/**"], "limits": {"eur": {"max": 500}}}],
        },
    });
    Payload::from_json(&json).unwrap()
}

fn signer() -> (KeyId, PrincipalId) {
    (KeyId::of(&PublicKey::new([7; 32])), PrincipalId::new("user:alice@corp").unwrap())
}

fn statement() -> Statement {
    let (kid, iss) = signer();
    Unsigned::new(&payload(), &kid, &iss).unwrap().sign(&Signature::new([9; 64])).unwrap()
}

#[test]
fn a_statement_round_trips_through_its_bytes_and_its_json_form() {
    let statement = statement();
    assert_eq!(Statement::decode(statement.envelope.bytes()), Ok(statement.clone()));
    let json = serde_json::to_value(&statement.payload).unwrap();
    assert_eq!(Payload::from_json(&json), Ok(statement.payload.clone()));
    assert_eq!(Payload::from_bytes(&statement.payload.to_bytes().unwrap()), Ok(statement.payload));
}

#[test]
fn coset_makes_the_same_bytes_and_signs_the_same_structure() {
    let statement = statement();
    let (kid, iss) = signer();
    let cose = CoseSign1Builder::new()
        .protected(header(&kid, &iss, "agent:planner"))
        .payload(payload().to_bytes().unwrap())
        .signature(vec![9; 64])
        .build();
    assert_eq!(cose.tbs_data(&[]), statement.envelope.to_be_signed());
    assert_eq!(cose.to_tagged_vec().unwrap(), statement.envelope.bytes());
}

#[test]
fn a_changed_byte_never_decodes_to_the_same_id() {
    let statement = statement();
    let bytes = statement.envelope.bytes();
    for at in 0..bytes.len() {
        let mut changed: Vec<u8> = bytes.to_vec();
        changed[at] ^= 1;
        let again = Statement::decode_accepted(&changed);
        if let Ok(other) = Statement::decode(&changed) {
            assert_ne!(other.id(), statement.id(), "byte {at}");
            assert_eq!(again, Ok(other), "byte {at}");
        }
    }
}

#[test]
fn the_short_way_and_the_long_way_through_an_envelope_say_the_same() {
    let statement = statement();
    let bytes = statement.envelope.bytes();
    assert!(usual::read(bytes).is_some());
    let mut usual_forms = 0;
    for at in 0..bytes.len() {
        for change in [0x01, 0x02, 0x20, 0x80, 0xff] {
            let mut changed: Vec<u8> = bytes.to_vec();
            changed[at] ^= change;
            if canonical::scan(&changed).is_ok() {
                assert_eq!(
                    Envelope::decode(&changed),
                    read_other(&changed).and_then(|found| Envelope::of(&changed, found)),
                    "byte {at} ^ {change:#x}"
                );
                usual_forms += usize::from(usual::parts(&changed).is_some());
            }
        }
    }
    assert!(usual_forms > bytes.len());
}

#[test]
fn headers_of_another_form_are_refused_by_name() {
    let (kid, iss) = signer();
    let payload = payload().to_bytes().unwrap();
    let build = |header: Header, unprotected: Header, signature: Vec<u8>| {
        let cose = CoseSign1Builder::new()
            .protected(header)
            .unprotected(unprotected)
            .payload(payload.clone())
            .signature(signature)
            .build();
        Statement::decode(&cose.to_tagged_vec().unwrap()).map(|_| ()).map_err(|e| e.code())
    };
    let good = || header(&kid, &iss, "agent:planner");
    let none = Header::default;
    assert_eq!(build(good(), none(), vec![9; 64]), Ok(()));
    let mut old_alg = good();
    old_alg.alg = Some(RegisteredLabelWithPrivate::Assigned(iana::Algorithm::EdDSA));
    assert_eq!(build(old_alg, none(), vec![9; 64]), Ok(()));
    let mut es256 = good();
    es256.alg = Some(RegisteredLabelWithPrivate::Assigned(iana::Algorithm::ES256));
    assert_eq!(build(es256, none(), vec![9; 64]), Err("algorithm"));
    let unprotected = HeaderBuilder::new().algorithm(iana::Algorithm::Ed25519).build();
    assert_eq!(build(good(), unprotected, vec![9; 64]), Err("unprotected-header"));
    let mut critical = good();
    critical.crit = vec![RegisteredLabelWithPrivate::Assigned(iana::HeaderParameter::Alg)];
    assert_eq!(build(critical, none(), vec![9; 64]), Err("critical-header"));
    let mut more = good();
    more.rest.push((Label::Int(16), Value::from("x")));
    assert_eq!(build(more, none(), vec![9; 64]), Err("protected-header"));
    assert_eq!(build(header(&kid, &iss, "agent:other"), none(), vec![9; 64]), Err("subject-mismatch"));
    assert_eq!(build(good(), none(), vec![]), Err("unsigned"));
    assert_eq!(build(good(), none(), vec![9; 63]), Err("signature-length"));
}

#[test]
fn fields_outside_the_closed_set_are_refused_by_name() {
    let good = serde_json::to_value(payload()).unwrap();
    let refused = |edit: &dyn Fn(&mut serde_json::Value)| {
        let mut json = good.clone();
        edit(&mut json);
        Payload::from_json(&json).map(|_| ()).map_err(|e| e.code())
    };
    assert_eq!(refused(&|_| {}), Ok(()));
    assert_eq!(refused(&|j| j["color"] = 1.into()), Err("unknown-field"));
    assert_eq!(refused(&|j| j["body"]["color"] = 1.into()), Err("unknown-field"));
    assert_eq!(refused(&|j| j["v"] = 2.into()), Err("unknown-version"));
    assert_eq!(refused(&|j| j["kind"] = "delegate".into()), Err("unknown-kind"));
    assert_eq!(refused(&|j| j["vantage"] = "afar".into()), Err("unknown-value"));
    assert_eq!(refused(&|j| j["body"]["delegator"] = "alice".into()), Err("invalid-field"));
    assert_eq!(refused(&|j| drop(j.as_object_mut().unwrap().remove("at"))), Err("missing-field"));
    assert_eq!(refused(&|j| drop(j.as_object_mut().unwrap().remove("log"))), Err("invalid-field"));
    assert_eq!(refused(&|j| j["body"]["delegatee"] = "user:alice@corp".into()), Err("invalid-field"));
}

#[test]
fn what_should_be_absent_is_refused_when_it_is_written_as_nothing() {
    let good = serde_json::to_value(payload()).unwrap();
    let refused = |edit: &dyn Fn(&mut serde_json::Value)| {
        let mut json = good.clone();
        edit(&mut json);
        Payload::from_json(&json).map(|_| ()).map_err(|e| e.code())
    };
    assert_eq!(refused(&|j| j["task"] = serde_json::Value::Null), Err("other-form"));
    assert_eq!(refused(&|j| j["attachments"] = serde_json::json!([])), Err("other-form"));
    assert_eq!(refused(&|j| j["body"]["inherited"] = false.into()), Err("other-form"));
    assert_eq!(refused(&|j| j["body"]["inherited"] = true.into()), Ok(()));
    assert_eq!(refused(&|j| j["body"]["scope"][0]["limits"] = serde_json::json!({})), Err("other-form"));
    assert_eq!(
        refused(&|j| j["body"]["scope"][0] = serde_json::json!([["a"], ["b"], {}])),
        Err("other-form")
    );
    assert_eq!(refused(&|j| j["at"] = (crate::limits::INTEGER_MAX + 1).into()), Err("invalid-field"));
}

#[test]
fn a_list_in_place_of_a_map_is_another_form_and_refused() {
    let mut payload = payload();
    payload.refs.clear();
    let bytes = payload.to_bytes().unwrap();
    // {"actions": …, "resources": …, "limits": …} as [actions, resources, limits] is what a lenient reader would take.
    let grant = crate::canonical::to_vec(match &payload.body {
        crate::payload::Body::Delegation(hop) => match &hop.scope {
            Some(crate::scope::Scope::Grants(grants)) => &grants[0],
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    })
    .unwrap();
    let mut list = Writer::default();
    list.array(3)
        .array(1)
        .text("payments:*")
        .array(1)
        .text("order/**")
        .map(1)
        .text("eur")
        .map(1)
        .text("max")
        .uint(500);
    let list = list.into_bytes();
    let at = bytes.windows(grant.len()).position(|window| window == grant).unwrap();
    let changed = [&bytes[..at], &list, &bytes[at + grant.len()..]].concat();
    assert_eq!(Payload::from_bytes(&changed).map_err(|e| e.code()), Err("other-form"));
}

#[test]
fn a_statement_is_accepted_at_its_largest_and_refused_one_byte_beyond() {
    let (kid, iss) = signer();
    let sized = |len: usize| {
        let mut payload = payload();
        payload.ext.insert("urn:pad".parse().unwrap(), crate::payload::ExtValue::Text("x".repeat(len)));
        Unsigned::new(&payload, &kid, &iss)
            .unwrap()
            .sign(&Signature::new([9; 64]))
            .map(|s| s.envelope.bytes().len())
    };
    let base = sized(60_000).unwrap() - 60_000;
    assert_eq!(sized(STATEMENT_BYTES_MAX - base), Ok(STATEMENT_BYTES_MAX));
    assert_eq!(sized(STATEMENT_BYTES_MAX - base + 1).map_err(|e| e.code()), Err("statement-too-large"));
}

#[test]
fn the_parts_are_the_bytes_to_be_signed_at_every_length_of_head() {
    let (kid, iss) = signer();
    for len in [0, 1, 300, 60_000] {
        let mut payload = payload();
        if len > 0 {
            payload.ext.insert("urn:pad".parse().unwrap(), crate::payload::ExtValue::Text("x".repeat(len)));
        }
        let statement = Unsigned::new(&payload, &kid, &iss).unwrap().sign(&Signature::new([9; 64]));
        let envelope = statement.unwrap().envelope;
        assert_eq!(envelope.signed_parts().concat(), envelope.to_be_signed(), "{len}");
    }
}

#[test]
fn the_thumbprint_is_that_of_rfc_9679() {
    // SHA-256 of a3 01 01 20 06 21 5820 00…00
    let mut key = vec![0xa3, 0x01, 0x01, 0x20, 0x06, 0x21, 0x58, 0x20];
    key.extend_from_slice(&[0; 32]);
    let expected: [u8; 32] = Sha256::digest(&key).into();
    assert_eq!(KeyId::of(&PublicKey::new([0; 32])).as_bytes(), &expected);
}
