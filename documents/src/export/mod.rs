//! A judged chain in the forms of other tools. What is written says no more than the verdict: nothing that does not stand is
//! written as if it did.

mod chain;
mod dot;
mod mermaid;
mod prov;

use std::fmt;

use serde::Serialize;

use crate::Unwritten;
use chain::Chain;
use questions::short;
use questions::who::{Shown, headword};

/// The program's end where nothing, or something else, is pinned.
const UNTRUSTED: u8 = 13;

/// A form to write a chain in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// W3C PROV-JSON
    Prov,
    /// Graphviz DOT
    Dot,
    /// Mermaid flowchart
    Mermaid,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prov => "PROV-JSON",
            Self::Dot => "Graphviz DOT",
            Self::Mermaid => "Mermaid",
        })
    }
}

impl Format {
    /// The chain in this form, ending in a line feed. The same verdict gives the same bytes.
    pub fn write(self, shown: Shown<'_>) -> Result<String, Unwritten> {
        match self {
            Self::Prov => prov::text(shown),
            Self::Dot => Ok(dot::text(&Chain::of(shown))),
            Self::Mermaid => Ok(mermaid::text(&Chain::of(shown))),
        }
    }
}

/// The verdict in our own words alone, with nothing foreign in them: `NOT AUTHORIZED: action be7f89b5d456`.
pub fn title(shown: Shown<'_>) -> String {
    let verdict = shown.verdict;
    let (_, word) = headword(shown);
    let mut reserve = String::new();
    if !verdict.trust.pinned {
        reserve.push_str("NOT PINNED, ");
    }
    if !verdict.complete {
        reserve.push_str("INCOMPLETE, ");
    }
    if verdict.trust.pinned && shown.exit == Some(UNTRUSTED) {
        reserve.push_str("UNTRUSTED, ");
    }
    format!("{reserve}{word}: {} {}", verdict.subject.kind, short(&verdict.subject.id))
}
