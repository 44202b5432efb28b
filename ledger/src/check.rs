//! The checks of posted statements that need no place in the log: form, repeats, signature.

use std::collections::HashSet;

use rayon::prelude::*;
use schemas::envelope::Statement;
use schemas::ids::{KeyId, StatementId, TermId};
use schemas::payload::Body;
use schemas::time::Index;
use verifier::registry::Registry;
use verifier::signature::{CheckedKey, verify_all};

use crate::apply::Accepted;
use crate::log::Log;
use crate::outcome::{Candidate, Outcome, Refused, Unique};
use crate::read::{ReadError, Reader};
use crate::sequencer::read_statement;
use crate::store::rows::Rows;
use crate::store::sequence::Slot;

/// Statements that are looked up with one reader: few enough to keep all cores busy with a batch.
const STATEMENTS_PER_READER: usize = 64;

/// Signatures that are checked together: enough that they share what can be shared, few enough to keep all cores busy.
const SIGNATURES_TOGETHER: usize = 32;

/// A statement after the checks that need no place.
pub(crate) type Checked = Result<Candidate, Outcome>;

/// A key that a statement of a post registers: the number of the post, and the key. It vouches for nothing in other posts.
type Registered = (usize, KeyId);

/// Checks the statements of posts that wait together: one result for each statement, in order, of all posts in a row. Many are checked on
/// all cores, few on this thread alone.
pub(crate) fn check(log: &Log, posts: &[Vec<Vec<u8>>]) -> Result<Vec<Checked>, ReadError> {
    let statements: Vec<&[u8]> = posts.iter().flatten().map(Vec::as_slice).collect();
    let decoded = if statements.len() <= STATEMENTS_PER_READER {
        decode(log, &statements)?
    } else {
        let portions = statements.par_chunks(STATEMENTS_PER_READER).map(|portion| decode(log, portion));
        portions.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()
    };
    let post_of =
        posts.iter().enumerate().flat_map(|(post, statements)| statements.iter().map(move |_| post));
    let decoded: Vec<(usize, Checked)> = post_of.zip(decoded).collect();
    let registered = registered_here(&decoded);
    if decoded.len() <= STATEMENTS_PER_READER {
        let mut checked = Vec::with_capacity(decoded.len());
        let mut rest = decoded.into_iter();
        while rest.len() > 0 {
            let portion = rest.by_ref().take(SIGNATURES_TOGETHER).collect();
            checked.extend(check_signatures(log, portion, &registered));
        }
        return Ok(checked);
    }
    let portions = decoded.into_par_iter().chunks(SIGNATURES_TOGETHER);
    Ok(portions.flat_map_iter(|portion| check_signatures(log, portion, &registered)).collect())
}

/// Keys that statements register. Those of the same post may be signed with them; the sequencer checks whether it really came to that.
fn registered_here(decoded: &[(usize, Checked)]) -> HashSet<Registered> {
    let key =
        |(post, checked): &(usize, Checked)| match &checked.as_ref().ok()?.accepted.statement.payload.body {
            Body::Key(key) => Some((*post, key.kid)),
            _ => None,
        };
    decoded.iter().filter_map(key).collect()
}

/// Size, form, repeats: everything that needs no key.
fn decode(log: &Log, portion: &[&[u8]]) -> Result<Vec<Checked>, ReadError> {
    // Read first, so that rows below it are complete.
    let reader = log.reader();
    let decoded: Vec<Checked> = portion.iter().map(|bytes| decode_one(&reader, bytes)).collect();
    let new = have_new_numbers(&reader, &decoded)?;
    let asked = decoded.iter().zip(&new).filter(|(_, is_new)| !**is_new).flat_map(|(checked, _)| checked);
    let terms: Vec<TermId> = asked.filter_map(|c| Some(*c.unique.as_ref()?.term())).collect();
    let mut firsts = if terms.is_empty() { Vec::new() } else { reader.firsts(&terms)? }.into_iter();
    let look_up = |(checked, is_new): (Checked, bool)| {
        let Ok(mut candidate) = checked else { return Ok(checked) };
        if is_new {
            return Ok(Ok(candidate));
        }
        if candidate.unique.is_some() {
            let Some(first) = firsts.next().flatten() else {
                // The same bytes would have the same term.
                return Ok(Ok(candidate));
            };
            candidate.earlier = earlier(&reader, &candidate, first)?;
        }
        Ok(match repeat(&reader, &candidate)? {
            Some(duplicate) => Err(duplicate),
            None => Ok(candidate),
        })
    };
    decoded.into_iter().zip(new).map(look_up).collect()
}

