//! What `writd keys --json` prints; docs/json describes it.

use schemas::ids::KeyId;
use schemas::kinds::Use;
use serde::Serialize;

/// `writd keys list --json`.
#[derive(Serialize)]
pub(super) struct ListDocument {
    pub(super) schema: &'static str,
    pub(super) origin: String,
    /// The log's id.
    pub(super) log: String,
    /// Number of entries: which keys are in force is a question of them.
    pub(super) size: u64,
    /// By use, each in the order in which the log named its keys.
    pub(super) keys: Vec<Row>,
}

/// One key of the log.
#[derive(Serialize)]
pub(super) struct Row {
    #[serde(rename = "use")]
    pub(super) usage: Use,
    pub(super) kid: KeyId,
    /// The entry that names it; 0 for those of genesis.
    pub(super) entry: u64,
    /// Where it stands.
    pub(super) state: State,
    /// Why it is not in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
    /// Where its secret half is looked for.
    pub(super) file: String,
    /// Whether there is a file.
    pub(super) there: bool,
    /// Of a checkpoint key: what trust files pin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vkey: Option<String>,
}

/// Where a key of the log stands.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// In force, the newest of its use.
    Newest,
    /// In force until it is retired.
    InForce,
    /// An entry withdrew it.
    Withdrawn,
    /// Named by a statement key that was in other hands.
    Compromised,
}

/// `writd keys rotate --json`.
#[derive(Serialize)]
pub(super) struct RotatedDocument {
    pub(super) schema: &'static str,
    #[serde(rename = "use")]
    pub(super) usage: Use,
    pub(super) kid: KeyId,
    /// The key before it, which stays in force until it is retired.
    pub(super) replaces: KeyId,
    /// The entry that names the new key.
    pub(super) entry: u64,
    pub(super) file: String,
    /// Of a checkpoint key: what trust files pin, and the one that has it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vkey: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trust: Option<String>,
}

/// `writd keys retire --json`.
#[derive(Serialize)]
pub(super) struct RetiredDocument {
    pub(super) schema: &'static str,
    #[serde(rename = "use")]
    pub(super) usage: Use,
    /// The keys that were withdrawn.
    pub(super) kids: Vec<KeyId>,
    /// The newest key of that use.
    pub(super) newest: KeyId,
    /// The last entry that says so.
    pub(super) entry: u64,
}
