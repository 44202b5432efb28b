//! Appending to the right edge makes the tree of the definition, in tiles that any proof can be made from.

use alloc::vec;

use proptest::prelude::*;
use schemas::limits::INTEGER_MAX;
use schemas::tile::{TILE_WIDTH, tiles};

use super::*;

/// Appends groups of these sizes, one after the other, storing what each brings.
fn grow(groups: &[usize]) -> (TileEdge, Tiles, Vec<TreeHash>) {
    let all = leaves(groups.iter().map(|count| u64::try_from(*count).unwrap()).sum());
    let (mut edge, mut stored, mut rest) = (TileEdge::new(), Tiles::default(), all.as_slice());
    for count in groups {
        let (group, after) = rest.split_at(*count);
        let update = edge.append(group).unwrap();
        stored.store(&update);
        edge = update.into_edge();
        rest = after;
    }
    (edge, stored, all)
}

fn stream_root(leaves: &[TreeHash]) -> TreeHash {
    let mut hasher = TreeHasher::new();
    leaves.iter().for_each(|leaf| hasher.push(*leaf));
    hasher.root()
}

#[test]
fn a_tree_grown_leaf_by_leaf_has_the_defined_root_at_every_size() {
    let all = leaves(600);
    let mut edge = TileEdge::new();
    let mut hasher = TreeHasher::new();
    assert_eq!(edge.root(), TreeHash::EMPTY_ROOT);
    for (size, leaf) in (1..).zip(&all) {
        let update = edge.append(&[*leaf]).unwrap();
        hasher.push(*leaf);
        assert_eq!((update.base(), update.size()), (size - 1, size));
        assert_eq!(update.root(), hasher.root());
        assert_eq!(update.root(), mth(&all[..usize::try_from(size).unwrap()]));
        assert_eq!(update.edge().size(), size);
        edge = update.into_edge();
    }
}

#[test]
fn the_tiles_of_a_grown_tree_are_those_of_the_specification() {
    let (edge, stored, all) = grow(&[1, 254, 1, 1, 300, 65_000, 4_443]);
    assert_eq!((edge.size(), edge.root()), (70_000, stream_root(&all)));
    let mut expected = 0;
    for level in tiles(70_000) {
        for index in 0..level.full + u64::from(level.partial > 0) {
            let tile = TileCoord { level: level.level, index };
            let hashes = &stored.stored[&tile];
            assert_eq!(hashes.len(), usize::from(tile.width(70_000)));
            // Tile(l,n)[i] = MTH(D[(n*256+i)*256^l : (n*256+i+1)*256^l])
            let span = 256_usize.pow(u32::from(level.level));
            let first = usize::try_from(index).unwrap() * 256;
            for (at, hash) in (first..).zip(hashes) {
                assert_eq!(*hash, stream_root(&all[at * span..(at + 1) * span]));
            }
            expected += 1;
        }
    }
    assert_eq!(stored.stored.len(), expected);
}

#[test]
fn only_tiles_that_changed_are_stored_again() {
    let (edge, _, _) = grow(&[65_536 + 300]);
    let update = edge.append(&leaves(10)).unwrap();
    let changed: Vec<_> =
        update.tiles().map(|(tile, hashes)| (tile.level, tile.index, hashes.hashes().len())).collect();
    assert_eq!(changed, [(0, 257, 54)]);
    let update = edge.append(&leaves(212)).unwrap();
    let changed: Vec<_> =
        update.tiles().map(|(tile, hashes)| (tile.level, tile.index, hashes.hashes().len())).collect();
    assert_eq!(changed, [(0, 257, 256), (1, 1, 2)]);
    assert_eq!(edge.append(&[]).unwrap().tiles().count(), 0);
}

#[test]
fn an_edge_read_back_from_tiles_is_the_edge_that_was_written() {
    for groups in
        [&[][..], &[1], &[255], &[256], &[257], &[255, 1], &[512], &[65_535], &[65_536], &[65_537, 3]]
    {
        let (edge, stored, all) = grow(groups);
        let loaded = TileEdge::load(&&stored, edge.size()).unwrap();
        assert_eq!(loaded, edge);
        assert_eq!(loaded.root(), stream_root(&all));
    }
}

#[test]
fn an_edge_of_an_earlier_size_can_be_read_from_the_tiles_of_a_later_one() {
    let (_, stored, all) = grow(&[400, 300]);
    for size in 1..=700 {
        let edge = TileEdge::load(&&stored, size).unwrap();
        assert_eq!(edge.root(), mth(&all[..usize::try_from(size).unwrap()]));
    }
}

