//! What a check of a whole log that was asked to stop came to.

use schemas::note::Note;
use serde::Serialize;
use verifier::checkpoint::VerifiedHead;

use super::log::{Walk, state_check};
use super::report::Document;
use super::state::StateFile;
use crate::checks::{self, AgeLimit, skipped};
use crate::exit::Exit;
use crate::stop::command_line;
use crate::trust::Trust;

/// What is added where a run was asked to stop.
#[derive(Serialize)]
pub(super) struct StoppedDocument {
    /// The entry that the next run goes on at: 0 where nothing is kept.
    pub(super) goes_on_at: u64,
    /// The command that goes on.
    pub(super) next: String,
}

impl Walk {
    /// Says how far it came. What can be said only of a whole log is not.
    pub(super) fn stopped(
        self,
        (note, head): (&Note, &VerifiedHead),
        trust: Option<&Trust>,
        limit: AgeLimit,
        file: Option<&StateFile>,
    ) -> Document {
        let (covered, size) = (self.state.size(), head.size());
        let why = format!("stopped after {covered} of {size} entries");
        let (mut checks, _) = checks::checkpoint(note, trust, limit);
        checks.extend(file.map(|file| state_check(file, self.resumed)));
        checks.push(skipped("consistency", why.clone()));
        match self.log() {
            Some(log) => checks.push(checks::genesis(trust, Some(log))),
            None => checks.push(skipped("genesis", why.clone())),
        }
        checks.push(skipped("merkle-root", why));
        checks.push(self.entries_check());
        let exit = if self.walked.findings_total > 0 { Exit::Tampered } else { Exit::Stopped };
        let goes_on_at = if exit == Exit::Stopped && file.is_some() { covered } else { self.resumed };
        let next = match file {
            Some(_) => command_line(),
            None => format!("{} --state FILE", command_line()),
        };
        let mut document = self.document(head, checks, exit, trust);
        // A number that did not arrive so far may yet.
        document.coverage.gaps.clear();
        Document {
            ok: false,
            exit: exit.code(),
            stopped: Some(StoppedDocument { goes_on_at, next }),
            ..document
        }
    }
}
