//! Reading a query.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use data_encoding::HEXLOWER_PERMISSIVE;

use super::moment::Moment;
use super::{Condition, Fault, Field, Query, What, fault};
use crate::ids::{ByteString, KeyId};
use crate::kinds::{Outcome, Ruling};
use crate::limits::{QUERY_BYTES_MAX, QUERY_CONDITIONS_MAX};
use crate::payload::Kind;
use crate::term::Term;
use crate::text::{Line, Name, PrincipalId, Tenant, TextError};
use crate::time::Time;

/// Every qualifier, with a use of it.
pub const QUALIFIERS: &[(&str, &str)] = &[
    ("agent", "agent:billing-bot"),
    ("principal", "principal:user:dana@corp"),
    ("tool", "tool:refund"),
    ("action", "action:payments:refund"),
    ("resource", "resource:order:991"),
    ("decision", "decision:deny"),
    ("outcome", "outcome:failed"),
    ("kind", "kind:action"),
    ("task", "task:incident-42"),
    ("tenant", "tenant:eu"),
    ("policy", "policy:opa:authz/refund@7"),
    ("key", "key:<64 hex digits>"),
    ("trace", "trace:4bf92f3577b34da6a3ce929d0e0e4736"),
    ("ref", "ref:access-key:AKIAIOSFODNN7EXAMPLE"),
    ("since", "since:2h"),
    ("until", "until:2026-11-21T14:00Z"),
];

const EXAMPLE: &str = "agent:billing-bot decision:deny since:2h";
const QUOTED: &str = "resource:\"order 991\"";
const PATTERN: &str = "agent:billing-bot resource:orders/*";

/// One part of a query, as it stands there.
struct Part<'a> {
    at: usize,
    excluded: bool,
    /// The qualifier; nothing for a free word.
    name: Option<&'a str>,
    value: String,
    value_at: usize,
    quoted: bool,
}

/// Reads a query. `now` is what `since:2h` is told from.
pub fn parse(text: &str, now: Time) -> Result<Query, Fault> {
    if text.len() > QUERY_BYTES_MAX {
        let what = format!("the query has {} bytes; at most {QUERY_BYTES_MAX} are read", text.len());
        return Err(fault(QUERY_BYTES_MAX, what, EXAMPLE));
    }
    let parts = parts(text)?;
    if let Some(part) = parts.get(QUERY_CONDITIONS_MAX) {
        return Err(fault(part.at, format!("more than {QUERY_CONDITIONS_MAX} conditions"), EXAMPLE));
    }
    let conditions = parts.iter().map(|part| condition(part, now)).collect::<Result<Vec<_>, _>>()?;
    let query = Query { conditions };
    let answered = query.wanted().any(|what| what.terms(&query.tenant()).is_some());
    for (part, condition) in parts.iter().zip(&query.conditions) {
        if let (What::Begins(field, _), false, false) = (&condition.what, condition.excluded, answered) {
            let what = format!("no index answers a pattern; beside `{field}:…*` there must be a whole value");
            return Err(fault(part.value_at, what, PATTERN));
        }
    }
    Ok(query)
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, Fault> {
    let (mut parts, mut at) = (Vec::new(), 0usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blank = rest.len().saturating_sub(rest.trim_start().len());
        if blank > 0 {
            at = at.saturating_add(blank);
            continue;
        }
        let (part, end) = part(text, at)?;
        parts.push(part);
        at = end;
    }
    Ok(parts)
}

/// The part that begins at a place, and where it ends.
fn part(text: &str, at: usize) -> Result<(Part<'_>, usize), Fault> {
    let from = |at: usize| text.get(at..).unwrap_or_default();
    let excluded = from(at).starts_with('-');
    let begin = at.saturating_add(usize::from(excluded));
    let letters = from(begin).bytes().position(|byte| !byte.is_ascii_lowercase()).unwrap_or_default();
    let behind = begin.saturating_add(letters);
    let named = letters > 0 && from(behind).starts_with(':');
    let name = from(begin).get(..letters).filter(|_| named);
    let value_at = if named { behind.saturating_add(1) } else { begin };
    if let Some(name) = name
        && !QUALIFIERS.iter().any(|(known, _)| *known == name)
    {
        return Err(unknown(name, begin));
    }
    let quoted = from(value_at).starts_with('"');
    let (value, length) = if quoted { quote(from(value_at), value_at)? } else { bare(from(value_at)) };
    if value.is_empty() {
        let what = name.map_or_else(
            || "there is nothing here to look for".to_owned(),
            |name| format!("`{name}:` has no value"),
        );
        return Err(fault(value_at, what, example(name.unwrap_or_default())));
    }
    let end = value_at.saturating_add(length);
    Ok((Part { at, excluded, name, value, value_at, quoted }, end))
}

fn bare(rest: &str) -> (String, usize) {
    let value = rest.split(char::is_whitespace).next().unwrap_or_default();
    (value.to_owned(), value.len())
}

/// What stands between quotes, and how many bytes it takes with them.
fn quote(rest: &str, at: usize) -> Result<(String, usize), Fault> {
    let (mut value, mut escaped) = (String::new(), false);
    for (place, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => {
                let end = place.saturating_add(1);
                let after = rest.get(end..).and_then(|rest| rest.chars().next());
                return match after.filter(|c| !c.is_whitespace()) {
                    Some(_) => {
                        Err(fault(at.saturating_add(end), "a space is missing behind the quote", QUOTED))
                    }
                    None => Ok((value, end)),
                };
            }
            '\\' if !escaped => escaped = true,
            c => {
                value.push(c);
                escaped = false;
            }
        }
    }
    Err(fault(at, "the quote does not end", QUOTED))
}

