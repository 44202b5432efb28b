//! The log as tiles: whoever reads nothing else has all of it, and can check all of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use ledger::store::Column;
use schemas::entry::Entry;
use schemas::ids::EntryHash;
use schemas::note::Note;
use schemas::tile::{TileCoord, TileKind, TilePath, decode_entry_bundle, decode_tile, tiles};
use schemas::time::Index;
use schemas::tree::TreeHash;
use verifier::checkpoint::{VerifiedHead, verify_head};
use verifier::merkle::{TileNodes, TreeHasher, leaf_hash};

use crate::client::{get, serve};
use crate::harness::Lab;

/// A served log of two full tiles and a part of a third.
fn lab() -> (Lab, SocketAddr) {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    lab.submit((2..600).map(|number| pdp.says(&lab.decision(number))).collect());
    let address = serve(&lab);
    (lab, address)
}

fn head(lab: &Lab, address: SocketAddr) -> VerifiedHead {
    verify_head(&Note::parse(&get(address, "/checkpoint").body).unwrap(), &lab.trust).unwrap()
}

fn path(kind: TileKind, index: u64, width: u16) -> String {
    format!("/{}", TilePath { kind, index, width })
}

/// Every tile of a tree of this size, as a client of C2SP tlog-tiles fetches them.
fn all_tiles(address: SocketAddr, size: u64) -> BTreeMap<TileCoord, Vec<TreeHash>> {
    let mut all = BTreeMap::new();
    for level in tiles(size) {
        for index in 0..level.full + u64::from(level.partial > 0) {
            let tile = TileCoord { level: level.level, index };
            let reply = get(address, &path(TileKind::Hashes { level: level.level }, index, tile.width(size)));
            assert_eq!(reply.status, 200, "{reply:?}");
            assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
            assert!(reply.header("cache-control").unwrap().contains("immutable"));
            all.insert(tile, decode_tile(&reply.body).unwrap());
        }
    }
    all
}

#[test]
fn a_client_that_reads_tiles_alone_gets_every_entry_and_the_signed_root() {
    let (lab, address) = lab();
    let head = head(&lab, address);
    assert_eq!(head.size(), 600);
    let hashes = all_tiles(address, head.size());
    let mut tree = TreeHasher::new();
    let mut chain = None;
    for index in 0..3 {
        let tile = TileCoord { level: 0, index };
        let reply = get(address, &path(TileKind::Entries, index, tile.width(head.size())));
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/octet-stream")));
        let entries = decode_entry_bundle(&reply.body).unwrap();
        assert_eq!(entries.len(), hashes[&tile].len());
        for (entry, leaf) in entries.iter().zip(&hashes[&tile]) {
            assert_eq!(leaf_hash(entry), *leaf);
            let decoded = Entry::decode(entry).unwrap();
            assert!(chain.is_none_or(|chain| chain == decoded.prev));
            chain = Some(EntryHash::of(entry));
            tree.push(*leaf);
        }
    }
    assert_eq!(tree.root(), head.root());
    // Each full tile has its root in the tile above.
    for index in 0..2 {
        let root = TileNodes::new(&hashes[&TileCoord { level: 0, index }]).unwrap().root().unwrap();
        assert_eq!(hashes[&TileCoord { level: 1, index: 0 }][usize::try_from(index).unwrap()], root);
    }
}

#[test]
fn a_partial_tile_stays_what_it_was_when_the_log_grows() {
    let (_lab, address) = lab();
    let whole = get(address, "/tile/0/000").body;
    for width in [1_u16, 17, 255] {
        let part = get(address, &path(TileKind::Hashes { level: 0 }, 0, width)).body;
        assert_eq!(part, whole[..usize::from(width) * 32]);
        let entries = get(address, &path(TileKind::Entries, 0, width)).body;
        assert_eq!(decode_entry_bundle(&entries).unwrap().len(), usize::from(width));
    }
}

#[test]
fn what_the_checkpoints_tree_does_not_have_is_not_there() {
    let (_lab, address) = lab();
    for target in [
        // Of 600 entries: two full tiles and one of 88; above, one of two.
        "/tile/0/002",
        "/tile/0/002.p/89",
        "/tile/0/003.p/1",
        "/tile/1/000",
        "/tile/1/000.p/3",
        "/tile/2/000.p/1",
        "/tile/63/000.p/1",
        "/tile/entries/002",
        "/tile/entries/003.p/1",
        "/tile/0/x001/000.p/1",
        // Not the one spelling.
        "/tile/0/0",
        "/tile/00/000",
        "/tile/0/x000/000",
        "/tile/64/000",
        "/tile/0/000.p/0",
        "/tile/0/000.p/256",
        "/tile/0/000.p/01",
        "/tile/entries/000/",
        "/tile/0/",
        "/tile/other/000",
        "/tile/-1/000",
        "/tile/0/00a",
    ] {
        let reply = get(address, target);
        assert_eq!((reply.status, reply.code()), (404, "not-found".to_owned()), "{target}");
    }
    for target in ["/tile/0/002.p/88", "/tile/1/000.p/2", "/tile/entries/002.p/88", "/tile/0/001"] {
        assert_eq!(get(address, target).status, 200, "{target}");
    }
}

#[test]
fn what_does_not_hold_against_the_head_is_not_handed_out() {
    let flip = |column: Column, key: Vec<u8>, at: usize, target: &str| {
        let (lab, address) = lab();
        let mut rows = lab.store.rows();
        rows.get_mut(&(column, key)).unwrap()[at] ^= 1;
        lab.store.set_rows(rows);
        let reply = get(address, target);
        // A tile can be made again, an entry cannot.
        let code = if column == Column::Tiles { "index-rebuilding" } else { "log-latched" };
        assert_eq!((reply.status, reply.code()), (503, code.to_owned()), "{target}: {reply:?}");
        assert_eq!(lab.running().log().latch().reason().is_some(), column == Column::Entries, "{target}");
    };
    let tile = |index: u64| [vec![0], index.to_be_bytes().to_vec()].concat();
    flip(Column::Tiles, tile(0), 255 * 32, "/tile/0/000");
    flip(Column::Tiles, tile(1), 0, "/tile/0/001.p/7");
    flip(Column::Tiles, tile(1), 9 * 32, "/tile/entries/001.p/3");
    flip(Column::Entries, Index(300).0.to_be_bytes().to_vec(), 100, "/tile/entries/001");
}
