use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::envelope::Unsigned;
use crate::ids::{EntryHash, StatementId};
use crate::limits::{PROOF_HASHES_MAX, RECEIPT_BYTES_MAX};
use crate::payload::{Body, Payload};
use crate::time::{Index, Time};

fn unsigned(index: u64, size: u64, path: Vec<TreeHash>) -> UnsignedReceipt {
    let place = Place { index: Index(index), time: Time(1_700_000_000_000), prev: EntryHash::of_origin("x") };
    let iss = PrincipalId::new("log:ledger.corp/test").unwrap();
    let inclusion = InclusionProof { index, size, path };
    UnsignedReceipt::new(&KeyId::new([7; 32]), &iss, "agent:planner/7", &place, inclusion)
}

fn receipt(index: u64, size: u64, path: Vec<TreeHash>) -> Result<Receipt, ReceiptError> {
    unsigned(index, size, path).sign(&Signature::new([9; 64]))
}

fn statement() -> Vec<u8> {
    let correction = serde_json::json!({
        "v": 1, "kind": "correction", "log": "01".repeat(32), "tenant": "default", "at": 1, "vantage": "authority",
        "body": {"about": "ab".repeat(32), "note": "wrong"}
    });
    let payload = Payload::from_json(&correction).unwrap();
    assert!(matches!(payload.body, Body::Correction(_)));
    let iss = PrincipalId::new("user:alice@corp").unwrap();
    let unsigned = Unsigned::new(&payload, &KeyId::new([3; 32]), &iss).unwrap();
    unsigned.sign(&Signature::new([4; 64])).unwrap().envelope.bytes().to_vec()
}

#[test]
fn a_receipt_reads_back_what_was_written() {
    let read = receipt(1, 3, vec![TreeHash::new([1; 32]), TreeHash::new([2; 32])]).unwrap();
    assert_eq!((read.place.index, read.inclusion.index, read.inclusion.size), (Index(1), 1, 3));
    assert_eq!((read.iss.as_str(), read.sub.as_str()), ("log:ledger.corp/test", "agent:planner/7"));
    assert_eq!(Receipt::decode(read.bytes()).as_ref(), Ok(&read));
    let root = TreeHash::new([5; 32]);
    let unsigned = unsigned(1, 3, read.inclusion.path.clone());
    assert_eq!(read.to_be_signed(&root), unsigned.to_be_signed(&root));
}

#[test]
fn the_header_says_label_by_label_what_the_page_says() {
    let read = receipt(0, 1, vec![]).unwrap();
    let header = &read.bytes()[4..];
    let kid: Vec<u8> = [&[0xa5, 0x01, 0x32, 0x04, 0x58, 0x20], [7; 32].as_slice()].concat();
    assert!(header.starts_with(&kid));
    assert!(header.windows(4).any(|four| four == b"writ"), "the label of the place spells writ");
    assert!(header.windows(4).any(|four| four == [0x19, 0x01, 0x8b, 0x01]), "395: 1");
    assert_eq!(PLACE_LABEL, -2_003_986_805);
    const { assert!(PLACE_LABEL < -65_536, "private use") };
}

#[test]
fn the_only_leaf_of_a_tree_has_an_empty_path() {
    assert!(receipt(0, 1, vec![]).unwrap().inclusion.path.is_empty());
}

#[test]
fn paths_are_accepted_at_the_bound_and_refused_one_beyond() {
    let path = |count| vec![TreeHash::new([1; 32]); count];
    assert!(receipt(0, 2, path(PROOF_HASHES_MAX)).is_ok());
    let got = PROOF_HASHES_MAX as u64 + 1;
    assert_eq!(receipt(0, 2, path(PROOF_HASHES_MAX + 1)), Err(ReceiptError::TooManyHashes { got }));
}

