//! Whether the key that signed a head may still sign for the log: the log's own entries say so, and they are read for it.

use gateway::client::Client;
use schemas::note::Note;
use verifier::checkpoint::VerifiedHead;
use verifier::log::Prepared;
use verifier::registry::Registry;

use crate::commands::verify::state::{State, StateFile};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::recompute::read_all;
use crate::stop::Stop;
use crate::trust::Trust;

/// The log's entries as far as they were read, of which the changes of keys are kept in a file, so that only new ones are read.
pub(super) struct LogKeys {
    file: StateFile,
    state: State,
    stop: Stop,
}

/// What reading came to.
pub(super) enum Standing {
    /// A key that may sign has signed the head.
    Stands,
    /// None has: the head is nobody's.
    Withdrawn(Failure),
    /// It could not be told.
    Unknown(Failure),
    /// An end was asked for meanwhile.
    Stopped,
}

impl LogKeys {
    /// Goes on from the file. One that is no use is made again: nothing in it is not in the log.
    pub(super) fn new(file: StateFile, stop: Stop) -> Self {
        let kept = file.read().ok().flatten().map(|(_, state)| state);
        Self { file, state: kept.unwrap_or_else(State::begin), stop }
    }

    /// Reads what the head has more, and asks whether a key that was not withdrawn before its size has signed it.
    ///
    /// Entries count only where all of them, those read before included, add up to the head's root.
    pub(super) fn check(
        &mut self,
        trust: &Trust,
        log: &Client,
        (note, head): (&Note, &VerifiedHead),
    ) -> Result<Standing, Failure> {
        if self.state.size() < head.size() {
            match self.read(log, head) {
                Ok(Some(state)) => {
                    self.file.write(note, &state)?;
                    self.state = state;
                }
                Ok(None) => return Ok(Standing::Stopped),
                Err(failure) => return Ok(Standing::Unknown(failure)),
            }
        }
        let verifier = &self.state.verifier;
        let log = verifier.registry().map(Registry::log);
        if let Some(pinned) = trust.policy().genesis().filter(|pinned| Some(*pinned) != log) {
            let got = log.map_or_else(|| "none".into(), |log| log.to_hex());
            let what = "the log begins with another genesis than the pinned one";
            let failure = Failure::new("wrong-genesis", what).values(pinned, got).exit(Exit::Untrusted);
            return Ok(Standing::Unknown(failure));
        }
        Ok(match verifier.check_head(head) {
            Ok(()) => Standing::Stands,
            Err(error) => Standing::Withdrawn(
                Failure::new(error.code(), error.to_string())
                    .exit(Exit::Tampered)
                    .next("take this head for nobody's; ask who runs the log who holds that key, and `writ trust update`"),
            ),
        })
    }

    /// The state at the head; nothing where an end was asked for.
    fn read(&self, log: &Client, head: &VerifiedHead) -> Result<Option<State>, Failure> {
        let mut state = self.state.clone();
        read_all(log, state.size()..head.size(), |mut portions| {
            portions.by_ref().take_while(|_| !self.stop.asked()).try_for_each(|portion| {
                portion?.iter().try_for_each(|entry| take(&mut state, Prepared::new(entry)))
            })
        })?;
        if state.size() < head.size() {
            return Ok(None);
        }
        let root = state.verifier.root();
        if root == head.root() {
            return Ok(Some(state));
        }
        let what = format!("the log's {} entries do not add up to the signed root", head.size());
        Err(Failure::new("root-mismatch", what).values(head.root(), root).exit(Exit::Tampered))
    }
}

/// Places an entry. Signatures are checked only of those that change keys.
fn take(state: &mut State, entry: Prepared) -> Result<(), Failure> {
    state.first = state.first.or(entry.time());
    state.keys.see(&entry);
    match state.verifier.place(entry).finding {
        None => Ok(()),
        Some(finding) => {
            let what = format!("entry {}: {}", finding.index, finding.detail);
            Err(Failure::new(finding.code, what).exit(Exit::Tampered).next("writ verify log"))
        }
    }
}
