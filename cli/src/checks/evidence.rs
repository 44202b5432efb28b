//! What was checked of the entries that a verdict stands on.

use schemas::ids::StatementId;
use verifier::evidence::{Absence, Evidence, Record, Unsound};
use verifier::registry::{KeyError, Refusal};

use super::{Check, broken, holds, skipped};

/// Most statements that a check names.
const NAMED_MAX: usize = 5;

/// Where entries stand, how they link, what each statement's signature, key and role come to, and on what absence rests: on
/// all entries `from` somewhere, or on so many assertions.
pub(crate) fn of(evidence: &Evidence, assertions: usize, from: &str) -> Vec<Check> {
    vec![place(evidence, from), links(evidence), statements(evidence), absence(evidence, assertions)]
}

fn place(evidence: &Evidence, from: &str) -> Check {
    let (head, count) = (evidence.head(), evidence.records().count());
    match evidence.absence() {
        Absence::Recomputed(_) => holds(
            "merkle-root",
            format!("all {count} entries were read from {from} and add up to {}", head.root),
        ),
        Absence::Asserted(_) => {
            holds("inclusion", format!("{count} of {count} entries lead to root {}", head.root))
        }
    }
}

/// Entries that stand next to each other name each other's hash; where one is missing between, the tree alone holds them.
fn links(evidence: &Evidence) -> Check {
    let indexes: Vec<u64> = evidence.records().map(|record| record.index.0).collect();
    let pairs = indexes.len().saturating_sub(1);
    let adjacent = indexes.windows(2).filter(|pair| pair[0] + 1 == pair[1]).count();
    match (adjacent, pairs - adjacent) {
        (0, _) => skipped("links", "no two entries stand next to each other"),
        (linked, 0) => holds("links", format!("{linked} of {linked} between adjacent entries")),
        (linked, apart) => {
            holds("links", format!("{linked} between adjacent entries; {apart} gaps, held by the tree alone"))
        }
    }
}

fn statements(evidence: &Evidence) -> Check {
    let name = "statements";
    let (mut sound, mut keyless, mut unknown, mut unsound) = (0, 0, 0, Vec::new());
    for record in evidence.records() {
        match &record.standing {
            Ok(_) => sound += 1,
            // There for its place and time alone: its key is not among the entries.
            Err(Unsound::Refused(Refusal::Key(KeyError::Unknown { .. }))) => keyless += 1,
            Err(Unsound::Unknown(_)) => unknown += 1,
            Err(error) => unsound.push(format!("{} {}: {error}", record.index, short(record))),
        }
    }
    let total = sound + keyless + unknown + unsound.len();
    let mut detail = format!("{sound}/{total} with sound signature, key and role");
    if keyless > 0 {
        detail.push_str(&format!(
            "; {keyless} by keys that are not here, which only lend their place and time"
        ));
    }
    if unknown > 0 {
        detail.push_str(&format!("; {unknown} of a form that this program does not know"));
    }
    if unsound.is_empty() {
        return holds(name, detail);
    }
    let more = unsound.len().saturating_sub(NAMED_MAX);
    unsound.truncate(NAMED_MAX);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    broken(name, format!("{detail}; {}{more}", unsound.join("; ")))
}

fn short(record: &Record) -> String {
    let id: StatementId = record.id();
    id.to_hex().chars().take(12).collect()
}

fn absence(evidence: &Evidence, assertions: usize) -> Check {
    let name = "assertions";
    match evidence.absence() {
        Absence::Recomputed(_) => skipped(name, "not needed: every entry was read"),
        Absence::Asserted(rows) if rows.is_empty() => {
            skipped(name, "the log asserts nothing of what else there is")
        }
        Absence::Asserted(rows) => {
            let detail = format!(
                "{assertions} signed by the log, {} terms; that nothing is left out is its word (--recompute reads all)",
                rows.len()
            );
            holds(name, detail)
        }
    }
}
