//! What people call a statement, and which statements that can be: a full id, then an exact foreign id, then a prefix.

use std::collections::BTreeMap;

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

/// Most entries of one foreign id's value that are looked at for one that goes by it.
const EXAMINED_MAX: usize = 4_096;

/// By what a name was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matched {
    /// It is a statement's full id.
    Id,
    /// It is a foreign id that statements carry, or that they present as their credential where none carries it.
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
        let found = vec![reader.found_proved(index)?];
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

/// How a statement can go by a foreign id, the closest first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GoesBy {
    /// It carries the id.
    Own,
    /// It tells of an act under a credential of this id, which may have been issued where nobody kept a log.
    Credential,
}

/// Statements that carry a foreign id of this value, or of this `type:value`; where none does, those that acted under it.
fn by_foreign_id(reader: &Reader<'_>, name: &str) -> Result<Candidates, ReadError> {
    let typed = name.split_once(':').and_then(|(kind, value)| Some((Name::new(kind).ok()?, value)));
    let asked = [(None, name)].into_iter().chain(typed.map(|(kind, value)| (Some(kind), value)));
    let (mut own, mut acts, mut partly) = (Listed::default(), Listed::default(), false);
    for (kind, value) in asked {
        let Ok(value) = Line::new(value) else { continue };
        let indexes = reader.term(&Term::Foreign(&value).id(), Index(0), EXAMINED_MAX)?;
        partly |= indexes.len() == EXAMINED_MAX;
        for index in indexes {
            if own.truncated {
                break;
            }
            let found = reader.found_proved(index)?;
            match goes_by(&found.statement, kind.as_ref(), &value) {
                Some(GoesBy::Own) => own.add(found),
                Some(GoesBy::Credential) => acts.add(found),
                None => {}
            }
        }
    }
    let listed = if own.found.is_empty() { acts } else { own };
    let found = listed.found.into_values().collect();
    Ok(Candidates { matched: Matched::Foreign, found, truncated: listed.truncated || partly })
}

/// Candidates up to the most that are listed.
#[derive(Default)]
struct Listed {
    found: BTreeMap<Index, Found>,
    truncated: bool,
}

impl Listed {
    fn add(&mut self, found: Found) {
        if self.found.len() < CANDIDATES_MAX {
            self.found.insert(found.entry.index, found);
        } else {
            self.truncated = true;
        }
    }
}

/// How a statement goes by this foreign id, as opposed to referring to it.
fn goes_by(statement: &Statement, kind: Option<&Name>, value: &Line) -> Option<GoesBy> {
    let is_it =
        |foreign: &ForeignRef| foreign.value == *value && kind.is_none_or(|kind| foreign.kind == *kind);
    let (own, presented) = match &statement.payload.body {
        Body::Delegation(hop) => (hop.credential.as_ref(), None),
        Body::Credential(credential) => (Some(&credential.credential), None),
        Body::Decision(decision) => (None, decision.credential.as_ref()),
        Body::Action(action) => (None, action.credential.as_ref()),
        _ => (None, None),
    };
    if statement.payload.refs.iter().chain(own).any(is_it) {
        return Some(GoesBy::Own);
    }
    presented.filter(|foreign| is_it(foreign)).map(|_| GoesBy::Credential)
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
            found.push(reader.found_proved(index)?);
        }
    }
    found.sort_by_key(|found| found.entry.index);
    Ok(Some(Candidates { matched: Matched::Prefix, found, truncated }))
}
