//! What judging comes to. Serializes to the `writ.who/1` object.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use schemas::ids::StatementId;
use schemas::payload::Kind;
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use serde::{Deserialize, Serialize, Serializer};

/// Name of the JSON form.
pub const VERDICT_SCHEMA: &str = "writ.who/1";

/// The outcome of judging one subject, and everything it stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// [`VERDICT_SCHEMA`].
    pub schema: &'static str,
    /// What was judged.
    pub subject: Subject,
    /// The outcome.
    pub outcome: Outcome,
    /// The root principal; empty where it is not known.
    pub principal: String,
    /// What was decided: `permit`, `deny`, `indeterminate` or `none`.
    pub decision: String,
    /// As of when.
    pub moment: VerdictMoment,
    /// The hops that carry the authority, or come nearest to it; root first.
    pub hops: Vec<VerdictHop>,
    /// What the subject names beside its hops.
    pub relies_on: Vec<VerdictReliance>,
    /// Every finding, worst first, and among equals in the order of the rules.
    pub findings: Vec<Finding>,
    /// Under which parameters.
    pub profile: VerdictProfile,
    /// On whose keys it stands.
    pub trust: VerdictTrust,
    /// Under which head.
    pub as_of: AsOf,
    /// Whether every reference resolved and everything asked for was there.
    pub complete: bool,
    /// On what "nothing else exists" rests: `recomputed`, `proved` or `asserted`.
    pub absence: &'static str,
}

/// The statement that was judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Its id.
    pub id: StatementId,
    /// Its kind.
    pub kind: SubjectKind,
    /// Where it stands.
    pub index: Index,
}

/// The kind of what was judged; nothing where this program cannot read it, written `unknown`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubjectKind(pub Option<Kind>);

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.map_or("unknown", Kind::as_str))
    }
}

impl Serialize for SubjectKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether there was authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// There was, all along the chain.
    Authorized,
    /// Evidence is missing: it cannot be told.
    Indeterminate,
    /// There was not.
    NotAuthorized,
}

/// As of when a subject was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictMoment {
    /// The moment, in ms since the epoch.
    pub at: Time,
    /// How it is known: `claimed` (within bounds that others' clocks set), `imported` (the source's word), `interval`
    /// (not proved: judged over all the time that it may have been).
    pub established: &'static str,
}

/// One hop of the verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictHop {
    /// The delegation's id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// Who gave.
    pub delegator: String,
    /// Who received.
    pub delegatee: String,
    /// How whatever relied on it names it: `statement`, `credential` or `foreign-id`.
    pub via: &'static str,
    /// How well it is vouched for: `signed`, `vouched`, `imported`; `none` where it counts for nothing.
    pub assurance: &'static str,
    /// What it hands on, in words.
    pub scope: String,
    /// When it was given, as its statement claims.
    pub at: Time,
    /// Until when; absent: for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
    /// Findings about this hop.
    pub findings: Vec<Finding>,
}

/// A statement that the subject relies on beside its hops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictReliance {
    /// What it is relied on as: `decision`, `approval` or `attempt`.
    pub kind: &'static str,
    /// Its name, as written.
    pub name: String,
    /// Its id; absent where it is not in the evidence, or several fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<StatementId>,
    /// Where it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<Index>,
    /// What names it where the subject does not: `decision`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named_by: Option<&'static str>,
}

/// One rule's result with the values that decided it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What it means for the outcome.
    pub effect: Effect,
    /// The rule's slug.
    pub code: &'static str,
    /// How serious it is.
    pub severity: Severity,
    /// The statement at fault.
    pub statement: Option<StatementId>,
    /// Where it stands.
    pub index: Option<Index>,
    /// What would have held.
    pub expected: String,
    /// What was met.
    pub got: String,
    /// The finding as a sentence.
    pub detail: String,
}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// There is no authorized outcome beside it.
    Error,
    /// Shown, changes nothing.
    Warning,
    /// Worth knowing.
    Info,
}

/// What a finding means for the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Authority was not there.
    NotAuthorized,
    /// Evidence is missing.
    Indeterminate,
    /// Nothing.
    None,
}

/// The profile judged under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictProfile {
    /// Name.
    pub name: String,
    /// Version.
    pub version: u64,
}

/// What the caller had pinned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictTrust {
    /// Whether the log's key is pinned.
    pub pinned: bool,
    /// The key that signed the head.
    pub key: String,
    /// `pinned` or `as-named-by-the-log`.
    pub registrars: &'static str,
    /// Whether the log is fit for development only.
    pub dev: bool,
}

/// The head that a verdict stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AsOf {
    /// The log.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root.
    pub root: TreeHash,
    /// Time of the last entry; absent where it is not in the evidence.
    pub time: Option<Time>,
}

impl Finding {
    /// A finding about a statement.
    pub(crate) fn new(code: &'static str, effect: Effect, detail: impl Into<String>) -> Self {
        Self {
            effect,
            code,
            severity: Severity::of(effect),
            statement: None,
            index: None,
            expected: String::new(),
            got: String::new(),
            detail: detail.into(),
        }
    }

    /// The same finding, by another rule.
    pub(crate) fn named(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    /// The same finding, counting for something else.
    pub(crate) fn with_effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self.severity = Severity::of(effect);
        self
    }

    pub(crate) fn of(mut self, record: &crate::evidence::Record) -> Self {
        self.statement = Some(record.id());
        self.index = Some(record.index);
        self
    }

    pub(crate) fn values(mut self, expected: impl Into<String>, got: impl Into<String>) -> Self {
        self.expected = expected.into();
        self.got = got.into();
        self
    }
}

impl Severity {
    fn of(effect: Effect) -> Self {
        match effect {
            Effect::NotAuthorized | Effect::Indeterminate => Self::Error,
            Effect::None => Self::Warning,
        }
    }
}

impl Effect {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAuthorized => "not-authorized",
            Self::Indeterminate => "indeterminate",
            Self::None => "none",
        }
    }
}

impl Outcome {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authorized => "authorized",
            Self::Indeterminate => "indeterminate",
            Self::NotAuthorized => "not-authorized",
        }
    }
}
