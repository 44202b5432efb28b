//! COSE receipts (RFC 9942): the log's receipt key vouches for the root that an entry leads to.
//!
//! In scope: making them, and the keys that verify them. Out of scope: their bytes (`schemas::receipt`) and HTTP.

use keyfile::SecretKey;
use schemas::entry::Place;
use schemas::envelope::Envelope;
use schemas::ids::{KeyId, PublicKey};
use schemas::kinds::Use;
use schemas::proof::InclusionProof;
use schemas::receipt::{Receipt, ReceiptError, UnsignedReceipt};
use schemas::text::PrincipalId;
use schemas::time::Index;
use schemas::tree::TreeHash;
use thiserror::Error;

use crate::in_force::NoKeyAtHand;
use crate::log::Log;
use crate::read::{ReadError, Reader};
use crate::signer::SignError;
use crate::submit::Unavailable;

/// Why there is no receipt.
#[derive(Debug, Error)]
pub enum ReceiptFailure {
    /// The log stopped at its first failure, or waits for its witnesses: it signs nothing.
    #[error("{0}")]
    NotSigning(Unavailable),
    /// Reading failed. The log is latched now.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Every receipt key at hand was withdrawn.
    #[error(transparent)]
    NoKey(#[from] NoKeyAtHand),
    /// The parts make no receipt.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
}

/// Signs receipts, and nothing else.
pub struct ReceiptSigner {
    key: SecretKey,
    kid: KeyId,
    principal: PrincipalId,
}

impl ReceiptSigner {
    /// A signer for this log.
    pub fn new(key: SecretKey, origin: &str) -> Result<Self, SignError> {
        let kid = key.kid();
        Ok(Self { key, kid, principal: PrincipalId::new(format!("log:{origin}"))? })
    }

    fn sign(
        &self,
        sub: &str,
        place: &Place,
        inclusion: InclusionProof,
        root: &TreeHash,
    ) -> Result<Receipt, ReceiptError> {
        let unsigned = UnsignedReceipt::new(&self.kid, &self.principal, sub, place, inclusion);
        let signature = self.key.sign(&unsigned.to_be_signed(root));
        unsigned.sign(&signature)
    }
}

/// The receipt for an entry under the reader's head. The caller has checked that it is below the size.
pub fn receipt(reader: &Reader<'_>, index: Index) -> Result<Receipt, ReceiptFailure> {
    reader.log().may_sign().map_err(|why| ReceiptFailure::NotSigning(why.into()))?;
    let proved = reader.proved_entry(index)?;
    let broken = |detail: String| ReadError::Tree { index, detail };
    let split = Place::split(&proved.entry).map_err(|error| broken(error.to_string()));
    let (place, statement) = reader.watch(split)?;
    let sub = reader.watch(Envelope::decode(statement).map_err(|error| broken(error.to_string())))?.sub;
    let inclusion = InclusionProof { index: index.0, size: reader.size(), path: proved.path };
    let (log, root) = (reader.log(), reader.published().head.root);
    let signed =
        log.receipts().sign(log, reader.size(), |signer| signer.sign(&sub, &place, inclusion, &root))?;
    Ok(signed?)
}

/// The keys that verify the log's receipts: retired ones too, but none that is known to be in other hands.
pub fn receipt_keys(log: &Log) -> Vec<PublicKey> {
    let registry = log.registry();
    let keys = registry.keys().map(|(_, key)| key);
    let receipt_keys = keys.filter(|key| key.usage == Some(Use::Receipt) && key.compromised().is_none());
    receipt_keys.map(|key| *key.key.public()).collect()
}
