//! Whatever the signature: `accepted` says what `verify_strict` says.

mod crafted;
mod mutated;
mod published;

use std::sync::{Arc, LazyLock};

use ed25519_dalek::{Signature, VerifyingKey};
use hotkey::{Base, Signed, Table, accepted};
use sha2::{Digest as _, Sha512};

static BASE: LazyLock<Arc<Base>> = LazyLock::new(|| Arc::new(Base::new()));

/// A public key, as dalek and as the tables know it.
struct Key {
    bytes: [u8; 32],
    strict: Option<VerifyingKey>,
    table: Option<Table>,
}

impl Key {
    /// Both must agree on whether there can be a signature of it at all.
    fn new(bytes: [u8; 32]) -> Self {
        let strict = VerifyingKey::from_bytes(&bytes).ok();
        let table = Table::new(&BASE, &bytes);
        assert_eq!(table.is_some(), strict.is_some_and(|key| !key.is_weak()), "{bytes:02x?}");
        Self { bytes, strict, table }
    }

    /// What `verify_strict` says; `accepted` must say the same, in whatever parts the message comes.
    fn decide(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let strict = self
            .strict
            .is_some_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok());
        if let Some(table) = &self.table {
            let (start, end) = message.split_at(message.len() / 3);
            let whole = Signed { table, message: &[message], signature };
            let parts = Signed { table, message: &[start, &[], end], signature };
            // Eight in the lanes of a processor that has them, and two one after the other.
            let said = accepted(&[whole, parts].repeat(5));
            assert_eq!(
                (&said[..], parts.is_accepted()),
                (&[strict; 10][..], strict),
                "key {:02x?}, {message:02x?}, {signature:02x?}",
                self.bytes
            );
        } else {
            assert!(!strict, "key {:02x?}, {message:02x?}, {signature:02x?}", self.bytes);
        }
        strict
    }
}

/// Bytes that look random and are the same in every run.
struct Chance(u64);

impl Chance {
    fn bytes(&mut self) -> [u8; 64] {
        self.0 += 1;
        Sha512::digest(self.0.to_le_bytes()).into()
    }

    fn below(&mut self, end: usize) -> usize {
        let [a, b, c, d, ..] = self.bytes();
        u32::from_le_bytes([a, b, c, d]) as usize % end
    }
}
