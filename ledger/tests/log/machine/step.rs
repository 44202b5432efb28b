//! What may happen to a log.

use ledger::store::Column;
use proptest::prelude::*;

use crate::machine::cast::{Said, said};

#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// One group: new statements, repeats, wrong ones, used numbers.
    Post(Vec<Said>),
    /// So many new statements in one group: the tree grows beyond a tile.
    Tell(u64),
    /// Stopped and started.
    Reopen,
    /// Killed while nothing is written.
    Kill,
    /// Killed with so many thousandths of a group in the file, and perhaps in the middle of writing the anchor.
    KillWriting { said: Vec<Said>, thousandths: u64, torn: bool },
    /// The index is not what it was.
    Damage(Damage),
    /// A copy is made, in service or not.
    Backup { hot: bool },
    /// A copy is put in the place of the log, whose anchor outlived it or not.
    Restore { which: usize, anchored: bool },
    /// An older copy of the folder, without going through a restore.
    OlderCopy { which: usize },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Damage {
    /// All rows of a column are gone, and `writd reindex` is called.
    Cleared(Column),
    /// The same, and a kill while they are made again: the next start does so.
    Unfinished(Column),
    /// A byte of a file of the column.
    File(Column),
    /// The row of one id leads to another entry, in service.
    WrongId,
    /// A row leads from a term to an entry without it, in service.
    WrongTerm,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let column = || prop::sample::select(Column::DERIVED.to_vec());
    let group = || prop::collection::vec(said(), 1..12);
    let thousandths = prop_oneof![Just(0), Just(1_000), 1_u64..1_000];
    let damage = prop_oneof![
        column().prop_map(Damage::Cleared),
        column().prop_map(Damage::Unfinished),
        column().prop_map(Damage::File),
        Just(Damage::WrongId),
        Just(Damage::WrongTerm),
    ];
    prop_oneof![
        8 => group().prop_map(Step::Post),
        2 => (1_u64..300).prop_map(Step::Tell),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
        3 => (group(), thousandths, any::<bool>())
            .prop_map(|(said, thousandths, torn)| Step::KillWriting { said, thousandths, torn }),
        2 => damage.prop_map(Step::Damage),
        2 => any::<bool>().prop_map(|hot| Step::Backup { hot }),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(which, anchored)| Step::Restore { which, anchored }),
        1 => any::<usize>().prop_map(|which| Step::OlderCopy { which }),
    ]
}
