//! Another strict reader's opinion of canonical bytes: `dcbor`, deterministic CBOR of Blockchain Commons.
//!
//! Its profile is wider than ours in places (floats, null, tags, integers of 64 bits, any depth) and narrower in one: text must
//! be in Unicode's normal form C. What our scanner accepts it must accept, where the text is.

use dcbor::prelude::CBOR;
use proptest::prelude::*;
use schemas::canonical::{scan, to_vec};
use schemas::limits::CBOR_DEPTH_MAX;

use crate::instances;
use crate::item::Item;
use crate::mutation;

/// Whether dcbor reads the bytes as one deterministic item.
pub(crate) fn accepts(bytes: &[u8]) -> bool {
    CBOR::try_from_data(bytes).is_ok()
}

/// Whether dcbor may be asked: it descends without a bound, and crashes on input that nests thousands of levels.
fn is_shallow(bytes: &[u8]) -> bool {
    bytes.len() <= 4_096
}

/// dcbor refuses text that is not in normal form C; this format compares text bytewise and takes any.
fn is_normal(bytes: &[u8]) -> bool {
    bytes.is_ascii() || !format!("{:?}", CBOR::try_from_data(bytes)).contains("NonCanonicalString")
}

fn agrees(bytes: &[u8]) -> Result<(), TestCaseError> {
    if is_shallow(bytes) && scan(bytes).is_ok() && is_normal(bytes) {
        prop_assert!(
            accepts(bytes),
            "{}: {:?}",
            data_encoding::HEXLOWER.encode(bytes),
            CBOR::try_from_data(bytes)
        );
    }
    Ok(())
}

fn items() -> impl Strategy<Value = Item> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Item::Bool),
        prop::collection::vec(any::<u8>(), 0..30).prop_map(Item::Bytes),
        (-(1_i64 << 53) - 2..(1 << 53) + 2).prop_map(Item::Int),
        (-300_i64..300).prop_map(Item::Int),
        "[a-zé]{0,30}".prop_map(Item::Text),
        Just(Item::Null),
        any::<f64>().prop_map(Item::Float),
    ];
    leaf.prop_recursive(CBOR_DEPTH_MAX as u32 + 2, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Item::List),
            prop::collection::vec((inner.clone(), inner.clone()), 0..6).prop_map(Item::Map),
            (0_u64..30, inner).prop_map(|(tag, item)| Item::Tag(tag, Box::new(item))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_that_the_scanner_accepts_another_strict_reader_accepts(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        agrees(&bytes)?;
    }

    #[test]
    fn any_items_that_the_scanner_accepts_another_strict_reader_accepts(item in items()) {
        agrees(&item.encode())?;
    }

    #[test]
    fn a_changed_payload_that_the_scanner_accepts_another_strict_reader_accepts(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let instances = instances::all();
        let mut bytes = which.get(&instances).payload().to_bytes().unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        agrees(&bytes)?;
    }
}

#[test]
fn what_the_canonical_writer_makes_everyone_accepts() {
    for instance in instances::all() {
        let bytes = to_vec(&instance.payload()).unwrap();
        assert_eq!(scan(&bytes), Ok(()));
        assert!(accepts(&bytes), "{} {}", instance.kind, instance.name);
    }
}

#[test]
fn of_what_dcbor_accepts_the_scanner_refuses_only_what_the_profile_leaves_out() {
    let allowed = ["cbor-simple", "cbor-tag", "cbor-integer-range", "cbor-depth"];
    for instance in instances::all() {
        for mutation in mutation::all(&Item::decode(&instance.payload().to_bytes().unwrap())) {
            let bytes = mutation.item.encode();
            match scan(&bytes) {
                Ok(()) => assert!(
                    !is_shallow(&bytes) || !is_normal(&bytes) || accepts(&bytes),
                    "{}",
                    mutation.name()
                ),
                Err(refusal) if accepts(&bytes) => {
                    assert!(allowed.contains(&refusal.code()), "{}: {refusal}", mutation.name())
                }
                Err(_) => {}
            }
        }
    }
}
