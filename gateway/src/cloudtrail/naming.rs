//! Names for what events speak of: checked text, principals as URIs, foreign ids.

use std::fmt::Write;

use schemas::reference::ForeignRef;
use schemas::text::{Line, Name, PrincipalId, TextError, Uri};

use super::event::EventError;

/// The namespace of every foreign id that comes from CloudTrail: one for all accounts and partitions, so that the event that
/// issues a key and the event that uses it say the same.
pub const NAMESPACE: &str = "aws:cloudtrail";

/// The foreign id `[kind, NAMESPACE, value]`; `field` is where the value stands in the event.
pub(super) fn foreign(
    kind: &'static str,
    field: &'static str,
    value: &str,
) -> Result<ForeignRef, EventError> {
    Ok(ForeignRef { kind: name(kind)?, namespace: uri("namespace", NAMESPACE)?, value: line(field, value)? })
}

/// The foreign id of an access key.
pub(super) fn access_key(field: &'static str, id: &str) -> Result<ForeignRef, EventError> {
    foreign("access-key", field, id)
}

/// The text as one line.
pub(super) fn line(field: &'static str, text: &str) -> Result<Line, EventError> {
    Line::new(text).map_err(in_field(field))
}

/// One of the adapter's own words.
pub(super) fn name(word: &'static str) -> Result<Name, EventError> {
    Name::new(word).map_err(in_field(word))
}

/// The text as a URI.
pub(super) fn uri(field: &'static str, text: &str) -> Result<Uri, EventError> {
    Uri::new(escaped(text)).map_err(in_field(field))
}

/// The text as the URI of a principal.
pub(super) fn principal(field: &'static str, text: &str) -> Result<PrincipalId, EventError> {
    PrincipalId::new(escaped(text)).map_err(in_field(field))
}

/// The principal that an AWS service is.
pub(super) fn service(field: &'static str, host: &str) -> Result<PrincipalId, EventError> {
    principal(field, &format!("service:{host}"))
}

/// The system that holds and evaluates authority within an account.
pub(super) fn system(account: Option<&str>) -> String {
    format!("aws:{}", account.unwrap_or("unknown"))
}

/// The service's short name: `ec2` of `ec2.amazonaws.com`.
pub(super) fn short_service(source: &str) -> &str {
    source.strip_suffix(".amazonaws.com").unwrap_or(source)
}

/// What a URI cannot hold (white space, control characters) percent-encoded, and `%` too: two texts never become one.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '%' || c.is_whitespace() || c.is_control() {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn in_field(field: &'static str) -> impl Fn(TextError) -> EventError {
    move |error| EventError::Text { field, expected: error.expected }
}
