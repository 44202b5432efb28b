//! How many of the statements that fit a query have which actor, action, resource, address …: the most frequent first.

mod text;

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::fmt;

use schemas::ids::StatementId;
use schemas::kinds::{Action, Decision};
use schemas::payload::{Body, Payload};
use schemas::text::Name;
use schemas::time::Time;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::kept::{AsOf, Put};

/// Name of the JSON form.
pub const COUNTS_SCHEMA: &str = "writ.counts/1";

/// Most statements that are counted for one answer: an answer that would need more says that it is not all.
pub const COUNTED_MAX: usize = 10_000;

/// By what statements are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// Who acts, or asks to.
    Actor,
    /// What is done or asked for.
    Action,
    /// What it touches. A statement that touches several counts for each.
    Resource,
    /// How it was ruled.
    Ruling,
    /// What came of it.
    Outcome,
    /// Why it was ruled so, or the error that it ended in.
    Reason,
    /// Its kind.
    Kind,
    /// Its task.
    Task,
    /// Its tenant.
    Tenant,
    /// The credential that was presented.
    Credential,
    /// Its foreign ids of one type. A statement that carries several counts for each.
    Ref(Name),
}

/// How many statements have what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// [`COUNTS_SCHEMA`].
    pub schema: String,
    /// By what they are counted.
    pub by: By,
    /// How many statements fit, as far as was looked.
    pub total: u64,
    /// How many of them have nothing of the kind that they are counted by.
    pub without: u64,
    /// Whether those are all: no more than [`COUNTED_MAX`] statements fit.
    pub complete: bool,
    /// How many values there are.
    pub values: usize,
    /// How many of them are listed.
    pub count: usize,
    /// Whether there are more.
    pub truncated: bool,
    /// The values, the most frequent first, then by the value.
    pub counts: Vec<Count>,
    /// Under which head.
    pub as_of: AsOf,
}

/// How many statements have one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// The value.
    pub value: String,
    /// How many have it.
    pub count: u64,
    /// The earliest of them, as their signers say.
    pub first: Time,
    /// The latest of them.
    pub last: Time,
    /// The last of them in the log.
    pub example: StatementId,
}

/// Counts statements one after the other.
#[derive(Debug)]
pub struct Counting {
    by: By,
    total: u64,
    without: u64,
    counts: BTreeMap<String, Count>,
}

impl Counting {
    /// Nothing counted yet.
    pub fn new(by: By) -> Self {
        Self { by, total: 0, without: 0, counts: BTreeMap::new() }
    }

    /// Counts one more; they come in the order of the log.
    pub fn take(&mut self, put: &Put) {
        let payload = &put.statement.payload;
        self.total = self.total.saturating_add(1);
        let mut values = values(&self.by, payload);
        values.sort();
        values.dedup();
        self.without = self.without.saturating_add(u64::from(values.is_empty()));
        let (at, id) = (payload.at, put.statement.id());
        for value in values {
            match self.counts.entry(value) {
                Entry::Vacant(vacant) => {
                    let value = vacant.key().clone();
                    vacant.insert(Count { value, count: 1, first: at, last: at, example: id });
                }
                Entry::Occupied(mut counted) => {
                    let counted = counted.get_mut();
                    counted.count = counted.count.saturating_add(1);
                    (counted.first, counted.last) = (counted.first.min(at), counted.last.max(at));
                    counted.example = id;
                }
            }
        }
    }

    /// The answer with the `most` most frequent values. `complete`: whether every statement that fits was taken.
    pub fn answer(self, most: usize, complete: bool, as_of: AsOf) -> Counts {
        let mut counts: Vec<Count> = self.counts.into_values().collect();
        // They come sorted by the value, and a stable sort keeps that order among equals.
        counts.sort_by_key(|count| Reverse(count.count));
        let values = counts.len();
        counts.truncate(most);
        Counts {
            schema: COUNTS_SCHEMA.into(),
            by: self.by,
            total: self.total,
            without: self.without,
            complete,
            values,
            count: counts.len(),
            truncated: counts.len() < values,
            counts,
            as_of,
        }
    }
}

/// What one statement has of the kind that is counted by.
fn values(by: &By, payload: &Payload) -> Vec<String> {
    let of = |of_action: fn(&Action) -> Vec<String>, of_decision: fn(&Decision) -> Vec<String>| match &payload
        .body
    {
        Body::Action(action) => of_action(action),
        Body::Decision(decision) => of_decision(decision),
        _ => Vec::new(),
    };
    match by {
        By::Actor => of(|action| one(&action.actor), |decision| one(&decision.actor)),
        By::Action => of(|action| one(&action.action.name), |decision| one(&decision.action.name)),
        By::Resource => of(|action| all(&action.resources), |decision| all(&decision.resources)),
        By::Ruling => of(|_| Vec::new(), |decision| one(decision.ruling)),
        By::Outcome => of(|action| all(action.outcome), |_| Vec::new()),
        By::Reason => of(|action| all(&action.error), |decision| all(&decision.reason)),
        By::Credential => of(|action| all(&action.credential), |decision| all(&decision.credential)),
        By::Kind => one(payload.kind),
        By::Task => all(&payload.task),
        By::Tenant => one(&payload.tenant),
        By::Ref(kind) => {
            let named = payload.refs.iter().filter(|foreign| foreign.kind == *kind);
            named.map(|foreign| foreign.value.to_string()).collect()
        }
    }
}

fn one(value: impl ToString) -> Vec<String> {
    [value.to_string()].into()
}

fn all<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

impl By {
    /// Every word for one, and the form of the others.
    pub const WORDS: &str =
        "actor, action, resource, ruling, outcome, reason, kind, task, tenant, credential, ref:TYPE";

    /// Reads a word, or `ref:` with a type of foreign ids.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "actor" => Self::Actor,
            "action" => Self::Action,
            "resource" => Self::Resource,
            "ruling" => Self::Ruling,
            "outcome" => Self::Outcome,
            "reason" => Self::Reason,
            "kind" => Self::Kind,
            "task" => Self::Task,
            "tenant" => Self::Tenant,
            "credential" => Self::Credential,
            _ => Self::Ref(Name::new(text.strip_prefix("ref:")?).ok()?),
        })
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Actor => "actor",
            Self::Action => "action",
            Self::Resource => "resource",
            Self::Ruling => "ruling",
            Self::Outcome => "outcome",
            Self::Reason => "reason",
            Self::Kind => "kind",
            Self::Task => "task",
            Self::Tenant => "tenant",
            Self::Credential => "credential",
            Self::Ref(kind) => return write!(f, "ref:{kind}"),
        })
    }
}

impl Serialize for By {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for By {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is none of {}", Self::WORDS)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_read_as_it_is_written() {
        for word in By::WORDS.replace("TYPE", "address").split(", ") {
            assert_eq!(By::parse(word).unwrap().to_string(), word);
        }
        for none in ["", "Actor", "ref:", "address", "ref:A B"] {
            assert_eq!(By::parse(none), None, "{none}");
        }
    }
}