#[test]
fn an_edge_with_a_missing_or_short_tile_is_not_read() {
    let (_, mut stored, _) = grow(&[300]);
    let tile = TileCoord { level: 0, index: 1 };
    stored.stored.get_mut(&tile).unwrap().pop();
    let error = TileEdge::load(&&stored, 300).unwrap_err();
    assert_eq!(error, EdgeLoadError::TileLength { tile, got: 43, expected: 44 });
    stored.stored.remove(&tile);
    let error = TileEdge::load(&&stored, 300).unwrap_err();
    assert_eq!(error, EdgeLoadError::TileLength { tile, got: 0, expected: 44 });
}

#[test]
fn an_edge_knows_its_own_tiles_only() {
    let (edge, stored, _) = grow(&[600]);
    let tree = TiledTree::new(&stored);
    assert_eq!(edge.node(0, 512).ok(), tree.node(0, 512).ok());
    assert_eq!(edge.node(8, 1).ok(), tree.node(8, 1).ok());
    for (level, index) in [(0, 0), (0, 256), (7, 0), (0, 600), (16, 0), (64, 0), (65, 0)] {
        assert_eq!(edge.node(level, index), Err(NodeMissing { level, index }));
    }
}

#[test]
fn a_changed_hash_in_the_edge_shows_in_the_root() {
    let (edge, stored, _) = grow(&[300]);
    for (tile, hashes) in stored.stored.iter().filter(|(_, hashes)| hashes.len() < usize::from(TILE_WIDTH)) {
        for at in 0..hashes.len() {
            let mut changed = Tiles { stored: stored.stored.clone(), ..Tiles::default() };
            changed.stored.get_mut(tile).unwrap()[at] = TreeHash::new([1; 32]);
            assert_ne!(TileEdge::load(&&changed, 300).unwrap().root(), edge.root());
        }
    }
}

#[test]
fn a_tree_cannot_outgrow_what_its_size_can_say() {
    let mut nearly_full = Tiles::default();
    for level in tiles(INTEGER_MAX) {
        let tile = TileCoord { level: level.level, index: level.full };
        nearly_full.stored.insert(tile, vec![TreeHash::new([1; 32]); usize::from(level.partial)]);
    }
    let edge = TileEdge::load(&&nearly_full, INTEGER_MAX - 1).unwrap();
    assert_eq!(edge.append(&leaves(1)).unwrap().size(), INTEGER_MAX);
    let error = TreeTooLarge { size: INTEGER_MAX - 1, more: 2, max: INTEGER_MAX };
    assert_eq!(edge.append(&leaves(2)).unwrap_err(), error);
}

#[test]
fn every_new_leaf_is_proved_from_the_update_alone() {
    for (before, more) in [(0, 1), (0, 700), (1, 3), (200, 56), (250, 300), (256, 1), (511, 2), (65_530, 20)]
    {
        let (edge, _, _) = grow(&[before]);
        let all = leaves(u64::try_from(before + more).unwrap());
        let update = edge.append(&all[before..]).unwrap();
        for index in update.base()..update.size() {
            let proof = update.inclusion(index).unwrap();
            let leaf = all[usize::try_from(index).unwrap()];
            assert!(verify_inclusion(&proof, InclusionClaim { leaf, root: update.root() }).is_ok());
        }
        if before > 0 {
            let claim = ConsistencyClaim { first_root: edge.root(), second_root: update.root() };
            assert!(verify_consistency(&update.consistency().unwrap(), claim).is_ok());
        }
    }
}

#[test]
fn every_proof_can_be_made_from_the_stored_tiles() {
    let (edge, stored, all) = grow(&[700]);
    for size in [1, 2, 255, 256, 257, 300, 511, 512, 513, 699, 700_u64] {
        let in_it = &all[..usize::try_from(size).unwrap()];
        let tree = TiledTree::new(&stored);
        assert_eq!(root_at(&tree, size), Ok(mth(in_it)));
        for index in 0..size {
            let at = usize::try_from(index).unwrap();
            assert_eq!(prove_inclusion(&tree, index, size).unwrap().path, path(at, in_it));
            assert_eq!(
                prove_consistency(&tree, index + 1, size).unwrap().path,
                subproof(at + 1, in_it, true)
            );
        }
    }
    assert_eq!(edge.size(), 700);
}

/// Tiles in memory that keep the middles of full ones too.
struct Halfway<'t> {
    tiles: &'t Tiles,
    middles: BTreeMap<TileCoord, Vec<TreeHash>>,
}

