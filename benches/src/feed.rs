//! Feeds a server with new statements of the corpus, and remembers some that can be asked for.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, ensure};
use schemas::envelope::Statement;
use schemas::ids::StatementId;
use schemas::payload::{Kind, Seen};
use schemas::text::PrincipalId;
use schemas::time::Time;

use crate::corpus::{Binding, Corpus};
use crate::ingest::requests;
use crate::load::{self, Posted};
use crate::pace;
use crate::server::Server;

/// Statements made at a time while the log only has to grow.
const GROW_STATEMENTS: u64 = 65_536;

/// Statements posted together while the log only has to grow, and connections that post.
const GROW_BATCH: usize = 1_024;
const GROW_CONNECTIONS: usize = 4;

/// One action in so many is remembered. A prime: chains that run side by side are alike, and a number that divides how many they are
/// (`CHAINS_ABREAST`) would choose the actions of always the same ones.
const REMEMBERED_EVERY: usize = 61;

/// New statements for one server's log.
#[derive(Debug)]
pub struct Feed<'a> {
    corpus: &'a Corpus,
    server: &'a Server,
    seen: Seen,
    next_chain: u64,
    posted: u64,
    bytes: u64,
    actions: Vec<StatementId>,
}

impl<'a> Feed<'a> {
    /// Registers everybody, through the server's own front door.
    pub fn new(corpus: &'a Corpus, server: &'a Server) -> Result<Self> {
        let registrations = corpus.cast().registrations(server.log, now()?)?;
        load::run(server.address(), &requests(&registrations, GROW_BATCH), 1)?;
        let seen = server.head()?;
        // Genesis was there before.
        let expected = registrations.len() as u64 + 1;
        ensure!(seen.size == expected, "{} entries after registering, expected {expected}", seen.size);
        let bytes = bytes_of(&registrations);
        Ok(Self { corpus, server, seen, next_chain: 0, posted: seen.size, bytes, actions: Vec::new() })
    }

    /// At least this many statements that the log does not have, signed now.
    pub fn make(&mut self, statements: u64) -> Result<Vec<Statement>> {
        let end = self.next_chain + Corpus::chains_for(statements);
        let binding = Binding { log: self.server.log, seen: self.seen, now: now()? };
        let made = self.corpus.statements(self.next_chain..end, &binding)?;
        self.next_chain = end;
        self.actions.extend(remembered(&made));
        Ok(made)
    }

    /// Posts what was made as fast as it is taken, and sees to it that all of it was appended.
    pub fn post(&mut self, made: &[Statement], requests: &[Vec<u8>], connections: usize) -> Result<Posted> {
        let posted = load::run(self.server.address(), requests, connections)?;
        self.appended(made)?;
        Ok(posted)
    }

    /// Posts what was made at a rate.
    pub fn pace(&mut self, made: &[Statement], connections: usize, rate: f64) -> Result<Posted> {
        let posted = pace::run(self.server.address(), &requests(made, 1), connections, rate)?;
        self.appended(made)?;
        Ok(posted)
    }

    fn appended(&mut self, made: &[Statement]) -> Result<()> {
        self.posted += made.len() as u64;
        self.bytes += bytes_of(made);
        let size = self.server.head()?.size;
        ensure!(size == self.posted, "{size} entries after posting, expected {}", self.posted);
        Ok(())
    }

    /// Entries in the log.
    pub fn size(&self) -> u64 {
        self.posted
    }

    /// Bytes of the statements in it, but genesis.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Posts until the log has at least `size` entries.
    pub fn grow(&mut self, size: u64) -> Result<()> {
        while self.posted < size {
            let made = self.make(GROW_STATEMENTS.min(size - self.posted))?;
            self.post(&made, &requests(&made, GROW_BATCH), GROW_CONNECTIONS)?;
        }
        Ok(())
    }

    /// Posts so many chains with one human at their root, who has no others; that human. Once.
    pub fn fan(&mut self, chains: u64) -> Result<PrincipalId> {
        let binding = Binding { log: self.server.log, seen: self.seen, now: now()? };
        let (human, made) = self.corpus.of_one_human(chains, &binding)?;
        self.post(&made, &requests(&made, GROW_BATCH), GROW_CONNECTIONS)?;
        Ok(human)
    }

    /// Actions from all over the log, one behind the other that has nothing to do with it: in the order of how their ids end, which are hashes. In
    /// that of the log, neighbours share blocks of entries, and in a small log ten times as many of them as in one ten times as large.
    pub fn actions(&self, count: usize) -> Vec<StatementId> {
        let (all, count) = (self.actions.len(), count.min(self.actions.len()));
        let mut actions: Vec<StatementId> =
            (0..count).filter_map(|number| self.actions.get(number * all / count).copied()).collect();
        actions.sort_unstable_by_key(|id| id.as_bytes().last_chunk::<8>().copied());
        actions
    }
}

/// Some of the actions, of as many chains as can be.
fn remembered(made: &[Statement]) -> impl Iterator<Item = StatementId> + '_ {
    let actions = made.iter().filter(|statement| statement.payload.kind == Kind::Action);
    actions.step_by(REMEMBERED_EVERY).map(Statement::id)
}

fn bytes_of(statements: &[Statement]) -> u64 {
    statements.iter().map(|statement| statement.envelope.bytes().len() as u64).sum()
}

fn now() -> Result<Time> {
    Ok(Time(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use schemas::ids::LogId;
    use schemas::tree::TreeHash;

    use super::*;

    #[test]
    fn every_action_that_is_asked_about_is_of_another_chain() {
        let seen = Seen { size: 1, root: TreeHash::new([1; 32]) };
        let binding = Binding { log: LogId::new([2; 32]), seen, now: Time(1_767_225_600_000) };
        let made = Corpus::new(1).unwrap().statements(0..256, &binding).unwrap();
        let chosen: BTreeSet<_> = remembered(&made).collect();
        let chains: BTreeSet<_> = made
            .iter()
            .filter(|statement| chosen.contains(&statement.id()))
            .map(|statement| statement.payload.task.clone())
            .collect();
        // Of 7,168 actions of 256 chains.
        assert!(chosen.len() > 100 && chains.len() == chosen.len(), "{chosen:?} of {chains:?}");
    }
}
