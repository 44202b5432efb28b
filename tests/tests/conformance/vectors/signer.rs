//! Signs statements byte by byte, sharing no code with what is tested.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::item::Item;

/// A key made of a seed of 32 equal bytes, and the principal that it speaks for.
pub(crate) struct Signer {
    pub(crate) seed: [u8; 32],
    key: SigningKey,
    pub(crate) iss: String,
}

impl Signer {
    pub(crate) fn new(seed: u8, iss: &str) -> Self {
        let seed = [seed; 32];
        Self { seed, key: SigningKey::from_bytes(&seed), iss: iss.into() }
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    pub(crate) fn kid(&self) -> [u8; 32] {
        thumbprint(&self.public())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// The protected header of this format.
    pub(crate) fn header(&self, alg: i64, sub: &str) -> Item {
        let claims = Item::Map(vec![(Item::Int(1), Item::text(&self.iss)), (Item::Int(2), Item::text(sub))]);
        Item::Map(vec![
            (Item::Int(1), Item::Int(alg)),
            (Item::Int(3), Item::text("application/writ+cbor")),
            (Item::Int(4), Item::Bytes(self.kid().to_vec())),
            (Item::Int(15), claims),
        ])
    }

    /// A COSE_Sign1 over any header and payload.
    pub(crate) fn statement(&self, protected: &[u8], payload: &[u8]) -> Vec<u8> {
        let signature = self.sign(&sig_structure(protected, payload));
        envelope(protected, Item::Map(vec![]), payload, &signature)
    }
}

/// RFC 9679 §3: SHA-256 of the COSE_Key of the least members.
pub(crate) fn thumbprint(public: &[u8]) -> [u8; 32] {
    let key = Item::Map(vec![
        (Item::Int(1), Item::Int(1)),
        (Item::Int(-1), Item::Int(6)),
        (Item::Int(-2), Item::Bytes(public.to_vec())),
    ]);
    Sha256::digest(key.encode()).into()
}

/// RFC 9052 §4.4.
pub(crate) fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let parts = [protected, &[], payload].map(|part| Item::Bytes(part.to_vec()));
    Item::List([vec![Item::text("Signature1")], parts.to_vec()].concat()).encode()
}

pub(crate) fn envelope(protected: &[u8], unprotected: Item, payload: &[u8], signature: &[u8]) -> Vec<u8> {
    let parts = vec![
        Item::Bytes(protected.to_vec()),
        unprotected,
        Item::Bytes(payload.to_vec()),
        Item::Bytes(signature.to_vec()),
    ];
    Item::Tag(18, Box::new(Item::List(parts))).encode()
}

pub(crate) fn verifies(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_bytes(public.try_into().unwrap()).unwrap();
    key.verify_strict(message, &Signature::from_slice(signature).unwrap()).is_ok()
}
