//! Receipts and statements that carry one.

use coset::{CborSerializable as _, CoseSign1, TaggedCborSerializable as _};
use ed25519_dalek::{Signature as DalekSignature, VerifyingKey};
use schemas::entry::Entry;
use schemas::ids::PublicKey;
use schemas::receipt::{Receipt, Transparent, cose_key};
use schemas::tree::TreeHash;
use serde_json::{Value, json};

use super::places::{log, tree};
use super::signer::{Signer, sig_structure};
use super::{Vectors, all, bytes, hex, text};
use crate::grammar::Grammar;
use crate::item::Item;

/// The private label of the place: its four bytes spell `writ`.
pub(crate) const PLACE: i64 = -2_003_986_805;

/// The log's receipt key.
pub(crate) fn receipt_key() -> Signer {
    Signer::new(3, "log:ledger.corp/test")
}

/// The parts of the receipt for one of the three entries of the log, before they are put together.
pub(crate) struct Parts {
    pub(crate) header: Item,
    pub(crate) proof: Item,
    pub(crate) root: [u8; 32],
}

pub(crate) fn parts(index: usize) -> Parts {
    let (paths, root) = tree();
    parts_of(index, 3, &paths[index], root)
}

fn parts_of(index: usize, size: i64, path: &[[u8; 32]], root: [u8; 32]) -> Parts {
    let (_, statement, entry) = &log()[index];
    let entry = Entry::decode(entry).unwrap();
    let sub = schemas::envelope::Envelope::decode(statement).unwrap().sub;
    let key = receipt_key();
    let claims = Item::Map(vec![(Item::Int(1), Item::text(&key.iss)), (Item::Int(2), Item::text(&sub))]);
    let numbers = [1, index as i64, entry.time.0 as i64].map(Item::Int);
    let place = Item::List([numbers.as_slice(), &[Item::Bytes(entry.prev.as_bytes().to_vec())]].concat());
    let header = Item::Map(vec![
        (Item::Int(1), Item::Int(-19)),
        (Item::Int(4), Item::Bytes(key.kid().to_vec())),
        (Item::Int(15), claims),
        (Item::Int(395), Item::Int(1)),
        (Item::Int(PLACE), place),
    ]);
    let path = path.iter().map(|hash| Item::Bytes(hash.to_vec())).collect();
    let proof = Item::List(vec![Item::Int(size), Item::Int(index as i64), Item::List(path)]);
    Parts { header, proof, root }
}

impl Parts {
    /// The receipt, signed whatever its parts are.
    pub(crate) fn receipt(&self) -> Vec<u8> {
        self.with_proofs(proofs(vec![self.proof.clone()]))
    }

    /// The receipt with another unprotected header, which nobody signs.
    pub(crate) fn with_proofs(&self, unprotected: Item) -> Vec<u8> {
        let protected = self.header.encode();
        let signature = receipt_key().sign(&sig_structure(&protected, &self.root));
        framed(Item::Bytes(protected), unprotected, Item::Null, Item::Bytes(signature.to_vec())).encode()
    }
}

/// `{396: {-1: [proof…]}}`.
pub(crate) fn proofs(proofs: Vec<Item>) -> Item {
    let proofs = proofs.iter().map(|proof| Item::Bytes(proof.encode())).collect();
    let inclusion = Item::Map(vec![(Item::Int(-1), Item::List(proofs))]);
    Item::Map(vec![(Item::Int(396), inclusion)])
}

pub(crate) fn framed(protected: Item, unprotected: Item, payload: Item, signature: Item) -> Item {
    Item::Tag(18, Box::new(Item::List(vec![protected, unprotected, payload, signature])))
}

/// The statement with the receipt in its unprotected header.
pub(crate) fn transparent(statement: &[u8], receipts: &[Vec<u8>]) -> Vec<u8> {
    let Item::Tag(18, parts) = Item::decode(statement) else { unreachable!() };
    let Item::List(mut parts) = *parts else { unreachable!() };
    let receipts = receipts.iter().cloned().map(Item::Bytes).collect();
    parts[1] = Item::Map(vec![(Item::Int(394), Item::List(receipts))]);
    Item::Tag(18, Box::new(Item::List(parts))).encode()
}

