//! `correction`: a note about an earlier statement. Nothing is ever edited.

use serde::{Deserialize, Serialize};

use crate::reference::Reference;
use crate::text::Line;

/// One note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// The earlier statement.
    pub about: Reference,
    /// What was wrong with it.
    pub note: Line,
    /// The statement that says it rightly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replacement: Option<Reference>,
}
