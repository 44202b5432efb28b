use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::limits::ENTRY_BYTES_MAX;

fn counts(size: u64) -> Vec<(u8, u64, u16)> {
    tiles(size).map(|tiles| (tiles.level, tiles.full, tiles.partial)).collect()
}

#[test]
fn the_specifications_trees_have_the_tiles_it_says() {
    assert_eq!(counts(70_000), [(0, 273, 112), (1, 1, 17), (2, 0, 1)]);
    assert_eq!(counts(256), [(0, 1, 0), (1, 0, 1)]);
    assert_eq!(counts(255), [(0, 0, 255)]);
    assert_eq!(counts(1), [(0, 0, 1)]);
    assert_eq!(counts(0), []);
    assert_eq!(counts(u64::MAX).len(), 8);
}

#[test]
fn a_tiles_width_follows_from_the_trees_size() {
    let width = |level, index, size| TileCoord { level, index }.width(size);
    assert_eq!(width(0, 272, 70_000), 256);
    assert_eq!(width(0, 273, 70_000), 112);
    assert_eq!(width(0, 274, 70_000), 0);
    assert_eq!(width(1, 0, 70_000), 256);
    assert_eq!(width(1, 1, 70_000), 17);
    assert_eq!(width(2, 0, 70_000), 1);
    assert_eq!(width(3, 0, 70_000), 0);
    assert_eq!(width(8, 0, u64::MAX), 0);
    assert_eq!(width(63, u64::MAX, u64::MAX), 0);
    assert_eq!(width(0, u64::MAX, u64::MAX), 0);
}

#[test]
fn a_node_is_found_in_the_tile_that_spans_its_level() {
    let place = |level, index| {
        NodePlace::of(level, index)
            .map(|place| (place.tile.level, place.tile.index, place.offset, place.height))
    };
    assert_eq!(place(0, 0), Some((0, 0, 0, 0)));
    assert_eq!(place(0, 257), Some((0, 1, 1, 0)));
    assert_eq!(place(1, 128), Some((0, 1, 0, 1)));
    assert_eq!(place(7, 3), Some((0, 1, 128, 7)));
    assert_eq!(place(8, 300), Some((1, 1, 44, 0)));
    assert_eq!(place(63, 1), Some((7, 0, 128, 7)));
    assert_eq!(place(63, 2), None);
    assert_eq!(place(64, 0), Some((8, 0, 0, 0)));
    assert_eq!(place(64, 1), None);
    assert_eq!(place(65, 0), None);
    assert_eq!(place(0, u64::MAX), Some((0, u64::MAX / 256, 255, 0)));
    assert_eq!(place(1, u64::MAX / 2), Some((0, u64::MAX / 256, 254, 1)));
    assert_eq!(place(1, u64::MAX / 2 + 1), None);
}

#[test]
fn a_path_has_one_spelling() {
    let full = |level, index| TilePath { kind: TileKind::Hashes { level }, index, width: TILE_WIDTH };
    let partial = TilePath { kind: TileKind::Entries, index: 273, width: 112 };
    for (path, text) in [
        (full(0, 0), "tile/0/000"),
        (full(1, 1_234_067), "tile/1/x001/x234/067"),
        (full(0, 999), "tile/0/999"),
        (full(0, 1000), "tile/0/x001/000"),
        (full(63, u64::MAX), "tile/63/x018/x446/x744/x073/x709/x551/615"),
        (partial, "tile/entries/273.p/112"),
    ] {
        assert_eq!(path.to_string(), text);
        assert_eq!(TilePath::parse(text), Ok(path));
    }
    for bad in [
        "",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/67",
        "tile/0/0067",
        "tile/0/x000/067",
        "tile/0/001/067",
        "tile/0/x001",
        "tile/0/x001/x067",
        "tile/0/+67",
        "tile/0/067/",
        "tile/0/067.p",
        "tile/0/067.p/0",
        "tile/0/067.p/256",
        "tile/0/067.p/01",
        "tile/0/067.p/1/2",
        "tile/0/067.p/1.p/2",
        "tile/00/067",
        "tile/64/067",
        "tile/-1/067",
        "tile/8/0/067",
        "tile/data/067",
        "/tile/0/067",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x001/x018/x446/x744/x073/x709/x551/615",
    ] {
        assert_eq!(TilePath::parse(bad), Err(TileError::Path), "{bad}");
    }
}