fn condition(part: &Part<'_>, now: Time) -> Result<Condition, Fault> {
    let what = match part.name {
        None => What::Word(whole(part, Line::new)?),
        Some(name @ ("since" | "until")) => {
            if part.excluded {
                return Err(fault(
                    part.at,
                    "a time is not excluded; `since:` and `until:` bound it",
                    EXAMPLE,
                ));
            }
            let moment = Moment::parse(&part.value);
            let bad = || {
                fault(
                    part.value_at,
                    format!("`{}` is no time", part.value),
                    "since:2h until:2026-11-21T14:00Z",
                )
            };
            let time = moment.ok_or_else(bad)?.at(now);
            if name == "since" { What::Since(time) } else { What::Until(time) }
        }
        Some(name) => qualified(part, name)?,
    };
    Ok(Condition { excluded: part.excluded, what })
}

fn qualified(part: &Part<'_>, name: &str) -> Result<What, Fault> {
    Ok(match name {
        "agent" | "tool" => {
            What::principal(&whole(part, |value| PrincipalId::new(with_scheme(name, value)))?)
        }
        "principal" => What::principal(&whole(part, PrincipalId::new)?),
        "action" => match pattern(part, Field::Action)? {
            Some(begins) => begins,
            None => What::action(&whole(part, Line::new)?),
        },
        "resource" => match pattern(part, Field::Resource)? {
            Some(begins) => begins,
            None => What::resource(&whole(part, Line::new)?),
        },
        "decision" => What::ruling(word(part, Ruling::ALL, Ruling::as_str)?),
        "outcome" => What::Outcome(word(part, Outcome::ALL, Outcome::as_str)?),
        "kind" => What::kind(word(part, Kind::ALL, Kind::as_str)?),
        "task" => What::Task(whole(part, Line::new)?),
        "tenant" => What::Tenant(whole(part, Tenant::new)?),
        "policy" => policy(part)?,
        "key" => {
            What::key(&whole(part, |value| KeyId::from_hex(&value).ok_or("not a key id of 64 hex digits"))?)
        }
        "trace" => {
            let bytes = |value: String| {
                let bytes =
                    HEXLOWER_PERMISSIVE.decode(value.as_bytes()).ok().filter(|bytes| bytes.len() == 16);
                bytes.map(ByteString).ok_or("not a trace id of 32 hex digits")
            };
            What::Terms(vec![Term::Trace(&whole(part, bytes)?).id()])
        }
        _ => {
            let Some((kind, value)) = part.value.split_once(':') else {
                return Err(fault(part.value_at, "a foreign id is type:value", example(name)));
            };
            let wrong = |error: TextError| fault(part.value_at, error, example(name));
            What::Foreign(Name::new(kind).map_err(wrong)?, Line::new(value).map_err(wrong)?)
        }
    })
}

