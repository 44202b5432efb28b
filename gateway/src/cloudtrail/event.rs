//! One event as CloudTrail writes it: only the fields that a statement may come from are ever decoded.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemas::time::Time;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use thiserror::Error;

/// Why an event became no statements. Never carries a value that is not a field's name: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EventError {
    /// Not the shape that CloudTrail writes.
    #[error("not a CloudTrail event: {detail} (line {line}, column {column} of {within})")]
    Shape {
        /// What is wrong.
        detail: String,
        /// What the place is counted in: `the event`, or one of its maps.
        within: &'static str,
        /// Line there, from 1.
        line: usize,
        /// Column there in bytes, from 1.
        column: usize,
    },
    /// A field whose text does not fit the statement's.
    #[error("`{field}` is not {expected}")]
    Text {
        /// The field.
        field: &'static str,
        /// What would fit.
        expected: &'static str,
    },
    /// A field that this kind of event must have.
    #[error("`{field}` is missing")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A time in no form that CloudTrail writes, or before 1970.
    #[error("`{field}` is not a time")]
    Time {
        /// The field.
        field: &'static str,
    },
    /// A type of event that this adapter does not know.
    #[error("`eventType` is none that this adapter knows")]
    UnknownType,
    /// The statement would break a rule of the format.
    #[error("the statement breaks a rule: `{field}` {rule}")]
    Rule {
        /// Path of the statement's field.
        field: &'static str,
        /// The rule.
        rule: &'static str,
    },
    /// The statement would be larger than a statement may be.
    #[error("the statement would have {got} bytes, at most {max} fit")]
    TooLarge {
        /// Bytes of the payload.
        got: usize,
        /// Most bytes that a payload may have.
        max: usize,
    },
}

impl EventError {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Shape { .. } => "event-malformed",
            Self::Text { .. } => "event-field-invalid",
            Self::Missing { .. } => "event-field-missing",
            Self::Time { .. } => "event-time-invalid",
            Self::UnknownType => "event-type-unknown",
            Self::Rule { .. } => "event-not-representable",
            Self::TooLarge { .. } => "event-too-large",
        }
    }
}

const EVENT: &str = "the event";

/// An event. Unknown fields are passed over, known ones may stand only once. An empty text counts as absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event<'a> {
    #[serde(rename = "eventID")]
    pub(super) id: String,
    #[serde(rename = "eventTime")]
    pub(super) time: String,
    #[serde(rename = "eventSource")]
    pub(super) source: String,
    #[serde(rename = "eventName")]
    pub(super) name: String,
    /// Absent before event version 1.02, when there were only API calls.
    #[serde(rename = "eventType", default, deserialize_with = "filled")]
    pub(super) event_type: Option<String>,
    #[serde(default)]
    pub(super) read_only: Option<bool>,
    #[serde(default, deserialize_with = "filled")]
    pub(super) aws_region: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub(super) recipient_account_id: Option<String>,
    /// An address, or the host name of an AWS service that called on somebody's behalf.
    #[serde(rename = "sourceIPAddress", default, deserialize_with = "filled")]
    pub(super) source_address: Option<String>,
    #[serde(rename = "requestID", default, deserialize_with = "filled")]
    pub(super) request_id: Option<String>,
    #[serde(rename = "sharedEventID", default, deserialize_with = "filled")]
    pub(super) shared_event_id: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub(super) error_code: Option<String>,
    /// Only whether there is one: the text may hold anything.
    #[serde(default)]
    pub(super) error_message: Option<IgnoredAny>,
    #[serde(default)]
    pub(super) user_identity: Option<Identity>,
    #[serde(default)]
    pub(super) resources: Option<Vec<Resource>>,
    #[serde(borrow, default)]
    pub(super) request_parameters: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) response_elements: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) additional_event_data: Option<&'a RawValue>,
}

/// Who called, and under which credential.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity {
    #[serde(rename = "type", default, deserialize_with = "filled")]
    pub(super) identity_type: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub(super) principal_id: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub(super) arn: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub(super) account_id: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub(super) access_key_id: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub(super) user_name: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub(super) invoked_by: Option<String>,
    #[serde(default)]
    pub(super) session_context: Option<SessionContext>,
    #[serde(default)]
    pub(super) on_behalf_of: Option<OnBehalfOf>,
}