#[test]
fn a_tile_is_its_hashes_one_after_the_other() {
    let hashes: Vec<_> = (0..=255).map(|byte| TreeHash::new([byte; 32])).collect();
    let bytes = encode_tile(&hashes);
    assert_eq!(bytes.len(), TILE_BYTES);
    assert_eq!(decode_tile(&bytes), Ok(hashes.clone()));
    assert_eq!(decode_tile(&bytes[..64]), Ok(hashes[..2].to_vec()));
    for len in [0, 1, 31, 33, TILE_BYTES - 1, TILE_BYTES + 32] {
        let error = TileError::TileLength { got: len, max: TILE_BYTES };
        assert_eq!(decode_tile(&vec![0; len]), Err(error));
    }
}

#[test]
fn an_entry_bundle_is_each_entry_behind_its_length() {
    let bundle = encode_entry_bundle(&[b"", b"a", &[7; 300]]).unwrap();
    assert_eq!(bundle[..7], [0, 0, 0, 1, b'a', 1, 44]);
    assert_eq!(decode_entry_bundle(&bundle).unwrap(), [&b""[..], b"a", &[7; 300]]);
}

#[test]
fn a_malformed_entry_bundle_is_refused_by_its_own_code() {
    let count = |got| TileError::BundleCount { got, max: 256 };
    assert_eq!(decode_entry_bundle(b""), Err(count(0)));
    assert_eq!(decode_entry_bundle(&[0; 2 * 257]), Err(count(257)));
    assert_eq!(decode_entry_bundle(&[0; 2 * 256]).unwrap().len(), 256);
    assert_eq!(decode_entry_bundle(&[0, 0, 0]), Err(TileError::BundleTruncated { entry: 1 }));
    assert_eq!(decode_entry_bundle(&[0, 2, 9]), Err(TileError::BundleTruncated { entry: 0 }));
    assert_eq!(encode_entry_bundle(&[]), Err(count(0)));
    assert_eq!(encode_entry_bundle(&[&b""[..]; 257]), Err(count(257)));
    let longest = vec![1; ENTRY_BYTES_MAX];
    assert_eq!(decode_entry_bundle(&encode_entry_bundle(&[&longest]).unwrap()), Ok(vec![&longest[..]]));
    let got = ENTRY_BYTES_MAX + 1;
    let error = TileError::EntryTooLong { entry: 1, got, max: ENTRY_BYTES_MAX };
    assert_eq!(encode_entry_bundle(&[b"", &vec![1; got]]), Err(error));
}

proptest! {
    #[test]
    fn tile_widths_add_up_to_the_hashes_of_their_level(size in 0_u64..2_000_000) {
        for level in tiles(size) {
            let sum = (0..=level.full).map(|index| u64::from(TileCoord { level: level.level, index }.width(size))).sum::<u64>();
            prop_assert_eq!(sum, size >> (8 * level.level));
        }
    }

    #[test]
    fn a_paths_text_reads_back(level in 0_u8..64, index: u64, width in 1_u16..=256) {
        let path = TilePath { kind: TileKind::Hashes { level }, index, width };
        prop_assert_eq!(TilePath::parse(&path.to_string()), Ok(path));
    }

    #[test]
    fn no_path_makes_the_reader_fail_otherwise(text: String) {
        let _ = TilePath::parse(&text);
        let _ = TilePath::parse(&format!("tile/0/{text}"));
    }

    #[test]
    fn what_a_bundle_reads_as_is_written_back(bytes: Vec<u8>) {
        if let Ok(entries) = decode_entry_bundle(&bytes) {
            prop_assert_eq!(encode_entry_bundle(&entries), Ok(bytes.clone()));
        }
    }
}
