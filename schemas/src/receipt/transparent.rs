//! A Transparent Statement (RFC 9943): a statement that carries its receipt where nobody signs, in its unprotected header.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::ReceiptError;
use super::read::FRAME;
use crate::canonical::{self, Items, Major, Writer};
use crate::envelope::Envelope;
use crate::limits::{RECEIPT_BYTES_MAX, STATEMENT_BYTES_MAX};

/// COSE header label of the receipts (RFC 9942 §2).
const RECEIPTS: u64 = 394;

/// A statement, as it is in the log, and its receipt, each as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transparent {
    /// The statement, its unprotected header empty again.
    pub statement: Vec<u8>,
    /// The receipt.
    pub receipt: Vec<u8>,
}

impl Transparent {
    /// `18([protected, {394: [receipt]}, payload, signature])`.
    pub fn encode(&self) -> Result<Vec<u8>, ReceiptError> {
        Envelope::decode(&self.statement).map_err(|e| not(&e))?;
        let mut items = Items::new(&self.statement);
        let parts = (|| {
            items.head(Major::Tag)?;
            items.head(Major::Array)?;
            let protected = items.item()?;
            items.skip()?;
            Some((protected, items.item()?, items.item()?))
        })();
        let (protected, payload, signature) = parts.ok_or_else(|| not("no four parts"))?;
        let len = self.statement.len().saturating_add(self.receipt.len()).saturating_add(16);
        let mut writer = Writer::with_capacity(len);
        writer.raw(&FRAME).raw(protected);
        writer.map(1).uint(RECEIPTS).array(1).bytes(&self.receipt);
        writer.raw(payload).raw(signature);
        Ok(writer.into_bytes())
    }

    /// Takes statement and receipt apart. Exactly what [`Self::encode`] writes is accepted; the receipt is still to be read.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReceiptError> {
        // The bounds of both parts, and the 16 bytes between them.
        if bytes.len() > STATEMENT_BYTES_MAX + RECEIPT_BYTES_MAX + 16 {
            return Err(not("more bytes than a statement and a receipt have"));
        }
        canonical::scan(bytes)
            .map_err(|error| ReceiptError::Scan { part: "statement with receipt", error })?;
        let mut items = Items::new(bytes);
        let is = |found: Option<u64>, wanted: u64| found.filter(|found| *found == wanted);
        let parts = (|| {
            is(items.head(Major::Tag), 18)?;
            is(items.head(Major::Array), 4)?;
            let protected = items.item()?;
            is(items.head(Major::Map), 1)?;
            is(items.head(Major::Unsigned), RECEIPTS)?;
            is(items.head(Major::Array), 1)?;
            let receipt = items.byte_string()?;
            Some((protected, receipt, items.item()?, items.item()?))
        })();
        let (protected, receipt, payload, signature) =
            parts.ok_or_else(|| not("expected 18([protected, {394: [receipt]}, payload, signature])"))?;
        let mut statement = Writer::with_capacity(bytes.len());
        statement.raw(&FRAME).raw(protected).map(0).raw(payload).raw(signature);
        let statement = statement.into_bytes();
        Envelope::decode(&statement).map_err(|e| not(&e))?;
        Ok(Self { statement, receipt: receipt.to_vec() })
    }

    /// Whether bytes claim to be a statement with something in its unprotected header, as opposed to a receipt or a statement.
    pub fn is_meant(bytes: &[u8]) -> bool {
        let mut items = Items::new(bytes);
        let label = (|| {
            items.head(Major::Tag)?;
            items.head(Major::Array)?;
            items.skip()?;
            items.head(Major::Map)?;
            items.head(Major::Unsigned)
        })();
        label == Some(RECEIPTS)
    }
}

fn not(detail: &(impl ToString + ?Sized)) -> ReceiptError {
    ReceiptError::NotTransparent { detail: detail.to_string() }
}