/// How temporary credentials came about.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionContext {
    #[serde(default)]
    pub(super) session_issuer: Option<SessionIssuer>,
    #[serde(default)]
    pub(super) attributes: Option<SessionAttributes>,
    #[serde(default, deserialize_with = "filled")]
    pub(super) source_identity: Option<String>,
}

/// What a session was issued from.
#[derive(Default, Deserialize)]
pub(super) struct SessionIssuer {
    #[serde(default, deserialize_with = "filled")]
    pub(super) arn: Option<String>,
}

/// Attributes of a session.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionAttributes {
    #[serde(default)]
    pub(super) mfa_authenticated: Option<Flag>,
}

/// The workforce user that an identity acts for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OnBehalfOf {
    #[serde(default, deserialize_with = "filled")]
    pub(super) user_id: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    pub(super) identity_store_arn: Option<String>,
}

/// A resource that the event touched: by name, or by the prefix of many names.
#[derive(Deserialize)]
pub(super) struct Resource {
    #[serde(rename = "ARN", default, deserialize_with = "filled")]
    pub(super) arn: Option<String>,
    #[serde(rename = "ARNPrefix", default, deserialize_with = "filled")]
    pub(super) arn_prefix: Option<String>,
}

/// True or false, as JSON has it or as text.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Flag {
    Bool(bool),
    Text(String),
}

impl Flag {
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Bool(flag) => *flag,
            Self::Text(text) => text == "true",
        }
    }
}

impl<'a> Event<'a> {
    /// The event in `json`.
    pub(super) fn parse(json: &'a str) -> Result<Self, EventError> {
        // A derived reader would take a list too, by position.
        if !json.starts_with('{') {
            return Err(EventError::Shape {
                detail: "not an object".to_owned(),
                within: EVENT,
                line: 1,
                column: 1,
            });
        }
        serde_json::from_str(json).map_err(|error| shape(EVENT, &error))
    }

    /// When it happened.
    pub(super) fn at(&self) -> Result<Time, EventError> {
        let at = self.time.parse::<Timestamp>().ok().and_then(to_time);
        at.ok_or(EventError::Time { field: "eventTime" })
    }

    /// Who called; nobody where the event does not say.
    pub(super) fn identity(&self) -> &Identity {
        const NOBODY: &Identity = &Identity {
            identity_type: None,
            principal_id: None,
            arn: None,
            account_id: None,
            access_key_id: None,
            user_name: None,
            invoked_by: None,
            session_context: None,
            on_behalf_of: None,
        };
        self.user_identity.as_ref().unwrap_or(NOBODY)
    }
}

/// The named fields of one of an event's open maps; none where the map is absent.
pub(super) fn part<T: DeserializeOwned + Default>(
    name: &'static str,
    map: Option<&RawValue>,
) -> Result<T, EventError> {
    match map {
        Some(json) => serde_json::from_str(json.get()).map_err(|error| shape(name, &error)),
        None => Ok(T::default()),
    }
}

/// The time in a credential's `expiration`: RFC 3339, or as English-speaking Java writes it, in UTC.
pub(super) fn expiration(text: &str) -> Result<Time, EventError> {
    const JAVA_FORMS: [&str; 2] = ["%b %d, %Y, %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p"];
    // Newer releases put a narrow no-break space before AM and PM.
    let text = text.replace(['\u{202f}', '\u{a0}'], " ");
    let in_utc = |local: DateTime| local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let java = || JAVA_FORMS.iter().find_map(|form| DateTime::strptime(form, &text).ok()).and_then(in_utc);
    let at = text.parse::<Timestamp>().ok().or_else(java).and_then(to_time);
    at.ok_or(EventError::Time { field: "responseElements.credentials.expiration" })
}

fn to_time(timestamp: Timestamp) -> Option<Time> {
    u64::try_from(timestamp.as_millisecond()).ok().map(Time)
}

/// Text that says something; nothing where it is absent, null or empty.
pub(super) fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

/// The parser's complaint without the values that it quotes: those may be secrets.
fn shape(within: &'static str, error: &serde_json::Error) -> EventError {
    let said = error.to_string();
    let names_a_field = ["missing field `", "duplicate field `"].iter().any(|lead| said.starts_with(lead));
    let detail = match said.split_once(" at line ") {
        Some((field, _)) if names_a_field => field.to_owned(),
        _ if error.is_data() => "a field holds another type".to_owned(),
        _ => "broken JSON".to_owned(),
    };
    EventError::Shape { detail, within, line: error.line(), column: error.column() }
}
