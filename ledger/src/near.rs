//! What is called nearly as somebody said, where nothing is called so.
//!
//! The index knows names by their hashes, so that none is beside its neighbours there. Every spelling one edit away is looked up
//! instead, which finds a slip of the finger in a log of any size; what was said last and who is registered is looked at as well,
//! for names that are further off.

use schemas::ids::StatementId;
use schemas::payload::Kind;
use schemas::term::Term;
use schemas::text::{Line, PrincipalId, Tenant};
use schemas::time::Index;
use verifier::gather::Source;
use verifier::naming::{Near, Nearest, PREFIX_DIGITS_MIN, Sort, spellings};

use crate::read::{ReadError, Reader};

/// Most names that are said to be near.
const NEAR_MAX: usize = 5;

/// Most terms that are looked up, each by one seek of some microseconds.
const TERMS_MAX: usize = 16_384;

/// Most entries that a term may lead to and be looked at.
const HITS_MAX: usize = 32;

/// How many of the last entries, and of the last of each kind that registers names, are looked at: some 10 µs each.
const LAST_MAX: usize = 512;

/// Kinds by which names are registered.
const NAMING: [Kind; 4] = [Kind::Key, Kind::Principal, Kind::Task, Kind::Policy];

/// Hex digits of a statement id's beginning that must be right, or wrong in one place.
const DIGITS: usize = 8;

/// Names of these sorts that are near to one that means nothing.
pub(crate) fn near(
    reader: &Reader<'_>,
    name: &str,
    sorts: &[Sort],
    tenant: &Tenant,
) -> Result<Vec<Near>, ReadError> {
    let mut nearest = Nearest::new(name, sorts, NEAR_MAX);
    if sorts.contains(&Sort::Statement) {
        by_digits(reader, name, &mut nearest)?;
    }
    by_spelling(reader, name, sorts, tenant, &mut nearest)?;
    let size = reader.size();
    let last = (size.saturating_sub(LAST_MAX as u64)..size).rev().map(Index);
    let mut indexes: Vec<Index> = last.collect();
    for kind in NAMING {
        let from = Index(size.saturating_sub(1));
        indexes.extend(reader.term_back(&Term::Kind(kind).id(), from, LAST_MAX)?);
    }
    look(reader, &indexes, &mut nearest)?;
    Ok(nearest.finish())
}

fn look(reader: &Reader<'_>, indexes: &[Index], nearest: &mut Nearest<'_>) -> Result<(), ReadError> {
    for index in indexes {
        if index.0 < reader.size() && !nearest.knows(*index) {
            nearest.look(*index, &reader.found(*index)?.statement);
        }
    }
    Ok(())
}

/// Statements whose ids begin as the name does, but for one digit.
fn by_digits(reader: &Reader<'_>, name: &str, nearest: &mut Nearest<'_>) -> Result<(), ReadError> {
    let name = name.to_ascii_lowercase();
    let is_hex = name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some(begin) = name.get(..DIGITS).filter(|_| is_hex && name.len() >= PREFIX_DIGITS_MIN) else {
        return Ok(());
    };
    let digits = "0123456789abcdef".chars();
    let other = |at: usize| {
        let digits = digits.clone();
        digits.map(move |digit| {
            let (before, after) = (begin.get(..at).unwrap_or(""), begin.get(at + 1..).unwrap_or(""));
            format!("{before}{digit}{after}")
        })
    };
    let begins: Vec<String> = (0..DIGITS).flat_map(other).collect();
    for begin in begins {
        let fill = |digit: &str| StatementId::from_hex(&format!("{begin}{}", digit.repeat(64 - DIGITS)));
        let Some((first, last)) = fill("0").zip(fill("f")) else { continue };
        for id in reader.ids_between(first.as_bytes(), last.as_bytes(), NEAR_MAX)? {
            if let Some(index) = reader.index_of(&id)? {
                nearest.look(index, &reader.found(index)?.statement);
            }
        }
    }
    Ok(())
}

/// What stands under a spelling that is one edit away.
fn by_spelling(
    reader: &Reader<'_>,
    name: &str,
    sorts: &[Sort],
    tenant: &Tenant,
    nearest: &mut Nearest<'_>,
) -> Result<(), ReadError> {
    let value = name.split_once(':').map(|(_, value)| value);
    let mut terms = Vec::new();
    for text in value.into_iter().flat_map(spellings).chain(spellings(name)) {
        let Ok(line) = Line::new(&text) else { continue };
        if sorts.contains(&Sort::Foreign) {
            terms.push(Term::Foreign(&line).id());
        }
        if sorts.contains(&Sort::Task) {
            terms.push(Term::Task(tenant, &line).id());
        }
        if let Some(principal) = PrincipalId::new(&text).ok().filter(|_| sorts.contains(&Sort::Principal)) {
            terms.push(Term::Principal(&principal).id());
        }
    }
    terms.truncate(TERMS_MAX);
    let hits: Vec<Index> = reader.find(&terms, 1)?.into_iter().flatten().take(HITS_MAX).collect();
    look(reader, &hits, nearest)
}
