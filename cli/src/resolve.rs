//! What an ID means: a full statement id, a place in the log (`#12`), an exact foreign id, the beginning of a statement id.

use gateway::client::{Candidate, Candidates, Client, ClientError, Matched};
use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::payload::{Body, Kind};
use schemas::reference::ForeignRef;
use serde::Serialize;
use verifier::evidence::{Evidence, Record};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;
use crate::registration::{decode, fetch};
use crate::render::{short, statement};

/// Shortest beginning of a statement id, in hex digits.
const PREFIX_MIN: usize = 8;

/// Most candidates that are looked at to choose among them.
const CANDIDATES_MAX: usize = 16;

/// Which statement of one event is meant where the event's id is given, first choice first.
const PREFERRED: [Kind; 4] = [Kind::Action, Kind::Decision, Kind::Delegation, Kind::Credential];

/// One of several statements that an ambiguous id may mean.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CandidateRow {
    pub(crate) id: StatementId,
    pub(crate) kind: Kind,
    pub(crate) index: u64,
    /// When, as its signer says.
    pub(crate) at: u64,
    pub(crate) tenant: String,
    pub(crate) summary: String,
}

/// The statement that `id` means. The server proposes; what it proposes must carry the id.
pub(crate) fn resolve(client: &Client, id: &str) -> Result<Candidate, Failure> {
    if id.is_empty() {
        return Err(Failure::usage("empty-id", "the ID is empty").next("writ search --help"));
    }
    if let Some(place) = place(id) {
        return at(client, place, id);
    }
    let Some(found) = ask(client, id)? else { return Err(not_found(id)) };
    match found.candidates.as_slice() {
        [] => Err(not_found(id)),
        [only] => {
            check_carries(client, only, id)?;
            Ok(only.clone())
        }
        several => choose(client, id, several, &found),
    }
}

/// The statement among these that `id` names by itself: by its id, the beginning of it, or its place.
pub(crate) fn resolve_among(evidence: &Evidence, id: &str) -> Result<StatementId, Failure> {
    let lower = id.to_ascii_lowercase();
    let named = |record: &&Record| match place(id) {
        Some(place) => record.index.0 == place,
        None => id.len() >= PREFIX_MIN && record.envelope.id.to_hex().starts_with(&lower),
    };
    let found: Vec<&Record> = evidence.records().filter(named).take(CANDIDATES_MAX).collect();
    match found.as_slice() {
        [only] => Ok(only.envelope.id),
        [] => {
            let what = format!("no statement of the mirror has the id, or the place, `{id}`");
            Err(Failure::new("not-found", what).exit(Exit::NotFound).next(format!(
                "a statement id, its first {PREFIX_MIN} digits or more, or #N; foreign ids need the server"
            )))
        }
        several => {
            let ids: Vec<String> = several.iter().map(|record| record.envelope.id.to_hex()).collect();
            let what = format!("`{id}` begins several statement ids: {}", ids.join(", "));
            Err(Failure::usage("ambiguous-id", what).next("more digits"))
        }
    }
}

/// What the server says the id may mean. Hex digits may be in capitals, also where the exact text is nobody's id.
fn ask(client: &Client, id: &str) -> Result<Option<Candidates>, ClientError> {
    match client.resolve(id) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() && error.code() == "not-found" => {
            let lower = id.to_ascii_lowercase();
            let again = lower != id && is_hex(id);
            if again { ask(client, &lower) } else { Ok(None) }
        }
        Err(error) => Err(error),
    }
}

/// `#12`: a place in the log.
fn place(id: &str) -> Option<u64> {
    id.strip_prefix('#')?.parse().ok()
}

/// The statement at a place.
fn at(client: &Client, index: u64, id: &str) -> Result<Candidate, Failure> {
    if index >= client.log()?.as_of.size {
        return Err(not_found(id));
    }
    let entries = client.entries(index, index.saturating_add(1))?;
    let (got, statement) = decode(entries.first().map_or(&[][..], Vec::as_slice))?;
    if got != index {
        return Err(Failure::new("wrong-entry", "the server answers with another entry")
            .values(format!("entry #{index}"), format!("entry #{got}"))
            .exit(Exit::Tampered));
    }
    Ok(Candidate { id: statement.id(), index, kind: statement.payload.kind })
}

fn choose(
    client: &Client,
    id: &str,
    several: &[Candidate],
    found: &Candidates,
) -> Result<Candidate, Failure> {
    let mut statements = Vec::new();
    for candidate in several.iter().take(CANDIDATES_MAX) {
        statements.push(check_carries(client, candidate, id)?);
    }
    let is_whole = statements.len() == several.len() && !found.truncated;
    if is_whole
        && found.matched == Matched::Foreign
        && is_one_event(&statements, id)
        && let Some(chosen) = preferred(several)
    {
        return Ok(chosen.clone());
    }
    Err(ambiguous(id, &statements, several, !is_whole))
}

