//! Nothing but the named fields leaves an event, whatever stands in the others.

use std::fs;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use serde_json::{Map, Value, json};

use super::{context, read_all, sample};
use crate::cloudtrail::drafts;

/// Paths of the fields that may enter a statement; `*` is any item of a list or any name.
const NAMED: &[&str] = &[
    "eventID",
    "eventTime",
    "eventSource",
    "eventName",
    "eventType",
    "awsRegion",
    "recipientAccountId",
    "requestID",
    "sourceIPAddress",
    "sharedEventID",
    "errorCode",
    "userIdentity.type",
    "userIdentity.principalId",
    "userIdentity.arn",
    "userIdentity.accountId",
    "userIdentity.accessKeyId",
    "userIdentity.userName",
    "userIdentity.invokedBy",
    "userIdentity.sessionContext.sourceIdentity",
    "userIdentity.sessionContext.sessionIssuer.arn",
    "resources.*.ARN",
    "requestParameters.roleArn",
    "requestParameters.roleSessionName",
    "requestParameters.policyArns.*.arn",
    "requestParameters.serialNumber",
    "requestParameters.sourceIdentity",
    "responseElements.credentials.accessKeyId",
    "responseElements.credentials.expiration",
    "responseElements.assumedRoleUser.arn",
    "responseElements.federatedUser.arn",
    "responseElements.sourceIdentity",
    "additionalEventData.MFAIdentifier",
];

const PLANTED: &str = "PLANTED";

fn events() -> Vec<Value> {
    let mut plain = fs::read_to_string(sample("log/2026/03/chain.json")).unwrap();
    let mut logs = vec![serde_json::from_str::<Value>(&plain).unwrap()];
    plain.clear();
    let packed = fs::read(sample("log/2026/03/services.json.gz")).unwrap();
    MultiGzDecoder::new(packed.as_slice()).read_to_string(&mut plain).unwrap();
    logs.push(serde_json::from_str(&plain).unwrap());
    logs.iter().flat_map(|log| log["Records"].as_array().unwrap().clone()).collect()
}

fn is_named(path: &str) -> bool {
    let parts: Vec<&str> = path.split('.').collect();
    NAMED.iter().any(|named| {
        let named: Vec<&str> = named.split('.').collect();
        named.len() == parts.len()
            && named.iter().zip(&parts).all(|(name, part)| *name == "*" || name == part)
    })
}

/// Puts a planted text into every unnamed text, and beside the fields of every map.
fn plant(value: &mut Value, path: &str) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::String(text) if !is_named(path) => *text = format!("{PLANTED} {path}"),
        Value::Array(items) => items.iter_mut().for_each(|item| plant(item, &below("0"))),
        Value::Object(map) => {
            map.iter_mut().for_each(|(name, value)| plant(value, &below(name)));
            for secret in ["sessionToken", "secretAccessKey", "password", "SecretString"] {
                map.entry(secret).or_insert_with(|| json!(format!("{PLANTED} {secret}")));
            }
        }
        _ => {}
    }
}

fn leaks(bytes: &[u8]) -> bool {
    bytes.windows(PLANTED.len()).any(|window| window == PLANTED.as_bytes())
}

#[test]
fn the_samples_secrets_reach_neither_statements_nor_messages() {
    for folder in ["log", "corrupt"] {
        let (report, drafts) = read_all(&[sample(folder)]);
        for payload in &drafts.payloads {
            assert!(!leaks(&payload.to_bytes().unwrap()), "{payload:?}");
        }
        assert!(!leaks(format!("{report:?}").as_bytes()));
        assert!(report.failures.iter().all(|failure| !leaks(failure.to_string().as_bytes())));
    }
}

#[test]
fn text_planted_in_every_unnamed_field_stays_out() {
    let mut statements = 0;
    for mut event in events() {
        let before = drafts(&event.to_string(), &context()).unwrap();
        plant(&mut event, "");
        for map in ["requestParameters", "responseElements", "additionalEventData"] {
            if event[map].is_null() {
                event[map] = Value::Object(Map::from_iter([("sessionToken".to_owned(), json!(PLANTED))]));
            }
        }
        let after = drafts(&event.to_string(), &context()).unwrap();
        let kinds = |payloads: &[schemas::payload::Payload]| {
            payloads.iter().map(|payload| payload.kind).collect::<Vec<_>>()
        };
        // What is planted over how a sign-in ended may change what the event says, never what leaks.
        if event["eventType"] != "AwsConsoleSignIn" {
            assert_eq!(kinds(&before), kinds(&after), "{}", event["eventID"]);
        }
        for payload in after {
            statements += 1;
            assert!(!leaks(&payload.to_bytes().unwrap()), "{payload:?}");
        }
    }
    assert!(statements > 40, "{statements}");
}

#[test]
fn a_value_of_another_type_is_never_quoted() {
    for event in events() {
        for field in event.as_object().unwrap().keys() {
            for value in [json!({ "a": PLANTED }), json!([PLANTED]), json!(PLANTED)] {
                let mut broken = event.clone();
                broken[field] = value;
                if let Err(error) = drafts(&broken.to_string(), &context()) {
                    assert!(
                        !leaks(error.to_string().as_bytes()) && !leaks(format!("{error:?}").as_bytes()),
                        "{error}"
                    );
                }
            }
        }
    }
}
