//! What people call a statement, and which statements that can be: a full id, then an exact foreign id, then a prefix.

use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::payload::{Body, Kind};
use schemas::reference::ForeignRef;
use schemas::term::Term;
use schemas::text::{Line, Name};
use schemas::time::Index;

use crate::read::{Found, ReadError, Reader};

/// Shortest prefix of an id, in hex digits.
pub const PREFIX_DIGITS_MIN: usize = 8;

/// Most candidates that are listed.
pub const CANDIDATES_MAX: usize = 64;

/// Most entries of one foreign id that are looked at for one that carries it.
const EXAMINED_MAX: usize = 4_096;

/// Types of foreign ids that are tried where only a value is given. Any other is found as `type:value`.
const KNOWN_TYPES: &[&str] = &[
    "event",
    "request",
    "decision",
    "action",
    "approval",
    "delegation",
    "credential",
    "access-key",
    "jti",
    "session",
    "session-issuer",
    "source-identity",
    "trace",
    "span",
    "task",
    "tool-call",
    "message",
    "ticket",
];

/// By what a name was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matched {
    /// It is a statement's full id.
    Id,
    /// It is a foreign id that statements carry.
    Foreign,
    /// It begins statements' ids.
    Prefix,
}

impl Matched {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Foreign => "foreign",
            Self::Prefix => "prefix",
        }
    }
}

/// The statements that a name can mean.
#[derive(Debug)]
pub struct Candidates {
    /// By what they were found.
    pub matched: Matched,
    /// The statements, ascending by index.
    pub found: Vec<Found>,
    /// Whether there are more than are listed.
    pub truncated: bool,
}

/// Statements that `name` can mean; nothing where there are none.
pub fn resolve(reader: &Reader<'_>, name: &str) -> Result<Option<Candidates>, ReadError> {
    if let Some(id) = StatementId::from_hex(name)
        && let Some(index) = reader.index_of(&id)?
    {
        let found = vec![reader.found(index)?];
        return Ok(Some(Candidates { matched: Matched::Id, found, truncated: false }));
    }
    let foreign = by_foreign_id(reader, name)?;
    if !foreign.found.is_empty() {
        return Ok(Some(foreign));
    }
    let prefix = by_prefix(reader, name)?;
    Ok(prefix.filter(|candidates| !candidates.found.is_empty()))
}

/// The one statement meant among several from one source event: action before decision before delegation before
/// credential. Nothing where several of one kind remain.
pub fn preferred(found: &[Found]) -> Option<&Found> {
    let kinds = [Kind::Action, Kind::Decision, Kind::Delegation, Kind::Credential];
    let of_kind = |kind| found.iter().filter(move |found| found.statement.payload.kind == kind);
    match kinds.into_iter().find(|kind| of_kind(*kind).next().is_some()) {
        Some(kind) => Some(of_kind(kind)).filter(|some| some.clone().count() == 1)?.next(),
        None => found.first().filter(|_| found.len() == 1),
    }
}

fn by_foreign_id(reader: &Reader<'_>, name: &str) -> Result<Candidates, ReadError> {
    let mut asked: Vec<(Name, Line)> = Vec::new();
    if let Ok(value) = Line::new(name) {
        asked.extend(KNOWN_TYPES.iter().filter_map(|kind| Some((Name::new(*kind).ok()?, value.clone()))));
    }
    if let Some((kind, value)) = name.split_once(':')
        && let (Ok(kind), Ok(value)) = (Name::new(kind), Line::new(value))
    {
        asked.push((kind, value));
    }
    let mut found = std::collections::BTreeMap::<Index, Found>::new();
    let mut truncated = false;
    for (kind, value) in asked {
        let indexes = reader.term(&Term::Foreign(&kind, &value).id(), Index(0), EXAMINED_MAX)?;
        truncated |= indexes.len() == EXAMINED_MAX;
        for index in indexes {
            if found.len() >= CANDIDATES_MAX {
                truncated = true;
                break;
            }
            let entry = reader.found(index)?;
            if carries(&entry.statement, &kind, &value) {
                found.insert(index, entry);
            }
        }
    }
    Ok(Candidates { matched: Matched::Foreign, found: found.into_values().collect(), truncated })
}

/// Whether a statement goes by this foreign id, as opposed to referring to it.
fn carries(statement: &Statement, kind: &Name, value: &Line) -> bool {
    let is_it = |foreign: &ForeignRef| foreign.kind == *kind && foreign.value == *value;
    let own = match &statement.payload.body {
        Body::Delegation(hop) => hop.credential.as_ref(),
        Body::Credential(credential) => Some(&credential.credential),
        _ => None,
    };
    statement.payload.refs.iter().chain(own).any(is_it)
}

fn by_prefix(reader: &Reader<'_>, name: &str) -> Result<Option<Candidates>, ReadError> {
    let digits = name.len();
    if !(PREFIX_DIGITS_MIN..2 * StatementId::LEN).contains(&digits) {
        return Ok(None);
    }
    let fill = |digit: &str| {
        StatementId::from_hex(&format!("{name}{}", digit.repeat(2 * StatementId::LEN - digits)))
    };
    let (Some(first), Some(last)) = (fill("0"), fill("f")) else { return Ok(None) };
    let ids = reader.ids_between(first.as_bytes(), last.as_bytes(), CANDIDATES_MAX + 1)?;
    let truncated = ids.len() > CANDIDATES_MAX;
    let mut found = Vec::new();
    for id in ids.iter().take(CANDIDATES_MAX) {
        if let Some(index) = reader.index_of(id)? {
            found.push(reader.found(index)?);
        }
    }
    found.sort_by_key(|found| found.entry.index);
    Ok(Some(Candidates { matched: Matched::Prefix, found, truncated }))
}