/// Whether all come from one event: of one source event, or, where nothing was imported, all by the same foreign id.
fn is_one_event(statements: &[Statement], id: &str) -> bool {
    let Some((first, rest)) = statements.split_first() else { return false };
    let event = |statement: &Statement| {
        let source = statement.payload.source.as_ref();
        source.map(|source| (source.format.clone(), source.id.clone()))
    };
    rest.iter().all(|other| other.payload.tenant == first.payload.tenant && event(other) == event(first))
        && (event(first).is_some()
            || own_refs(first, id)
                .iter()
                .any(|shared| rest.iter().all(|other| own_refs(other, id).contains(shared))))
}

/// The foreign ids among a statement's own that `id` names, by value or as `type:value`.
fn own_refs<'s>(statement: &'s Statement, id: &str) -> Vec<&'s ForeignRef> {
    let credential = match &statement.payload.body {
        Body::Delegation(hop) => hop.credential.as_ref(),
        Body::Credential(credential) => Some(&credential.credential),
        _ => None,
    };
    let named = |foreign: &&ForeignRef| {
        foreign.value.as_str() == id
            || id
                .split_once(':')
                .is_some_and(|(kind, value)| foreign.kind.as_str() == kind && foreign.value.as_str() == value)
    };
    statement.payload.refs.iter().chain(credential).filter(named).collect()
}

/// The one statement of the most telling kind.
fn preferred(candidates: &[Candidate]) -> Option<&Candidate> {
    let of_kind = |kind| candidates.iter().filter(move |candidate| candidate.kind == kind);
    let kind = PREFERRED.into_iter().find(|kind| of_kind(*kind).next().is_some())?;
    let mut chosen = of_kind(kind);
    chosen.next().filter(|_| chosen.next().is_none())
}

/// The candidate's statement, which must be what the server says it is and carry the id.
fn check_carries(client: &Client, candidate: &Candidate, id: &str) -> Result<Statement, Failure> {
    let statement = fetch(client, &candidate.id)?;
    if !carries(&statement, id) || statement.payload.kind != candidate.kind {
        let what = format!("the server names {} for `{id}`, which does not carry that id", candidate.id);
        return Err(Failure::new("wrong-candidate", what).exit(Exit::Tampered));
    }
    Ok(statement)
}

/// Whether an id names another place than this one.
pub(crate) fn is_elsewhere(id: &str, index: u64) -> bool {
    place(id).is_some_and(|named| named != index)
}

/// Whether a statement is called `id`, or names something that is. Any can be at a place: see [`is_elsewhere`].
pub(crate) fn carries(statement: &Statement, id: &str) -> bool {
    let own = statement.id().to_hex();
    let begins = id.len() >= PREFIX_MIN && own.starts_with(&id.to_ascii_lowercase());
    let holds =
        |id: &str| serde_json::to_value(&statement.payload).is_ok_and(|payload| holds_text(&payload, id));
    // A foreign id may be given with its type: `request:…`.
    place(id).is_some() || begins || holds(id) || id.split_once(':').is_some_and(|(_, value)| holds(value))
}

fn holds_text(value: &serde_json::Value, wanted: &str) -> bool {
    match value {
        serde_json::Value::String(text) => text == wanted,
        serde_json::Value::Array(items) => items.iter().any(|item| holds_text(item, wanted)),
        serde_json::Value::Object(fields) => fields.values().any(|field| holds_text(field, wanted)),
        _ => false,
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn not_found(id: &str) -> Failure {
    let what = format!("the server finds no statement by `{id}`");
    let failure = Failure::new("not-found", what).exit(Exit::NotFound);
    if id.len() < PREFIX_MIN && is_hex(id) {
        return failure
            .next(format!("at least {PREFIX_MIN} digits of a statement id, or `writ search --help`"));
    }
    failure.next(
        "with its type, as TYPE:VALUE (request:…, access-key:…); `writ search --ref TYPE:VALUE` also finds what \
         only refers to it",
    )
}

fn ambiguous(id: &str, statements: &[Statement], candidates: &[Candidate], more: bool) -> Failure {
    let rows: Vec<CandidateRow> = candidates
        .iter()
        .zip(statements)
        .map(|(candidate, statement)| CandidateRow {
            id: candidate.id,
            kind: candidate.kind,
            index: candidate.index,
            at: statement.payload.at.0,
            tenant: statement.payload.tenant.to_string(),
            summary: statement::summary(&statement.payload, statement.envelope.iss.as_str()),
        })
        .collect();
    let lines: Vec<String> = rows.iter().map(line).collect();
    let rest = if more { "\n    …and more" } else { "" };
    let what = format!("`{id}` means several statements:{}{rest}", lines.concat());
    let failure = Failure::usage("ambiguous-id", what)
        .next("the same with one of these ids, or `writ search --ref TYPE:VALUE`");
    failure.candidates(rows)
}

fn line(row: &CandidateRow) -> String {
    let CandidateRow { id, kind, index, at, tenant, summary } = row;
    let at = moment::show(schemas::time::Time(*at));
    format!("\n    {}  #{index}  {kind}  {at}  {summary}  tenant {tenant}", short(id))
}

#[cfg(test)]
mod tests;
