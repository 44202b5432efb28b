//! What looks like a name that means nothing.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::envelope::Statement;
use schemas::payload::Body;
use schemas::text::PrincipalId;
use schemas::time::Index;

use super::own_ids;

/// Shortest text of which something is said to be near, in characters.
const NEAR_CHARS_MIN: usize = 3;

/// Longest text that is compared character by character, in characters: ids of other systems are shorter.
pub const NEAR_CHARS_MAX: usize = 128;

/// Most edits between two texts that are near; one where the text that is looked for is no longer than [`SHORT_CHARS_MAX`].
const EDITS_MAX: usize = 2;

/// Longest text, in characters, in which one edit is much.
const SHORT_CHARS_MAX: usize = 6;

/// Characters that ids are made of, which a slip of the finger leaves out, adds or takes for another.
const ALPHABET: &str = "0123456789abcdefghijklmnopqrstuvwxyz-_/:.@";

/// Those of ids that are hex digits, with or without hyphens.
const HEX: &str = "0123456789abcdef-";

/// What a name can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// A statement, by its id.
    Statement,
    /// Whatever goes by a foreign id.
    Foreign,
    /// A task.
    Task,
    /// A distributed trace.
    Trace,
    /// Somebody.
    Principal,
    /// A signing key.
    Key,
    /// A revision of a policy.
    Revision,
}

impl Sort {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Foreign => "foreign",
            Self::Task => "task",
            Self::Trace => "trace",
            Self::Principal => "principal",
            Self::Key => "key",
            Self::Revision => "policy-revision",
        }
    }

    /// What a question about one statement takes.
    pub const STATEMENTS: &[Self] = &[Self::Statement, Self::Foreign];
    /// What a question about a statement, a task or a trace takes.
    pub const COURSES: &[Self] = &[Self::Statement, Self::Foreign, Self::Task, Self::Trace];
    /// What a question about anything takes.
    pub const ALL: &[Self] = &[
        Self::Statement,
        Self::Foreign,
        Self::Task,
        Self::Trace,
        Self::Principal,
        Self::Key,
        Self::Revision,
    ];
}

/// A name that looks like another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// The name, as it would be asked for.
    pub name: String,
    /// What it is of.
    pub sort: Sort,
    /// A statement that it was met in.
    pub index: Index,
}

/// The names nearest to one that means nothing, among the statements that are shown to it.
#[derive(Clone, Debug)]
pub struct Nearest<'n> {
    wanted: String,
    sorts: &'n [Sort],
    most: usize,
    /// By how far away and by name.
    found: BTreeMap<(usize, String), (Sort, Index)>,
    seen: BTreeSet<Index>,
}

impl<'n> Nearest<'n> {
    /// Looks for names of these sorts, at most `most`.
    pub fn new(name: &str, sorts: &'n [Sort], most: usize) -> Self {
        let (wanted, found, seen) = (name.to_ascii_lowercase(), BTreeMap::new(), BTreeSet::new());
        Self { wanted, sorts, most, found, seen }
    }

    /// Whether an entry was shown already.
    pub fn knows(&self, index: Index) -> bool {
        self.seen.contains(&index)
    }

    /// Looks at the names in a statement.
    pub fn look(&mut self, index: Index, statement: &Statement) {
        if !self.seen.insert(index) {
            return;
        }
        let id = statement.id().to_hex();
        if let Some(begins) = id.get(..self.wanted.len()).filter(|_| self.wanted.len() <= id.len()) {
            let begins = begins.to_string();
            self.meet(Sort::Statement, &begins, id.clone(), index);
        }
        let body = &statement.payload.body;
        let presented = match body {
            Body::Decision(decision) => decision.credential.as_ref(),
            Body::Action(action) => action.credential.as_ref(),
            _ => None,
        };
        for foreign in own_ids(statement).chain(presented) {
            self.meet(Sort::Foreign, foreign.value.as_str(), foreign.to_string(), index);
        }
        if let Some(task) = &statement.payload.task {
            self.meet(Sort::Task, task.as_str(), task.to_string(), index);
        }
        if let Some(trace) = &statement.payload.trace {
            let digits: String = trace.trace_id.0.iter().map(|byte| format!("{byte:02x}")).collect();
            self.meet(Sort::Trace, &digits, digits.clone(), index);
        }
        self.meet(
            Sort::Principal,
            statement.envelope.iss.as_str(),
            statement.envelope.iss.to_string(),
            index,
        );
        for principal in principals(body) {
            self.meet(Sort::Principal, principal.as_str(), principal.to_string(), index);
        }
        match body {
            Body::Key(key) => self.meet(Sort::Key, &key.kid.to_hex(), key.kid.to_hex(), index),
            Body::Policy(policy) => {
                let name = format!("{}:{}@{}", policy.engine, policy.id, policy.revision);
                self.meet(Sort::Revision, &name, name.clone(), index);
            }
            Body::Decision(decision) => {
                if let Some(policy) = &decision.policy
                    && let (Some(id), Some(revision)) = (&policy.id, &policy.revision)
                {
                    let name = format!("{}:{id}@{revision}", policy.engine);
                    self.meet(Sort::Revision, &name, name.clone(), index);
                }
            }
            _ => {}
        }
    }

    /// The nearest, nearest first.
    pub fn finish(self) -> Vec<Near> {
        let near = |((_, name), (sort, index))| Near { name, sort, index };
        self.found.into_iter().map(near).collect()
    }

