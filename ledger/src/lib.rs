//! writ's log: where statements become entries, durably, in one order, and can be asked about.
//!
//! In scope: the store ([`store`]), the anchor ([`anchor`]), the pure step from head to head ([`apply`]), the sequencer
//! ([`sequencer`]) with its queue, head and checkpoint ([`publish`]), the reading side ([`read`], [`search`], [`resolve`], [`bundle`], [`tiles`]), decisions before the act ([`evaluate`]), HTTP ([`http`]), the check
//! of everything ([`fsck`]), the index and how it is made again ([`index`], [`reindex`]), backups ([`backup`], [`restored`]), the slow reading of everything ([`scrub`]), and the commands of `writd` ([`commands`]).
//!
//! Out of scope: what a statement is (`schemas`), whether it may stand and what it proves (`verifier`).

pub mod anchor;
pub mod apply;
pub mod backup;
pub mod birth;
pub mod bundle;
mod catch_up;
mod check;
pub mod clock;
pub mod commands;
mod desk;
pub mod evaluate;
pub mod exit;
pub mod folder;
pub mod fsck;
pub mod http;
pub mod in_force;
pub mod index;
mod kept;
pub mod keyring;
pub mod latch;
pub mod log;
mod near;
mod nodes;
pub mod outcome;
pub mod publish;
pub mod queue;
pub mod read;
pub mod recover;
pub mod reindex;
pub mod resolve;
pub mod restored;
mod running;
pub mod scitt;
pub mod scrub;
pub mod search;
pub mod sequencer;
mod sequences;
pub mod signer;
mod staging;
pub mod store;
pub mod submit;
pub mod tiles;
