//! Copies are made and put back. A log that lost something says so before it goes on.

use std::path::PathBuf;

use ledger::backup::{backup, restore};
use ledger::bundle::{self, BundleFailure};
use ledger::log::StartError;
use ledger::recover::{OpenError, load};
use ledger::restored::{Standing, accept_loss, standing};
use ledger::store::rows::Rows;
use ledger::submit::Unavailable;
use schemas::entry::Entry;
use schemas::payload::Kind;
use schemas::time::{Index, Time};
use verifier::checkpoint::verify_head;
use verifier::gather::Wants;

use crate::harness::log_keys;
use crate::machine::Machine;
use crate::machine::cast::Said;
use crate::machine::compare::check;
use crate::machine::reference::Reference;
use crate::machine::subject::copy_folder;

/// A copy, and what the log was at that moment.
pub(super) struct Backup {
    path: PathBuf,
    reference: Reference,
}

impl Machine {
    pub(super) fn back_up(&mut self, hot: bool) {
        let path = self.subject.path(&format!("backup-{}", self.backups.len()));
        if !hot {
            self.subject.stop();
        }
        let now = Time(self.subject.now());
        let made = backup(&self.subject.folder(), &self.subject.anchor(), &path, now).unwrap();
        assert_eq!((made.hot, made.manifest.head.size), (hot, self.reference.size()));
        if !hot {
            self.start();
        }
        self.backups.push(Backup { path, reference: self.reference.clone() });
    }

    /// Puts a copy in the place of the log. It goes on where its anchor vouches for it; otherwise it is read and signs nothing
    /// until the loss is accepted.
    pub(super) fn restore(&mut self, which: usize, anchored: bool) {
        let Some(copy) = which.checked_rem(self.backups.len()) else { return };
        let (path, copy) = (self.backups[copy].path.clone(), self.backups[copy].reference.clone());
        self.subject.stop();
        let (_, anchor) = self.subject.move_on();
        if anchored {
            std::fs::copy(anchor, self.subject.anchor()).unwrap();
        }
        let now = Time(self.subject.now());
        let done = restore(&path, &self.subject.folder(), &self.subject.anchor(), now).unwrap();
        let vouched = anchored && copy.goes_on_from(&self.reference);
        assert_eq!(matches!(done.standing, Standing::Anchored), vouched);
        let told = self.reference.told;
        self.reference = copy;
        self.reference.told = told;
        self.subject.start().unwrap();
        if vouched {
            self.recovered();
        } else {
            self.keep_heads();
            self.rests();
            self.accept_loss();
            self.start();
        }
    }

    /// What was given up: heads of another history than that of the copy.
    fn keep_heads(&mut self) {
        let Self { heads, reference, subject, .. } = self;
        heads.retain(|note| {
            let head = verify_head(note, &subject.trust).unwrap();
            let size = head.size() as usize;
            size <= reference.tree.len() && *head.root().as_bytes() == reference.tree.root(size)
        });
    }

    /// It is read as it was, and neither signs nor appends.
    fn rests(&mut self) {
        let statement = self.cast.bytes(&Said::New { number: 999_999_999 });
        assert_eq!(self.subject.submit(vec![statement]).unwrap_err(), Unavailable::NotReconciled);
        let Self { subject, reference, heads, chance, .. } = self;
        let reader = subject.running().log().reader();
        check(&reader, reference, &subject.trust, heads, chance);
        match bundle::make(&reader, reference.statement(0).id(), Wants::default()) {
            Err(BundleFailure::NotSigning(Unavailable::NotReconciled)) => {}
            other => panic!("{other:?}"),
        }
    }

    /// The operator gives up what came later: one entry says so.
    fn accept_loss(&mut self) {
        self.subject.stop();
        let (store, anchor) = (self.subject.stopped(), self.subject.anchor());
        let loaded = load(&store).unwrap();
        let restored = Rows(&store).restored().unwrap().expect("it is marked");
        let standing = standing(&store, &loaded, &anchor).unwrap();
        let (key, clock) = (log_keys().statement, &self.subject.clock);
        let done = accept_loss(&store, loaded, &restored, &standing, &anchor, &key, clock).unwrap();
        assert_eq!(done.index, Index(self.reference.size()));
        let entry = Rows(&store).entry_bytes(done.index).unwrap().unwrap();
        let statement = Entry::decode(&entry).unwrap().statement;
        self.reference.append(self.subject.now(), &statement);
        assert_eq!(self.reference.kinds.last(), Some(&Kind::Correction));
    }

    /// A folder that is behind its anchor is not taken into service, and nothing happens to the log.
    pub(super) fn older_copy(&mut self, which: usize) {
        let Some(copy) = which.checked_rem(self.backups.len()) else { return };
        let copy = &self.backups[copy];
        if copy.reference.goes_on_from(&self.reference) {
            return;
        }
        let path = copy.path.clone();
        self.subject.stop();
        let (_, anchor) = self.subject.move_on();
        std::fs::create_dir(self.subject.folder().root()).unwrap();
        copy_folder(&path.join("store"), &self.subject.folder().store()).unwrap();
        std::fs::copy(anchor, self.subject.anchor()).unwrap();
        match self.subject.start() {
            Err(StartError::Open(OpenError::Rollback { .. })) => {}
            other => panic!("{other:?}"),
        }
        std::fs::remove_dir_all(self.subject.folder().root()).unwrap();
        self.subject.move_back();
        self.start();
    }
}