    fn meet(&mut self, sort: Sort, text: &str, name: String, index: Index) {
        if !self.sorts.contains(&sort) {
            return;
        }
        let Some(edits) = apart(text, &self.wanted) else { return };
        if self.found.keys().any(|(_, known)| *known == name) {
            return;
        }
        self.found.insert((edits, name), (sort, index));
        if self.found.len() > self.most {
            self.found.pop_last();
        }
    }
}

/// Whom a statement's body names.
fn principals(body: &Body) -> Vec<&PrincipalId> {
    match body {
        Body::Key(key) => key.principal.iter().collect(),
        Body::Principal(stated) => Vec::from([&stated.id]),
        Body::Link(link) => Vec::from([&link.from, &link.to]),
        Body::Delegation(hop) => Vec::from([&hop.delegator, &hop.delegatee]),
        Body::Decision(decision) => Vec::from([&decision.actor]),
        Body::Action(action) => Vec::from([&action.actor]),
        _ => Vec::new(),
    }
}

/// Names of principals that look like one that is nobody's; at most `most`, each once.
pub fn near_principals<'s>(
    names: impl Iterator<Item = &'s PrincipalId>,
    name: &str,
    most: usize,
) -> Vec<&'s PrincipalId> {
    let wanted = name.to_ascii_lowercase();
    let mut close: Vec<&PrincipalId> = Vec::new();
    for known in names {
        if close.len() < most && apart(known.as_str(), &wanted).is_some() && !close.contains(&known) {
            close.push(known);
        }
    }
    close
}

/// Spellings of a name that are one edit away from it: how something may be called whose name was mistyped. The name itself in
/// lower case and in capitals is among them. None of a name longer than [`NEAR_CHARS_MAX`].
pub fn spellings(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() > NEAR_CHARS_MAX || letters.len() < NEAR_CHARS_MIN {
        return Vec::new();
    }
    let is_hex = letters.iter().all(|c| HEX.contains(c.to_ascii_lowercase()));
    let is_capital = letters.iter().any(char::is_ascii_uppercase);
    let alphabet = if is_hex { HEX } else { ALPHABET }.chars();
    let alphabet: Vec<char> = alphabet.map(|c| if is_capital { c.to_ascii_uppercase() } else { c }).collect();
    let mut all = BTreeSet::from([name.to_ascii_lowercase(), name.to_ascii_uppercase()]);
    for at in 0..=letters.len() {
        let (before, after) = letters.split_at(at);
        let joined = |middle: &[char], after: &[char]| -> String {
            before.iter().chain(middle).chain(after).collect()
        };
        for c in &alphabet {
            all.insert(joined(&[*c], after));
        }
        let [gone, rest @ ..] = after else { continue };
        all.insert(joined(&[], rest));
        for c in &alphabet {
            all.insert(joined(&[*c], rest));
        }
        if let [next, rest @ ..] = rest {
            all.insert(joined(&[*next, *gone], rest));
        }
    }
    all.remove(name);
    all.into_iter().collect()
}

/// In how many edits two texts differ, whatever the case and with or without the word before a colon; nothing where they are not
/// near. `wanted` is in lower case. A text that holds the other is as near as one edit.
fn apart(text: &str, wanted: &str) -> Option<usize> {
    let text = text.to_ascii_lowercase();
    let value = |text: &str| text.split_once(':').map(|(_, value)| value.to_string());
    let (short_text, short_wanted) = (value(&text), value(wanted));
    let pairs = [
        Some((text.clone(), wanted.to_string())),
        short_wanted.clone().map(|wanted| (text.clone(), wanted)),
        short_text.clone().map(|text| (text, wanted.to_string())),
        short_text.zip(short_wanted),
    ];
    pairs.into_iter().flatten().filter_map(|(text, wanted)| edits(&text, &wanted)).min()
}

/// In how many edits two texts differ: a character more, less, other, or two that changed places; nothing where it is many.
fn edits(text: &str, wanted: &str) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (text.chars().collect(), wanted.chars().collect());
    let least = NEAR_CHARS_MIN..=NEAR_CHARS_MAX;
    if !least.contains(&a.len()) || !least.contains(&b.len()) {
        return None;
    }
    let most = if b.len() <= SHORT_CHARS_MAX { 1 } else { EDITS_MAX };
    let holds = || (text.contains(wanted) || wanted.contains(text)).then_some(1);
    if a.len().abs_diff(b.len()) > most {
        return holds();
    }
    let counted = distance(&a, &b);
    Some(counted).filter(|edits| *edits <= most).or_else(holds)
}

/// Optimal string alignment distance: three rows of the table of prefixes are enough.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut a_last = None;
    for (row, x) in a.iter().enumerate() {
        let mut next: Vec<usize> = Vec::from([row.saturating_add(1)]);
        let mut b_last = None;
        for (at, y) in b.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX);
            let same = cell(&last, at).saturating_add(usize::from(x != y));
            let more = cell(&last, at.saturating_add(1)).saturating_add(1);
            let less = cell(&next, at).saturating_add(1);
            let mut best = same.min(more).min(less);
            if let Some(two) = at.checked_sub(1)
                && a_last == Some(y)
                && b_last == Some(x)
            {
                best = best.min(cell(&before, two).saturating_add(1));
            }
            next.push(best);
            b_last = Some(y);
        }
        before = core::mem::replace(&mut last, next);
        a_last = Some(x);
    }
    last.last().copied().unwrap_or_default()
}
