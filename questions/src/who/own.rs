//! The verdict of whoever keeps the log.

use alloc::string::String;
use core::fmt;

use schemas::ids::StatementId;
use serde::Serialize;
use verifier::evidence::Evidence;
use verifier::judge::{JudgeError, judge};
use verifier::profile::Profile;
use verifier::verdict::{Verdict, VerdictTrust};

use super::{Shown, Source, text};
use crate::mark::Mark;

/// A verdict by the log's own server, under its own key. Whoever is told it has pinned nothing, and it says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnVerdict {
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The same for people.
    #[serde(skip)]
    text: String,
}

/// Judges a subject by evidence that stands under the server's own key ([`crate::kept::own_evidence`]).
pub fn own_verdict(
    subject: &StatementId,
    evidence: &Evidence,
    profile: &Profile,
) -> Result<OwnVerdict, JudgeError> {
    let mut verdict = judge(subject, evidence, profile)?;
    let record = |id: &StatementId| evidence.get(id);
    let text = text(Shown {
        verdict: &verdict,
        record: &record,
        source: Source::Own,
        is_stale: false,
        checks: "",
        exit: None,
        word: Mark::plain,
    });
    let dev = verdict.trust.dev;
    verdict.trust =
        VerdictTrust { pinned: false, key: String::new(), registrars: "as-named-by-the-log", dev };
    Ok(OwnVerdict { verdict, text })
}

/// The trust of somebody who is told a server's word: nothing is pinned.
pub fn unpinned(trust: &VerdictTrust) -> VerdictTrust {
    let dev = trust.dev;
    VerdictTrust { pinned: false, key: String::new(), registrars: "as-named-by-the-log", dev }
}

impl fmt::Display for OwnVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
