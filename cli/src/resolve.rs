//! What an ID means: a full statement id, then an exact foreign id, then the beginning of a statement id.

use gateway::client::{Candidate, Client};
use schemas::envelope::Statement;
use schemas::payload::{Kind, Source};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::registration::fetch;
use crate::render::short;

/// Shortest beginning of a statement id, in hex digits.
const PREFIX_MIN: usize = 8;

/// Most candidates that are looked at to choose among them.
const CANDIDATES_MAX: usize = 16;

/// Which statement of one event is meant where the event's id is given, first choice first.
const PREFERRED: [Kind; 4] = [Kind::Action, Kind::Decision, Kind::Delegation, Kind::Credential];

/// The statement that `id` means. The server proposes; what it proposes must carry the id.
pub(crate) fn resolve(client: &Client, id: &str) -> Result<Candidate, Failure> {
    let found = match client.resolve(id) {
        Ok(found) => found,
        Err(error) if error.is_not_found() && error.code() == "not-found" => return Err(not_found(id)),
        Err(error) => return Err(error.into()),
    };
    let candidates = found.candidates;
    match candidates.as_slice() {
        [] => Err(not_found(id)),
        [only] => {
            check_carries(client, only, id)?;
            Ok(only.clone())
        }
        several if several.len() > CANDIDATES_MAX || found.truncated => {
            Err(ambiguous(id, several, found.truncated))
        }
        several => choose(client, id, several),
    }
}

fn choose(client: &Client, id: &str, candidates: &[Candidate]) -> Result<Candidate, Failure> {
    let mut sources = Vec::new();
    for candidate in candidates {
        sources.push(check_carries(client, candidate, id)?.payload.source);
    }
    match preferred(candidates, &sources) {
        Some(chosen) => Ok(chosen.clone()),
        None => Err(ambiguous(id, candidates, false)),
    }
}

/// The one statement of the most telling kind, where all are of one source event.
fn preferred<'a>(candidates: &'a [Candidate], sources: &[Option<Source>]) -> Option<&'a Candidate> {
    let event =
        |source: &Option<Source>| source.as_ref().map(|source| (source.format.clone(), source.id.clone()));
    let first = sources.first().map(event)?;
    if sources.iter().any(|source| event(source) != first) {
        return None;
    }
    for kind in PREFERRED {
        let mut of_kind = candidates.iter().filter(|candidate| candidate.kind == kind);
        if let Some(chosen) = of_kind.next() {
            return of_kind.next().is_none().then_some(chosen);
        }
    }
    None
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

/// Whether a statement is called `id`, or names something that is.
pub(crate) fn carries(statement: &Statement, id: &str) -> bool {
    let own = statement.id().to_hex();
    let begins = id.len() >= PREFIX_MIN && own.starts_with(id);
    let holds =
        |id: &str| serde_json::to_value(&statement.payload).is_ok_and(|payload| holds_text(&payload, id));
    // A foreign id may be given with its type: `request:…`.
    begins || holds(id) || id.split_once(':').is_some_and(|(_, value)| holds(value))
}

fn holds_text(value: &serde_json::Value, wanted: &str) -> bool {
    match value {
        serde_json::Value::String(text) => text == wanted,
        serde_json::Value::Array(items) => items.iter().any(|item| holds_text(item, wanted)),
        serde_json::Value::Object(fields) => fields.values().any(|field| holds_text(field, wanted)),
        _ => false,
    }
}

fn not_found(id: &str) -> Failure {
    let what = format!("no statement in the log is, or carries, `{id}`");
    let failure = Failure::new("not-found", what).exit(Exit::NotFound);
    if id.len() < PREFIX_MIN && id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return failure
            .next(format!("at least {PREFIX_MIN} digits of a statement id, or `writ search --help`"));
    }
    failure.next("`writ search --help`: by principal, action, resource, task, decision or foreign id")
}

fn ambiguous(id: &str, candidates: &[Candidate], more: bool) -> Failure {
    let rows: Vec<String> = candidates
        .iter()
        .take(CANDIDATES_MAX)
        .map(|candidate| format!("\n    {} {} at #{}", short(&candidate.id), candidate.kind, candidate.index))
        .collect();
    let rest = if more || candidates.len() > CANDIDATES_MAX { "\n    …and more" } else { "" };
    let what = format!("`{id}` means several statements:{}{rest}", rows.concat());
    Failure::usage("ambiguous-id", what)
        .next("the same with one of these ids, or `writ search --ref TYPE:VALUE`")
}

#[cfg(test)]
mod tests {
    use schemas::ids::{ByteString, StatementId};

    use super::*;

    fn candidate(kind: Kind, index: u64) -> Candidate {
        Candidate { id: StatementId::new([index as u8; 32]), index, kind }
    }

    fn source(id: &str) -> Option<Source> {
        Some(Source {
            format: "cloudtrail".parse().unwrap(),
            id: id.parse().unwrap(),
            part: "x".parse().unwrap(),
            digest: ByteString(vec![0; 32]),
            adapter: "a".parse().unwrap(),
        })
    }

    #[test]
    fn of_one_event_the_action_is_meant_then_the_decision_then_the_delegation() {
        let all = [
            candidate(Kind::Credential, 1),
            candidate(Kind::Delegation, 2),
            candidate(Kind::Decision, 3),
            candidate(Kind::Action, 4),
        ];
        for count in (1..=4).rev() {
            let sources = vec![source("e"); count];
            assert_eq!(preferred(&all[..count], &sources), Some(&all[count - 1]));
        }
    }

    #[test]
    fn several_of_the_preferred_kind_are_not_chosen_among() {
        let two = [candidate(Kind::Action, 1), candidate(Kind::Action, 2), candidate(Kind::Decision, 3)];
        assert_eq!(preferred(&two, &[source("e"), source("e"), source("e")]), None);
    }

    #[test]
    fn statements_of_different_events_are_not_chosen_among() {
        let two = [candidate(Kind::Action, 1), candidate(Kind::Decision, 2)];
        assert_eq!(preferred(&two, &[source("e"), source("f")]), None);
        assert_eq!(preferred(&two, &[source("e"), None]), None);
        assert_eq!(preferred(&two, &[None, None]), Some(&two[0]));
    }
}
