//! What an ID means: a full statement id, a place in the log (`#12`), an exact foreign id, the beginning of a statement id.

use gateway::client::{Candidate, Candidates, Client, ClientError, Matched, Meant, NearName};
use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::payload::Kind;
use schemas::time::Index;
use serde::Serialize;
use verifier::naming::{self, Named, PREFIX_DIGITS_MIN};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;
use crate::registration::{decode, fetch};
use crate::render::{short, statement};

mod among;

pub(crate) use among::{near_among, resolve_among, resolve_among_beside};

/// Most candidates that are looked at to choose among them.
const CANDIDATES_MAX: usize = 16;

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
        return Err(empty());
    }
    if let Some(place) = place(id) {
        return at(client, place, id);
    }
    let found = match ask(client, id)? {
        Ok(found) => found,
        Err(near) => return Err(not_found(id).near(near)),
    };
    match found.candidates.as_slice() {
        [] => Err(not_found(id)),
        [only] => {
            check_carries(client, only, id)?;
            Ok(only.clone())
        }
        several => choose(client, id, several, &found),
    }
}

/// What the server says the id may mean, or what is called nearly so. Hex digits may be in capitals, also where the exact text is
/// nobody's id.
fn ask(client: &Client, id: &str) -> Result<Result<Candidates, Vec<NearName>>, ClientError> {
    match client.resolve(id) {
        Ok(found) => Ok(Ok(found)),
        Err(ClientError::Refused { code, instead, .. }) if code == "not-found" => {
            naming::lower_hex(id).map_or(Ok(Err(instead.near)), |lower| ask(client, &lower))
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

/// A candidate that the server names, with its statement.
struct Held {
    candidate: Candidate,
    statement: Statement,
}

impl Named for Held {
    fn index(&self) -> Index {
        Index(self.candidate.index)
    }

    fn statement(&self) -> Option<&Statement> {
        Some(&self.statement)
    }
}

fn choose(
    client: &Client,
    id: &str,
    several: &[Candidate],
    found: &Candidates,
) -> Result<Candidate, Failure> {
    let mut held = Vec::new();
    for candidate in several.iter().take(CANDIDATES_MAX) {
        let statement = check_carries(client, candidate, id)?;
        held.push(Held { candidate: candidate.clone(), statement });
    }
    let truncated = held.len() < several.len() || found.truncated;
    let is_foreign = found.matched == Matched::Foreign;
    let matched = if is_foreign { naming::Matched::Foreign } else { naming::Matched::Prefix };
    let held = naming::Candidates { matched, found: held, truncated };
    match naming::meant(&held, id) {
        Some(chosen) => Ok(chosen.candidate.clone()),
        None => {
            let rows =
                held.found.iter().map(|held| row(held.candidate.id, held.candidate.index, &held.statement));
            Err(ambiguous(id, rows.collect(), truncated))
        }
    }
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
    let begins = id.len() >= PREFIX_DIGITS_MIN && own.starts_with(&id.to_ascii_lowercase());
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

fn empty() -> Failure {
    Failure::usage("empty-id", "the ID is empty").next("writ search --help")
}

fn not_found(id: &str) -> Failure {
    let what = format!("the server finds no statement by `{id}`");
    let failure = Failure::new("not-found", what).exit(Exit::NotFound);
    if id.len() < PREFIX_DIGITS_MIN && is_hex(id) {
        return failure
            .next(format!("at least {PREFIX_DIGITS_MIN} digits of a statement id, or `writ search --help`"));
    }
    failure.next(
        "with its type, as TYPE:VALUE (request:…, access-key:…); `writ search --ref TYPE:VALUE` also finds what \
         only refers to it",
    )
}

fn row(id: StatementId, index: u64, statement: &Statement) -> CandidateRow {
    let payload = &statement.payload;
    CandidateRow {
        id,
        kind: payload.kind,
        index,
        at: payload.at.0,
        tenant: payload.tenant.to_string(),
        summary: statement::summary(payload, statement.envelope.iss.as_str()),
    }
}

fn ambiguous(id: &str, rows: Vec<CandidateRow>, more: bool) -> Failure {
    let lines: Vec<String> = rows.iter().map(CandidateRow::line).collect();
    let rest = if more { "\n    …and more" } else { "" };
    let what = format!("`{id}` means several statements:{}{rest}", lines.concat());
    let failure = Failure::usage("ambiguous-id", what)
        .next("the same with one of these ids, or `writ search --ref TYPE:VALUE`");
    failure.candidates(rows)
}

impl CandidateRow {
    pub(crate) fn line(&self) -> String {
        let Self { id, kind, index, at, tenant, summary } = self;
        let at = moment::show(schemas::time::Time(*at));
        format!("\n    {}  #{index}  {kind}  {at}  {summary}  tenant {tenant}", short(id))
    }
}

impl From<Meant> for CandidateRow {
    fn from(Meant { id, kind, index, at, tenant, summary }: Meant) -> Self {
        Self { id, kind, index, at, tenant, summary }
    }
}

#[cfg(test)]
mod tests;
