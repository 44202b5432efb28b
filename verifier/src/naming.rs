//! What people call a statement, and which statements that can be: a full id, then an exact foreign id, then the beginning of an id.
//!
//! One rule, wherever statements are kept: a server, a copy of its log, a list in memory.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::payload::{Body, Kind};
use schemas::reference::ForeignRef;
use schemas::text::{Line, Name};
use schemas::time::Index;

mod near;

pub use near::{NEAR_CHARS_MAX, Near, Nearest, Sort, near_principals, spellings};

/// Shortest beginning of an id, in hex digits.
pub const PREFIX_DIGITS_MIN: usize = schemas::limits::ID_PREFIX_DIGITS_MIN;

/// Most candidates that are listed.
pub const CANDIDATES_MAX: usize = 64;

/// Most entries of one foreign id's value that are looked at for one that goes by it.
const EXAMINED_MAX: usize = 4_096;

/// Which statement of one event is meant, first choice first.
const PREFERRED: [Kind; 4] = [Kind::Action, Kind::Decision, Kind::Delegation, Kind::Credential];

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

/// A statement with its place.
pub trait Named {
    /// Its place.
    fn index(&self) -> Index;
    /// The statement; nothing where its payload is of a form that this program does not know.
    fn statement(&self) -> Option<&Statement>;
}

/// Where statements are kept.
pub trait Names {
    /// What is found.
    type Found: Named;
    /// Why a look-up failed. A statement that is not there is no failure.
    type Error;

    /// Where the statement of this id is.
    fn index_of(&self, id: &StatementId) -> Result<Option<Index>, Self::Error>;
    /// The statement at a place that another look-up named; nothing where it is not there all the same.
    fn at(&self, index: Index) -> Result<Option<Self::Found>, Self::Error>;
    /// Statements that hold a foreign id of this value anywhere, ascending, at most `most`.
    fn by_value(&self, value: &Line, most: usize) -> Result<Vec<Index>, Self::Error>;
    /// Ids from `first` to `last`, ascending, at most `most`.
    fn ids_between(
        &self,
        first: &StatementId,
        last: &StatementId,
        most: usize,
    ) -> Result<Vec<StatementId>, Self::Error>;
}

/// The statements that a name can mean.
#[derive(Clone, Debug)]
pub struct Candidates<F> {
    /// By what they were found.
    pub matched: Matched,
    /// The statements, ascending by index.
    pub found: Vec<F>,
    /// Whether there are more than are listed.
    pub truncated: bool,
}

/// Statements that `name` can mean; nothing where there are none.
pub fn resolve<N: Names>(names: &N, name: &str) -> Result<Option<Candidates<N::Found>>, N::Error> {
    if let Some(id) = StatementId::from_hex(name)
        && let Some(index) = names.index_of(&id)?
    {
        let found = names.at(index)?.into_iter().collect();
        return Ok(Some(Candidates { matched: Matched::Id, found, truncated: false }));
    }
    let foreign = by_foreign_id(names, name)?;
    if !foreign.found.is_empty() {
        return Ok(Some(foreign));
    }
    let prefix = by_prefix(names, name)?;
    Ok(prefix.filter(|candidates| !candidates.found.is_empty()))
}