/// Which statements have a number of their sequence that no entry has. The same bytes would have it, and what they should not share is
/// that number: nothing has to be looked for.
fn have_new_numbers(reader: &Reader<'_>, decoded: &[Checked]) -> Result<Vec<bool>, ReadError> {
    let slot = |checked: &Checked| {
        let candidate = checked.as_ref().ok()?;
        candidate.accepted.slot.filter(|_| candidate.unique.is_some_and(|unique| unique.is_slot()))
    };
    let slots: Vec<Option<Slot>> = decoded.iter().map(slot).collect();
    reader.are_free(&slots)
}

fn decode_one(reader: &Reader<'_>, bytes: &[u8]) -> Checked {
    let statement = Statement::decode(bytes).map_err(|error| {
        let (code, detail) = (error.code(), error.to_string());
        Outcome::Refused(Refused { id: Some(StatementId::of(bytes)), code, detail })
    })?;
    let unique = Unique::of(&statement);
    let accepted = Accepted::new(statement);
    let looked_at = reader.size();
    Ok(Candidate { accepted, signature_checked: false, unique, earlier: None, looked_at })
}

/// What is said of bytes that are in the log already.
fn repeat(reader: &Reader<'_>, candidate: &Candidate) -> Result<Option<Outcome>, ReadError> {
    let id = candidate.accepted.statement.id();
    let Some(index) = reader.index_of(&id)? else { return Ok(None) };
    if reader.found(index)?.statement.id() != id {
        return Err(reader.wrong_id_row(&id, index));
    }
    Ok(Some(Outcome::Duplicate { id, index }))
}

/// Another statement that shares what should be unique: the first one under that term, if it really is so.
fn earlier(reader: &Reader<'_>, candidate: &Candidate, index: Index) -> Result<Option<Index>, ReadError> {
    let Some(unique) = candidate.unique else { return Ok(None) };
    let other = read_statement(&Rows(reader.log().store()), index)?;
    Ok(unique.is_shared(&candidate.accepted.statement, &other).then_some(index))
}

/// The strict verdict on each signature, by the key as it is registered now.
fn check_signatures(
    log: &Log,
    decoded: Vec<(usize, Checked)>,
    registered: &HashSet<Registered>,
) -> Vec<Checked> {
    let keyed: Vec<_> = {
        let keys = log.registry();
        decoded.into_iter().map(|(post, checked)| with_key(&keys, post, checked, registered)).collect()
    };
    let claims: Vec<_> = keyed
        .iter()
        .filter_map(|(checked, key)| {
            Some((key.as_ref()?, &checked.as_ref().ok()?.accepted.statement.envelope))
        })
        .collect();
    let mut verdicts = verify_all(&claims).into_iter();
    let decide = |(checked, key): (Checked, Option<CheckedKey>)| {
        let verdict = key.and_then(|_| verdicts.next());
        let candidate = checked?;
        match verdict {
            Some(Err(error)) => Err(refused(&candidate, error.code(), error.to_string())),
            Some(Ok(())) => Ok(Candidate { signature_checked: true, ..candidate }),
            None => Ok(candidate),
        }
    };
    keyed.into_iter().map(decide).collect()
}

/// A statement with the key to check it with: none where nothing is left to check, or where the post itself registers it.
fn with_key(
    keys: &Registry,
    post: usize,
    checked: Checked,
    registered: &HashSet<Registered>,
) -> (Checked, Option<CheckedKey>) {
    let Ok(candidate) = checked else { return (checked, None) };
    let kid = candidate.accepted.statement.envelope.kid;
    let key = keys.key(&kid).map(|registered| registered.key.clone());
    if key.is_none() && !registered.contains(&(post, kid)) {
        let detail = format!("key {kid} is not registered in this log");
        return (Err(refused(&candidate, "unknown-key", detail)), None);
    }
    (Ok(candidate), key)
}

fn refused(candidate: &Candidate, code: &'static str, detail: String) -> Outcome {
    Outcome::Refused(Refused { id: Some(candidate.accepted.statement.id()), code, detail })
}
