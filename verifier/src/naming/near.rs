//! What looks like a name that means nothing.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::envelope::Statement;
use schemas::text::PrincipalId;
use schemas::time::Index;

use super::own_ids;

/// Shortest text of which something is said to be near, in characters.
const NEAR_CHARS_MIN: usize = 3;

/// Most characters in which two texts of one length may differ and be near.
const NEAR_DIFFERENT_MAX: usize = 2;

/// Foreign ids, as `type:value`, and statement ids that look like a name that means nothing, with their places; at most `most`.
pub fn near<'s>(
    statements: impl Iterator<Item = (Index, &'s Statement)>,
    name: &str,
    most: usize,
) -> Vec<(Index, String)> {
    let wanted = name.rsplit_once(':').map_or(name, |(_, value)| value).to_ascii_lowercase();
    let mut close: Vec<(Index, String)> = Vec::new();
    for (index, statement) in statements {
        let foreign = own_ids(statement).filter(|own| is_near(own.value.as_str(), &wanted));
        let id = statement.id().to_hex();
        let own = is_near(id.get(..wanted.len()).unwrap_or_default(), &wanted).then(|| id.clone());
        for text in foreign.map(ToString::to_string).chain(own) {
            if close.len() >= most {
                return close;
            }
            if close.iter().all(|(_, known)| *known != text) {
                close.push((index, text));
            }
        }
    }
    close
}

/// Names of principals that look like one that is nobody's; at most `most`, each once.
pub fn near_principals<'s>(
    names: impl Iterator<Item = &'s PrincipalId>,
    name: &str,
    most: usize,
) -> Vec<&'s PrincipalId> {
    let wanted = name.rsplit_once(':').map_or(name, |(_, value)| value).to_ascii_lowercase();
    let mut close: Vec<&PrincipalId> = Vec::new();
    for known in names {
        let text = known.as_str();
        let value = text.split_once(':').map_or(text, |(_, value)| value);
        if close.len() < most && is_near(value, &wanted) && !close.contains(&known) {
            close.push(known);
        }
    }
    close
}

/// Whether one text holds the other, or they differ in few places, whatever the case. `wanted` is in lower case.
fn is_near(text: &str, wanted: &str) -> bool {
    let text = text.to_ascii_lowercase();
    if wanted.chars().count() < NEAR_CHARS_MIN || text.chars().count() < NEAR_CHARS_MIN {
        return false;
    }
    let different = || text.chars().zip(wanted.chars()).filter(|(a, b)| a != b).count();
    let is_long = wanted.chars().count() > NEAR_CHARS_MIN.saturating_mul(NEAR_DIFFERENT_MAX);
    text.contains(wanted)
        || wanted.contains(&text)
        || (is_long && text.chars().count() == wanted.chars().count() && different() <= NEAR_DIFFERENT_MAX)
}
