//! Console sign-ins: a principal was authenticated, which is no hop, or was turned away.

use std::collections::BTreeMap;

use schemas::kinds::{Credential, CredentialOp, Ruling};
use schemas::payload::Body;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::drafts::{Part, Told};
use super::event::{Event, EventError, filled, part};
use super::naming::{foreign, name, service};

/// What the console says beside the call.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Additional {
    #[serde(rename = "MFAUsed", deserialize_with = "filled")]
    mfa_used: Option<String>,
    #[serde(rename = "MFAIdentifier", deserialize_with = "filled")]
    mfa_identifier: Option<String>,
}

/// One value of the answer: only the word that tells how it ended is ever looked at.
#[derive(Deserialize)]
#[serde(untagged)]
enum Ending {
    Known(Known),
    Other(IgnoredAny),
}

#[derive(Deserialize, PartialEq)]
enum Known {
    Success,
    Failure,
}

/// The credential event of a sign-in that succeeded; the denial of one that did not.
pub(super) fn body(told: &Told<'_>) -> Result<Part, EventError> {
    let event = told.event;
    if !succeeded(event)? {
        return Ok(Part::new(Body::Decision(told.decision(Ruling::Deny, "aws-signin")?)));
    }
    let additional: Additional = part("additionalEventData", event.additional_event_data)?;
    let by_mfa = additional.mfa_used.as_deref() == Some("Yes") || event.name == "CheckMfa";
    let refs = match &additional.mfa_identifier {
        Some(device) => vec![foreign("mfa", "additionalEventData.MFAIdentifier", device)?],
        None => Vec::new(),
    };
    let credential = Credential {
        op: CredentialOp::Authenticate,
        credential: foreign("sign-in", "eventID", &event.id)?,
        holder: told.caller.principal.clone(),
        issuer: Some(service("eventSource", &event.source)?),
        credential_type: Some(name("console-session")?),
        delegation: None,
        exchanged: None,
        not_before: Some(told.at),
        expires: None,
        audience: Vec::new(),
        resources: Vec::new(),
        session: None,
        binding: None,
        methods: if by_mfa { vec![name("mfa")?] } else { Vec::new() },
        source: None,
        waiver: None,
    };
    Ok(Part { refs, body: Body::Credential(credential) })
}

fn succeeded(event: &Event<'_>) -> Result<bool, EventError> {
    let answer: BTreeMap<String, Ending> = part("responseElements", event.response_elements)?;
    let failed = matches!(answer.get(&event.name), Some(Ending::Known(Known::Failure)));
    Ok(!failed && event.error_code.is_none() && event.error_message.is_none())
}