/// The one statement that is meant: the only candidate, or of several by one foreign id from one event the most telling one.
pub fn meant<'c, F: Named>(candidates: &'c Candidates<F>, name: &str) -> Option<&'c F> {
    match candidates.found.as_slice() {
        _ if candidates.truncated => None,
        [only] => Some(only),
        several => (candidates.matched == Matched::Foreign && is_one_event(several, name))
            .then(|| preferred(several))
            .flatten(),
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
fn by_foreign_id<N: Names>(names: &N, name: &str) -> Result<Candidates<N::Found>, N::Error> {
    let (mut own, mut acts, mut partly) = (Listed::default(), Listed::default(), false);
    for asked in asked_for(name).into_iter().flatten() {
        let indexes = names.by_value(&asked.value, EXAMINED_MAX)?;
        partly |= indexes.len() >= EXAMINED_MAX;
        for index in indexes {
            if own.truncated {
                break;
            }
            let Some(found) = names.at(index)? else { continue };
            match found.statement().and_then(|statement| asked.goes_by(statement)) {
                Some(GoesBy::Own) => own.add(index, found),
                Some(GoesBy::Credential) => acts.add(index, found),
                None => {}
            }
        }
    }
    let listed = if own.found.is_empty() { acts } else { own };
    let found = listed.found.into_values().collect();
    Ok(Candidates { matched: Matched::Foreign, found, truncated: listed.truncated || partly })
}

/// A foreign id as it was typed: a value, and its type where it was given.
struct Asked {
    kind: Option<Name>,
    value: Line,
}

/// What a name asks for: the value as it stands, and `type:value`.
fn asked_for(name: &str) -> [Option<Asked>; 2] {
    let whole = Line::new(name).ok().map(|value| Asked { kind: None, value });
    let typed = name.split_once(':').and_then(|(kind, value)| {
        Some(Asked { kind: Some(Name::new(kind).ok()?), value: Line::new(value).ok()? })
    });
    [whole, typed]
}

impl Asked {
    fn is(&self, foreign: &ForeignRef) -> bool {
        foreign.value == self.value && self.kind.as_ref().is_none_or(|kind| foreign.kind == *kind)
    }

    /// How a statement goes by this foreign id, as opposed to referring to it.
    fn goes_by(&self, statement: &Statement) -> Option<GoesBy> {
        if own_ids(statement).any(|own| self.is(own)) {
            return Some(GoesBy::Own);
        }
        let presented = match &statement.payload.body {
            Body::Decision(decision) => decision.credential.as_ref(),
            Body::Action(action) => action.credential.as_ref(),
            _ => None,
        };
        presented.filter(|foreign| self.is(foreign)).map(|_| GoesBy::Credential)
    }
}

/// The foreign ids that are a statement's own.
fn own_ids(statement: &Statement) -> impl Iterator<Item = &ForeignRef> {
    let credential = match &statement.payload.body {
        Body::Delegation(hop) => hop.credential.as_ref(),
        Body::Credential(credential) => Some(&credential.credential),
        _ => None,
    };
    statement.payload.refs.iter().chain(credential)
}

/// Candidates up to the most that are listed.
struct Listed<F> {
    found: BTreeMap<Index, F>,
    truncated: bool,
}

impl<F> Default for Listed<F> {
    fn default() -> Self {
        Self { found: BTreeMap::new(), truncated: false }
    }
}

impl<F> Listed<F> {
    fn add(&mut self, index: Index, found: F) {
        if self.found.len() < CANDIDATES_MAX {
            self.found.insert(index, found);
        } else {
            self.truncated = true;
        }
    }
}

fn by_prefix<N: Names>(names: &N, name: &str) -> Result<Option<Candidates<N::Found>>, N::Error> {
    let digits = name.len();
    let whole = StatementId::LEN.saturating_mul(2);
    if !(PREFIX_DIGITS_MIN..whole).contains(&digits) {
        return Ok(None);
    }
    let fill = |digit: &str| {
        StatementId::from_hex(&alloc::format!("{name}{}", digit.repeat(whole.saturating_sub(digits))))
    };
    let (Some(first), Some(last)) = (fill("0"), fill("f")) else { return Ok(None) };
    let ids = names.ids_between(&first, &last, CANDIDATES_MAX.saturating_add(1))?;
    let truncated = ids.len() > CANDIDATES_MAX;
    let mut found = Vec::new();
    for id in ids.iter().take(CANDIDATES_MAX) {
        if let Some(index) = names.index_of(id)? {
            found.extend(names.at(index)?);
        }
    }
    found.sort_by_key(Named::index);
    Ok(Some(Candidates { matched: Matched::Prefix, found, truncated }))
}

/// Whether all come from one event: of one source event, or, where nothing was imported, all by the same foreign id.
fn is_one_event<F: Named>(found: &[F], name: &str) -> bool {
    let statements: Option<Vec<&Statement>> = found.iter().map(Named::statement).collect();
    let Some((first, rest)) = statements.as_deref().and_then(<[&Statement]>::split_first) else {
        return false;
    };
    let event = |statement: &Statement| {
        let source = statement.payload.source.as_ref();
        source.map(|source| (source.format.clone(), source.id.clone()))
    };
    let asked = asked_for(name);
    let is_asked = |own: &&ForeignRef| asked.iter().flatten().any(|asked| asked.is(own));
    let shared =
        |id: &ForeignRef| rest.iter().all(|other| own_ids(other).filter(is_asked).any(|own| own == id));
    rest.iter().all(|other| other.payload.tenant == first.payload.tenant && event(other) == event(first))
        && (event(first).is_some() || own_ids(first).filter(is_asked).any(shared))
}

/// The one statement of the most telling kind.
fn preferred<F: Named>(found: &[F]) -> Option<&F> {
    let is = |found: &&F, kind| found.statement().is_some_and(|statement| statement.payload.kind == kind);
    let kind = PREFERRED.into_iter().find(|kind| found.iter().any(|found| is(&found, *kind)))?;
    let mut chosen = found.iter().filter(|found| is(found, kind));
    chosen.next().filter(|_| chosen.next().is_none())
}

/// A name in the spelling that ids have: hex digits may be typed in capitals.
pub fn lower_hex(name: &str) -> Option<String> {
    let is_hex = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lower = name.to_owned().to_ascii_lowercase();
    (is_hex && lower != name).then_some(lower)
}

#[cfg(test)]
mod tests;