pub(crate) fn make() -> Vectors {
    let mut made = Vectors::new();
    for (index, (kind, statement, entry)) in log().iter().enumerate() {
        let description = format!("The receipt for entry {index} of the log of three, under its head.");
        let vector = vector(&description, &parts(index), statement, entry);
        made.insert(format!("receipts/accept-{index}-{kind}.json"), vector);
    }
    let (_, statement, entry) = &log()[0];
    let leaf = schemas_leaf(entry);
    let alone = parts_of(0, 1, &[], leaf);
    let description =
        "The receipt for the only entry of a log of one: the path is empty and the root is the leaf's hash.";
    made.insert("receipts/accept-alone.json".into(), vector(description, &alone, statement, entry));
    made
}

fn schemas_leaf(entry: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest([&[0], entry].concat()).into()
}

fn vector(description: &str, parts: &Parts, statement: &[u8], entry: &[u8]) -> Value {
    let (key, receipt) = (receipt_key(), parts.receipt());
    json!({
        "description": description,
        "seed": hex(key.seed),
        "public": hex(key.public()),
        "cose_key": hex(key_item(&key).encode()),
        "statement": hex(statement),
        "entry": hex(entry),
        "root": hex(parts.root),
        "receipt": hex(&receipt),
        "signed": hex(sig_structure(&parts.header.encode(), &parts.root)),
        "transparent": hex(transparent(statement, &[receipt])),
    })
}

fn key_item(key: &Signer) -> Item {
    Item::Map(vec![
        (Item::Int(1), Item::Int(1)),
        (Item::Int(2), Item::Bytes(key.kid().to_vec())),
        (Item::Int(3), Item::Int(-19)),
        (Item::Int(-1), Item::Int(6)),
        (Item::Int(-2), Item::Bytes(key.public().to_vec())),
    ])
}

#[test]
fn every_receipt_is_what_its_vector_says() {
    let grammar = Grammar::load();
    for (path, vector) in all("receipts") {
        let receipt_bytes = bytes(&vector, "receipt");
        let receipt = Receipt::decode(&receipt_bytes).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(receipt.bytes(), receipt_bytes, "{path}");
        let statement = bytes(&vector, "statement");
        assert_eq!(receipt.entry(&statement).encode(), bytes(&vector, "entry"), "{path}");
        let root = TreeHash::from_hex(text(&vector, "root")).unwrap();
        assert_eq!(hex(receipt.to_be_signed(&root)), text(&vector, "signed"), "{path}");
        let public = PublicKey::from_slice(&bytes(&vector, "public")).unwrap();
        assert_eq!(hex(cose_key(&public)), text(&vector, "cose_key"), "{path}");
        let whole = Transparent { statement, receipt: receipt_bytes.clone() };
        assert_eq!(hex(whole.encode().unwrap()), text(&vector, "transparent"), "{path}");
        assert_eq!(Transparent::decode(&bytes(&vector, "transparent")), Ok(whole), "{path}");
        assert!(grammar.accepts("receipt", &receipt_bytes), "{path}");
        assert!(grammar.accepts("receipt-sig-structure", &bytes(&vector, "signed")), "{path}");
        assert!(grammar.accepts("receipt-key", &bytes(&vector, "cose_key")), "{path}");
        assert!(grammar.accepts("transparent-statement", &bytes(&vector, "transparent")), "{path}");
    }
}

#[test]
fn another_implementation_of_cose_reads_and_verifies_every_receipt() {
    for (path, vector) in all("receipts") {
        let sign1 = CoseSign1::from_tagged_slice(&bytes(&vector, "receipt")).unwrap();
        assert_eq!(sign1.payload, None, "{path}: detached");
        let key = coset::CoseKey::from_slice(&bytes(&vector, "cose_key")).unwrap();
        assert_eq!(key.key_id, sign1.protected.header.key_id, "{path}");
        assert_eq!(key.alg, sign1.protected.header.alg, "{path}");
        let public = VerifyingKey::from_bytes(&bytes(&vector, "public").try_into().unwrap()).unwrap();
        let verify = |root: &[u8]| {
            sign1.verify_detached_signature(root, b"", |signature, signed| {
                public.verify_strict(signed, &DalekSignature::from_slice(signature).unwrap())
            })
        };
        let mut root = bytes(&vector, "root");
        assert!(verify(&root).is_ok(), "{path}");
        root[0] ^= 1;
        assert!(verify(&root).is_err(), "{path}");
    }
}
