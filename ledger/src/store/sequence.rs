//! Rows of sequences: of each the highest number in the log. So whoever holds a higher one need not look for it in the index.

use schemas::envelope::Statement;
use schemas::ids::{KeyId, StreamId};
use schemas::text::Tenant;
use schemas::time::Index;

use super::rows::{index_bytes, parse_index};

/// Begins what the name of a sequence is hashed from.
const DOMAIN: &[u8] = b"writ/sequence/1";

/// The name of an emitter's sequence: 16 bytes of a hash over its key, its stream and its tenant. Should two share one, numbers of both are
/// looked for more often than need be, and none is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceId([u8; Self::LEN]);

/// A number in a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The sequence.
    pub sequence: SequenceId,
    /// The number.
    pub number: u64,
}

/// The highest number of a sequence in the log, and the first entry that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Highest {
    /// The number.
    pub number: u64,
    /// The entry.
    pub index: Index,
}

impl SequenceId {
    /// Bytes of a name.
    pub const LEN: usize = 16;

    /// The name made of these bytes, or nothing where their number is not [`Self::LEN`].
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes: the key of its row.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    fn of(key: &KeyId, stream: &StreamId, tenant: &Tenant) -> Self {
        let mut hasher = blake3::Hasher::new();
        // The parts before the last have fixed lengths.
        hasher.update(DOMAIN).update(key.as_bytes()).update(stream.as_bytes());
        hasher.update(tenant.as_str().as_bytes());
        Self(hasher.finalize().as_bytes().first_chunk().copied().unwrap_or_default())
    }
}

impl Slot {
    /// The number that a statement has, if any.
    pub fn of(statement: &Statement) -> Option<Self> {
        let payload = &statement.payload;
        let (stream, number) = payload.stream.as_ref().zip(payload.seq)?;
        Some(Self { sequence: SequenceId::of(&statement.envelope.kid, stream, &payload.tenant), number })
    }
}

impl Highest {
    /// Bytes of a row.
    pub const LEN: usize = 16;

    /// What a sequence's highest number is with an entry of this number: nothing new where it is the same.
    pub fn raised(before: Option<Self>, number: u64, index: Index) -> Option<Self> {
        before.is_none_or(|before| number > before.number).then_some(Self { number, index })
    }

    /// Whether a row that says this knows of an entry with this number.
    pub fn covers(&self, number: u64, index: Index) -> bool {
        number < self.number || (number == self.number && index >= self.index)
    }

    /// The row: number and index, 8 bytes big-endian each.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut row = [0; Self::LEN];
        let (number, index) = row.split_at_mut(8);
        number.copy_from_slice(&self.number.to_be_bytes());
        index.copy_from_slice(&index_bytes(self.index));
        row
    }

    /// Reads a row.
    pub fn decode(row: &[u8]) -> Option<Self> {
        let (number, index) = row.split_first_chunk()?;
        Some(Self { number: u64::from_be_bytes(*number), index: parse_index(index)? })
    }
}
