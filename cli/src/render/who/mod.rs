//! The answer to "who authorized this?" as the program gives it: what the room `questions` says, with what was checked before.

use questions::mark::Mark;
pub(crate) use questions::who::{Shown, Source, text};
use schemas::ids::StatementId;
use serde::Serialize;
use verifier::evidence::Record;
use verifier::verdict::Verdict;

use crate::checks::{self, Check, CheckStatus};
use crate::exit::Exit;

/// `writ who --json`: the verdict, what was checked before it was reached, and how the program ends.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    #[serde(flatten)]
    pub(crate) verdict: &'a Verdict,
    pub(crate) checks: &'a [Check],
    pub(crate) exit: u8,
}

/// What was checked, to be shown beside a verdict.
#[derive(Debug)]
pub(crate) struct Checked {
    /// All of it where somebody verifies what they hold; otherwise what does not hold.
    lines: String,
    is_stale: bool,
}

impl Checked {
    pub(crate) fn of(checks: &[Check], source: Source<'_>) -> Self {
        let is_stale = checks::is_broken(checks, "freshness");
        if matches!(source, Source::Bundle(_)) && !checks.is_empty() {
            return Self { lines: format!("Checks\n{}", checks::lines(checks)), is_stale };
        }
        let broken = checks.iter().filter(|check| check.status == CheckStatus::Broken);
        Self { lines: checks::lines(&broken.cloned().collect::<Vec<_>>()), is_stale }
    }

    /// A verdict as it is shown beside this: with the statements that it is about, by id.
    pub(crate) fn beside<'a>(
        &'a self,
        verdict: &'a Verdict,
        record: &'a dyn Fn(&StatementId) -> Option<&'a Record>,
        source: Source<'a>,
        exit: Exit,
    ) -> Shown<'a> {
        let Self { lines, is_stale } = self;
        let (is_stale, checks, exit) = (*is_stale, lines.as_str(), Some(exit.code()));
        Shown { verdict, record, source, is_stale, checks, exit, word: Mark::word }
    }
}

#[cfg(test)]
pub(crate) mod tests;