#[test]
fn the_largest_receipt_fits_and_one_byte_more_does_not() {
    let long = |len: usize| {
        let iss = PrincipalId::new("log:x").unwrap();
        let place = Place { index: Index(0), time: Time(0), prev: EntryHash::of_origin("x") };
        let inclusion = InclusionProof { index: 0, size: 1, path: vec![] };
        let sub = "x".repeat(len);
        UnsignedReceipt::new(&KeyId::new([7; 32]), &iss, &sub, &place, inclusion)
            .sign(&Signature::new([9; 64]))
    };
    let other = long(4_000).unwrap().bytes().len() - 4_000;
    assert_eq!(long(RECEIPT_BYTES_MAX - other).map(|receipt| receipt.bytes().len()), Ok(RECEIPT_BYTES_MAX));
    let got = RECEIPT_BYTES_MAX + 1;
    assert_eq!(long(RECEIPT_BYTES_MAX - other + 1), Err(ReceiptError::TooLarge { got }));
}

#[test]
fn a_flipped_bit_is_refused_or_said() {
    let whole = receipt(1, 3, vec![TreeHash::new([1; 32]), TreeHash::new([2; 32])]).unwrap();
    for bit in 0..whole.bytes().len() * 8 {
        let mut bytes = whole.bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = Receipt::decode(&bytes) {
            assert_eq!(read.bytes(), bytes, "bit {bit}");
            assert_ne!(read, whole, "bit {bit}");
        }
    }
}

#[test]
fn nothing_but_the_payload_may_be_nil() {
    let whole = receipt(1, 3, vec![TreeHash::new([1; 32]), TreeHash::new([2; 32])]).unwrap();
    let nil = whole.bytes().iter().rposition(|byte| *byte == read::NIL).unwrap();
    assert_eq!(nil, whole.bytes().len() - 67);
    let mut attached = whole.bytes().to_vec();
    attached[nil] = 0x40;
    assert_eq!(Receipt::decode(&attached).map_err(|e| e.code()), Err("not-a-receipt"));
    let nil_signature = [&whole.bytes()[..=nil], &[0xf6]].concat();
    assert_eq!(Receipt::decode(&nil_signature).map_err(|e| e.code()), Err("cbor-simple"));
    let nil_header = [&[0xd2, 0x84, 0xf6], &whole.bytes()[4..]].concat();
    assert_eq!(Receipt::decode(&nil_header).map_err(|e| e.code()), Err("cbor-simple"));
    assert_eq!(crate::canonical::scan(whole.bytes()).map_err(|e| e.code()), Err("cbor-simple"), "elsewhere");
}

#[test]
fn a_statement_with_its_receipt_gives_both_back() {
    let receipt = receipt(1, 2, vec![TreeHash::new([1; 32])]).unwrap().bytes().to_vec();
    let whole = Transparent { statement: statement(), receipt };
    let bytes = whole.encode().unwrap();
    assert_eq!(Transparent::decode(&bytes).as_ref(), Ok(&whole));
    assert!(Transparent::is_meant(&bytes));
    assert!(!Transparent::is_meant(&whole.statement) && !Transparent::is_meant(&whole.receipt));
    assert_ne!(StatementId::of(&bytes), StatementId::of(&whole.statement));
    for bytes in [&whole.statement, &whole.receipt, &[].to_vec(), &[0xd2].to_vec()] {
        assert!(Transparent::decode(bytes).is_err());
    }
}

#[test]
fn keys_are_written_as_a_cose_key_set() {
    let public = PublicKey::new([6; 32]);
    let key = cose_key(&public);
    let start: Vec<u8> =
        [&[0xa5, 0x01, 0x01, 0x02, 0x58, 0x20], KeyId::of(&public).as_bytes().as_slice()].concat();
    assert!(key.starts_with(&start));
    assert!(key.ends_with(&[&[0x03, 0x32, 0x20, 0x06, 0x21, 0x58, 0x20], [6; 32].as_slice()].concat()));
    assert_eq!(crate::canonical::scan(&key), Ok(()));
    let set = cose_key_set(&[public, public]);
    assert_eq!(set, [&[0x82], key.as_slice(), key.as_slice()].concat());
}