impl<'t> Halfway<'t> {
    fn of(tiles: &'t Tiles) -> Self {
        let middle = |hashes: &Vec<TreeHash>| TileNodes::new(hashes).unwrap().middle().to_vec();
        let full = tiles.stored.iter().filter(|(_, hashes)| hashes.len() == usize::from(TILE_WIDTH));
        Self { tiles, middles: full.map(|(tile, hashes)| (*tile, middle(hashes))).collect() }
    }
}

impl TileSource for &Halfway<'_> {
    type Error = Infallible;

    fn tile(&self, tile: TileCoord) -> Result<Vec<TreeHash>, Infallible> {
        self.tiles.tile(tile)
    }

    fn tile_with_middle(&self, tile: TileCoord) -> Result<(Vec<TreeHash>, Vec<TreeHash>), Infallible> {
        Ok((self.tile(tile)?, self.middles.get(&tile).cloned().unwrap_or_default()))
    }
}

#[test]
fn a_source_that_keeps_middles_gives_the_same_proofs() {
    let (_, stored, all) = grow(&[700]);
    let halfway = Halfway::of(&stored);
    assert_eq!(halfway.middles.len(), 2);
    for size in [255, 256, 257, 512, 600, 700_u64] {
        let in_it = &all[..usize::try_from(size).unwrap()];
        for index in 0..size {
            let tree = TiledTree::new(&halfway);
            let at = usize::try_from(index).unwrap();
            assert_eq!(prove_inclusion(&tree, index, size).unwrap().path, path(at, in_it));
        }
    }
}

#[test]
fn a_wrong_middle_makes_a_proof_that_does_not_hold_and_a_short_one_makes_none() {
    let (edge, stored, all) = grow(&[700]);
    let mut halfway = Halfway::of(&stored);
    let tile = TileCoord { level: 0, index: 1 };
    let whole = halfway.middles[&tile].clone();
    let prove = |halfway: &Halfway<'_>| prove_inclusion(&TiledTree::new(halfway), 300, edge.size());
    let claim = InclusionClaim { leaf: all[300], root: edge.root() };
    assert!(verify_inclusion(&prove(&halfway).unwrap(), claim).is_ok());
    halfway.middles.get_mut(&tile).unwrap()[9] = TreeHash::new([1; 32]);
    assert!(verify_inclusion(&prove(&halfway).unwrap(), claim).is_err());
    halfway.middles.insert(tile, whole[..15].to_vec());
    assert!(matches!(prove(&halfway), Err(ProveError::Source(TileReadError::Missing(_)))));
}

#[test]
fn a_proof_reads_two_tiles_a_level_at_most_and_each_once() {
    let (edge, stored, all) = grow(&[70_000]);
    for index in [0, 255, 256, 30_000, 65_535, 65_536, 69_999_u64] {
        stored.reads.borrow_mut().clear();
        let proof = prove_inclusion(&TiledTree::new(&stored), index, edge.size()).unwrap();
        let claim = InclusionClaim { leaf: all[usize::try_from(index).unwrap()], root: edge.root() };
        assert!(verify_inclusion(&proof, claim).is_ok());
        let mut reads = stored.reads.borrow().clone();
        assert!(reads.len() <= 6, "{reads:?}");
        reads.sort();
        reads.dedup();
        assert_eq!(reads.len(), stored.reads.borrow().len());
    }
}

#[test]
fn a_tile_that_is_missing_or_overlong_is_named_not_guessed() {
    let (_, mut stored, _) = grow(&[300]);
    let tile = TileCoord { level: 0, index: 0 };
    stored.stored.get_mut(&tile).unwrap().push(TreeHash::EMPTY_ROOT);
    let error = prove_inclusion(&TiledTree::new(&stored), 0, 300).unwrap_err();
    let missing = |level, index| ProveError::Source(TileReadError::Missing(NodeMissing { level, index }));
    assert_eq!(error, missing(7, 1));
    stored.stored.remove(&tile);
    assert_eq!(prove_inclusion(&TiledTree::new(&stored), 1, 300).unwrap_err(), missing(7, 1));
    assert_eq!(TileNodes::new(&[TreeHash::EMPTY_ROOT; 257]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn how_leaves_are_grouped_does_not_matter(groups in prop::collection::vec(0_usize..600, 0..6)) {
        let (edge, stored, all) = grow(&groups);
        let (at_once, stored_at_once, _) = grow(&[all.len()]);
        prop_assert_eq!(&edge, &at_once);
        prop_assert_eq!(stored.stored, stored_at_once.stored);
        prop_assert_eq!(edge.root(), stream_root(&all));
    }
}