/// A whole value; a pattern is refused where no index and no field takes one.
fn whole<T, E: alloc::string::ToString>(
    part: &Part<'_>,
    read: impl FnOnce(String) -> Result<T, E>,
) -> Result<T, Fault> {
    if !part.quoted
        && let Some(star) = part.value.find('*')
    {
        let what = "no index answers a pattern here; name the whole value, or quote a `*` that belongs to it";
        return Err(fault(part.value_at.saturating_add(star), what, PATTERN));
    }
    read(part.value.clone())
        .map_err(|error| fault(part.value_at, error, example(part.name.unwrap_or_default())))
}

/// `orders/*`: what begins so. Nothing where the value is whole.
fn pattern(part: &Part<'_>, field: Field) -> Result<Option<What>, Fault> {
    let prefix = part.value.strip_suffix('*').filter(|_| !part.quoted);
    let Some(prefix) = prefix else { return Ok(None) };
    match prefix.find('*') {
        Some(star) => Err(fault(part.value_at.saturating_add(star), "a `*` stands only at the end", PATTERN)),
        None => Ok(Some(What::Begins(field, prefix.to_owned()))),
    }
}

fn word<T: Copy>(part: &Part<'_>, all: &[T], text: fn(T) -> &'static str) -> Result<T, Fault> {
    let unknown = || {
        let words: Vec<&str> = all.iter().map(|one| text(*one)).collect();
        let what = format!("`{}` is none of {}", part.value, words.join(", "));
        fault(part.value_at, what, example(part.name.unwrap_or_default()))
    };
    all.iter().copied().find(|one| text(*one) == part.value).ok_or_else(unknown)
}

/// `engine:id@revision`, `engine:id` or `id`.
fn policy(part: &Part<'_>) -> Result<What, Fault> {
    let value = whole(part, Line::new)?;
    let (id, revision) =
        value.as_str().rsplit_once('@').map_or((value.as_str(), None), |(id, revision)| (id, Some(revision)));
    let engine = id.split_once(':').and_then(|(engine, id)| Some((Name::new(engine).ok()?, id)));
    let (engine, id) = engine.map_or((None, id), |(engine, id)| (Some(engine), id));
    let wrong = |error: TextError| fault(part.value_at, error, example("policy"));
    let revision = revision.map(Line::new).transpose().map_err(wrong)?;
    Ok(What::Policy(engine, Line::new(id).map_err(wrong)?, revision))
}

/// `billing-bot` is `agent:billing-bot`; what is a URI already stays.
fn with_scheme(scheme: &str, value: String) -> String {
    if value.contains(':') { value } else { format!("{scheme}:{value}") }
}

fn unknown(name: &str, at: usize) -> Fault {
    let known: Vec<&str> = QUALIFIERS.iter().map(|(name, _)| *name).collect();
    let what = format!(
        "there is no qualifier `{name}`; there are {}; an id with a colon is quoted",
        known.join(", ")
    );
    fault(at, what, EXAMPLE)
}

fn example(name: &str) -> &'static str {
    QUALIFIERS.iter().find(|(known, _)| *known == name).map_or(EXAMPLE, |(_, example)| example)
}
