//! The corpus: what a busy gateway would post, made from a seed, the same bytes every time.
//!
//! Chains of [`HOPS`] delegations from a human to an agent, each followed by [`PAIRS`] decisions with their actions, of which
//! [`APPROVALS`] have a human's consent, signed by [`EMITTERS`] keys. Chains are interleaved, so that what belongs together does not lie together.

mod cast;
mod chain;
mod texts;

use std::ops::Range;

use anyhow::{Result, ensure};
use rayon::prelude::*;
use schemas::envelope::Statement;
use schemas::ids::LogId;
use schemas::payload::Seen;
use schemas::text::PrincipalId;
use schemas::time::Time;

use cast::FAN;
pub use cast::{Cast, Emitter, Post};
pub(crate) use cast::{public, secret, sign};
pub use chain::{APPROVALS, CHAIN_STATEMENTS, HOPS, PAIRS};

/// Keys that post, in number.
pub const EMITTERS: usize = 16;

/// Mean length of a statement, in bytes: within a tenth of it.
pub const STATEMENT_BYTES_MEAN: usize = 600;

/// Chains that run at the same time, in number.
const CHAINS_ABREAST: u64 = 64;

/// What the statements are made for: a log, and a moment in it.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The log.
    pub log: LogId,
    /// The head that the emitters had seen.
    pub seen: Seen,
    /// When the chains begin.
    pub now: Time,
}

/// Makes statements by the number of the chain that they belong to.
#[derive(Clone, Debug)]
pub struct Corpus {
    cast: Cast,
    seed: u64,
}

impl Corpus {
    /// The corpus of a seed.
    pub fn new(seed: u64) -> Result<Self> {
        Ok(Self { cast: Cast::new(seed)?, seed })
    }

    /// Who posts, and for whom.
    pub fn cast(&self) -> &Cast {
        &self.cast
    }

    /// The statements of some chains, signed on all cores.
    pub fn statements(&self, chains: Range<u64>, binding: &Binding) -> Result<Vec<Statement>> {
        self.chains(chains.collect(), binding)
    }

    /// The statements of so many chains with one human at their root, who has no others, and that human.
    pub fn of_one_human(&self, chains: u64, binding: &Binding) -> Result<(PrincipalId, Vec<Statement>)> {
        let numbers = (FAN..FAN + chains).collect();
        Ok((self.cast.human(FAN).clone(), self.chains(numbers, binding)?))
    }

    fn chains(&self, chains: Vec<u64>, binding: &Binding) -> Result<Vec<Statement>> {
        let made: Vec<Vec<Statement>> = chains
            .into_par_iter()
            .map(|number| chain::make(&self.cast, self.seed, number, binding))
            .collect::<Result<_>>()?;
        Ok(interleave(made))
    }

    /// How many chains hold at least this many statements.
    pub fn chains_for(statements: u64) -> u64 {
        statements.div_ceil(CHAIN_STATEMENTS as u64)
    }
}

/// Every chain's first statement, then every chain's second, for as many chains as run at the same time.
fn interleave(chains: Vec<Vec<Statement>>) -> Vec<Statement> {
    let mut mixed = Vec::with_capacity(chains.len() * CHAIN_STATEMENTS);
    let mut chains = chains.into_iter();
    loop {
        let mut abreast: Vec<_> = chains.by_ref().take(CHAINS_ABREAST as usize).map(Vec::into_iter).collect();
        if abreast.is_empty() {
            return mixed;
        }
        for _ in 0..CHAIN_STATEMENTS {
            mixed.extend(abreast.iter_mut().filter_map(Iterator::next));
        }
    }
}

/// Mean length, in bytes; refused where it is not what the figures are said to be for.
pub fn mean_length(statements: &[Statement]) -> Result<usize> {
    ensure!(!statements.is_empty(), "no statements");
    let bytes: usize = statements.iter().map(|statement| statement.envelope.bytes().len()).sum();
    let mean = bytes / statements.len();
    let allowed = STATEMENT_BYTES_MEAN * 9 / 10..=STATEMENT_BYTES_MEAN * 11 / 10;
    ensure!(allowed.contains(&mean), "the mean statement has {mean} bytes; expected {allowed:?}");
    Ok(mean)
}

/// BLAKE3 over all statements' bytes, in order: two runs on the same corpus print the same.
pub fn digest<'b>(statements: impl IntoIterator<Item = &'b [u8]>) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for statement in statements {
        hasher.update(statement);
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use schemas::payload::Kind;
    use schemas::tree::TreeHash;

    use super::*;

    fn made(seed: u64) -> Vec<Statement> {
        let seen = Seen { size: 1, root: TreeHash::new([1; 32]) };
        let binding = Binding { log: LogId::new([2; 32]), seen, now: Time(1_767_225_600_000) };
        Corpus::new(seed).unwrap().statements(0..256, &binding).unwrap()
    }

    #[test]
    fn the_corpus_is_what_the_figures_are_said_to_be_for() {
        let statements = made(1);
        let mean = mean_length(&statements).unwrap();
        assert!((540..=660).contains(&mean), "{mean} bytes");
        let signers: BTreeSet<_> = statements.iter().map(|statement| statement.envelope.kid).collect();
        assert_eq!(signers.len(), EMITTERS);
        let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
        statements.iter().for_each(|statement| *kinds.entry(statement.payload.kind).or_default() += 1);
        let expected = [
            (Kind::Delegation, HOPS),
            (Kind::Approval, APPROVALS),
            (Kind::Decision, PAIRS),
            (Kind::Action, PAIRS),
        ];
        assert_eq!(HOPS, 6);
        assert_eq!(kinds, expected.into_iter().map(|(kind, in_chain)| (kind, in_chain * 256)).collect());
    }

    #[test]
    fn no_emitter_uses_a_number_twice_and_a_seed_makes_the_same_bytes_again() {
        let bytes = |statements: &[Statement]| digest(statements.iter().map(|made| made.envelope.bytes()));
        let statements = made(1);
        let numbers: BTreeSet<_> =
            statements.iter().map(|made| (made.payload.stream, made.payload.seq)).collect();
        assert_eq!(numbers.len(), statements.len());
        assert_eq!(bytes(&statements), bytes(&made(1)));
        assert_ne!(bytes(&statements), bytes(&made(2)));
    }
}
