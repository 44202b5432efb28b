//! Checking a receipt: that the log's receipt key vouches for a root under which a statement is an entry.

use alloc::string::String;

use schemas::envelope::{Envelope, StatementError};
use schemas::ids::{KeyId, StatementId};
use schemas::kinds::Use;
use schemas::receipt::Receipt;
use schemas::text::PrincipalId;
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;
use thiserror::Error;

use crate::checkpoint::VerifiedHead;
use crate::merkle::{MerkleError, leaf_hash, root_of_path};
use crate::registry::{KeyError, Registry, log_principal};

/// A statement whose place in the log a receipt proves. Made by [`verify_receipt`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedReceipt {
    statement: StatementId,
    index: Index,
    time: Time,
    kid: KeyId,
    root: TreeHash,
    claimed_size: u64,
}

/// Checks that `statement`, at the place that the receipt states, is a leaf under a root that the log's receipt key signed.
///
/// `keys` are the log's, from evidence that the caller trusts; a withdrawal that is not in it cannot be seen. A key that was
/// retired still proves what was logged while it was in use; one that was reported to be in other hands proves nothing, because
/// nothing in a receipt says when it was signed.
pub fn verify_receipt(
    receipt: &Receipt,
    statement: &[u8],
    keys: &Registry,
) -> Result<VerifiedReceipt, ReceiptRefusal> {
    let envelope = Envelope::decode(statement).map_err(ReceiptRefusal::Statement)?;
    let log = log_principal(keys.genesis()).ok().filter(|log| *log == receipt.iss);
    if log.is_none() {
        let expected = keys.genesis().origin.as_str().into();
        return Err(ReceiptRefusal::WrongLog { expected, got: receipt.iss.clone() });
    }
    if receipt.sub != envelope.sub {
        return Err(ReceiptRefusal::WrongSubject { expected: envelope.sub, got: receipt.sub.clone() });
    }
    let place = receipt.place;
    let root = root_of_path(&receipt.inclusion, leaf_hash(&receipt.entry(statement).encode()))?;
    let key = receipt_key(receipt, keys)?;
    if key.key.verify(&receipt.to_be_signed(&root), &receipt.signature).is_err() {
        return Err(ReceiptRefusal::Signature { kid: receipt.kid, root });
    }
    Ok(VerifiedReceipt {
        statement: envelope.id,
        index: place.index,
        time: place.time,
        kid: receipt.kid,
        root,
        claimed_size: receipt.inclusion.size,
    })
}

/// The key that the receipt names, if it may still speak for this entry.
fn receipt_key<'k>(
    receipt: &Receipt,
    keys: &'k Registry,
) -> Result<&'k crate::registry::RegisteredKey, ReceiptRefusal> {
    let kid = receipt.kid;
    let key = keys.key(&kid).filter(|key| key.usage == Some(Use::Receipt));
    let key = key.ok_or(ReceiptRefusal::KeyUnknown { kid })?;
    if let Some((reported, _)) = key.compromised() {
        return Err(ReceiptRefusal::KeyCompromised { kid, reported });
    }
    let (index, time) = (receipt.place.index, receipt.place.time);
    // A new key also signs receipts for entries from before it; of those its registration says nothing.
    if key.registered() < index {
        keys.key_at(&kid, index, time)?;
    }
    Ok(key)
}

impl VerifiedReceipt {
    /// The statement.
    pub fn statement(&self) -> StatementId {
        self.statement
    }

    /// Its place in the log.
    pub fn index(&self) -> Index {
        self.index
    }

    /// When the log placed it there.
    pub fn time(&self) -> Time {
        self.time
    }

    /// The key that signed.
    pub fn kid(&self) -> KeyId {
        self.kid
    }

    /// The root that was signed.
    pub fn root(&self) -> TreeHash {
        self.root
    }

    /// The tree's size as the receipt claims it: nobody signed it, and other sizes can lead to the same root.
    pub fn claimed_size(&self) -> u64 {
        self.claimed_size
    }

    /// Holds the claimed size against a signed head: `true` where the head is of that size and root, `false` where it is of
    /// another size and says nothing of it.
    pub fn confirm_size(&self, head: &VerifiedHead) -> Result<bool, ReceiptRefusal> {
        if (head.size() == self.claimed_size) != (head.root() == self.root) {
            return Err(ReceiptRefusal::OtherHead {
                claimed_size: self.claimed_size,
                root: self.root,
                head_size: head.size(),
                head_root: head.root(),
            });
        }
        Ok(head.size() == self.claimed_size)
    }
}

/// Why a receipt proves nothing of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReceiptRefusal {
    /// The bytes given as the statement are none.
    #[error("the statement: {0}")]
    Statement(StatementError),
    /// It is another log's.
    #[error("the receipt is by {got}; the keys are those of log:{expected}")]
    WrongLog {
        /// Origin of the log whose keys are at hand.
        expected: String,
        /// Who issued the receipt.
        got: PrincipalId,
    },
    /// It is about something else than the statement.
    #[error("the receipt is about `{got}`, the statement about `{expected}`")]
    WrongSubject {
        /// What the statement is about.
        expected: String,
        /// What the receipt is about.
        got: String,
    },
    /// The path does not fit index and size.
    #[error("the receipt's path: {0}")]
    Path(#[from] MerkleError),
    /// The log has no such receipt key, as far as is at hand.
    #[error("key {kid} is not known as a receipt key of this log")]
    KeyUnknown {
        /// The key.
        kid: KeyId,
    },
    /// The key was reported to be in other hands.
    #[error(
        "receipt key {kid} was reported as compromised in entry {reported}: anybody could have made this receipt"
    )]
    KeyCompromised {
        /// The key.
        kid: KeyId,
        /// Where it was reported.
        reported: Index,
    },
    /// The key had been withdrawn before the entry was logged.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The signature is not the key's over the root that statement, place and path lead to.
    #[error(
        "key {kid} did not sign root {root}, to which statement, place and path lead: one of them was changed"
    )]
    Signature {
        /// The key.
        kid: KeyId,
        /// The root.
        root: TreeHash,
    },
    /// A signed head has the same size and another root, or the same root and another size.
    #[error(
        "the receipt leads to root {root} at size {claimed_size}, the log's checkpoint has root {head_root} at size {head_size}"
    )]
    OtherHead {
        /// The size that the receipt claims.
        claimed_size: u64,
        /// The root that it proves.
        root: TreeHash,
        /// The checkpoint's size.
        head_size: u64,
        /// The checkpoint's root.
        head_root: TreeHash,
    },
}

impl ReceiptRefusal {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Statement(statement) => statement.code(),
            Self::WrongLog { .. } => "receipt-wrong-log",
            Self::WrongSubject { .. } => "receipt-wrong-subject",
            Self::Path(path) => path.code(),
            Self::KeyUnknown { .. } => "receipt-key-unknown",
            Self::KeyCompromised { .. } => "receipt-key-compromised",
            Self::Key(key) => key.code(),
            Self::Signature { .. } => "receipt-signature-invalid",
            Self::OtherHead { .. } => "receipt-other-head",
        }
    }
}
