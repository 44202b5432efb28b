//! From a backup back to a data folder: every file against the manifest, then everything in it recomputed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};

use schemas::checkpoint::Checkpoint;
use schemas::note::Note;
use schemas::time::Time;

use super::manifest::{self, FileSum, Manifest, Place};
use super::{BackupError, NOTE, STORE, TRUST, beside, copy};
use crate::anchor::Slots;
use crate::folder::Folder;
use crate::fsck;
use crate::recover::{Loaded, OpenError, load_whole};
use crate::restored::{Restored, Standing, standing};
use crate::store::rocks::{CACHE_BYTES, RocksStore};
use crate::store::rows::{NOTE_KEY, Rows};
use crate::store::{Batch, Column, Store as _};

/// A log that was just restored.
#[derive(Debug)]
pub struct RestoredLog {
    /// What the backup held.
    pub manifest: Manifest,
    /// What the store says of it.
    pub restored: Restored,
    /// What the anchor says of it.
    pub standing: Standing,
}

/// Restores a backup into a folder with nothing in it. The folder is there only once everything in it was checked.
pub fn restore(backup: &Path, folder: &Folder, anchor: &Path, now: Time) -> Result<RestoredLog, BackupError> {
    let root = folder.root();
    if !folder.is_free().map_err(BackupError::io("listed", root))? {
        return Err(BackupError::Exists { path: root.to_owned() });
    }
    let manifest = Manifest::read(backup)?;
    check_names(backup, &manifest)?;
    check_anchor_log(&manifest, anchor)?;
    let partial = beside(root, "restoring");
    match fs::remove_dir_all(&partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(BackupError::io("cleared", &partial)(error));
        }
        _ => {}
    }
    let done =
        fill(backup, &manifest, &Folder::new(&partial), anchor, now).and_then(|(restored, standing)| {
            fs::rename(&partial, root).map_err(BackupError::io("put in its place", root))?;
            let absolute = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
            copy::sync_folder(absolute.parent().unwrap_or(Path::new("/")))?;
            Ok(RestoredLog { manifest, restored, standing })
        });
    if done.is_err() {
        // Nothing of a backup that does not hold is left behind.
        let _ = fs::remove_dir_all(&partial);
    }
    done
}

/// The files that are there are those of the manifest, and none leads out of the backup.
fn check_names(backup: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let wrong = |file: &str, detail: &str| BackupError::File { file: file.into(), detail: detail.into() };
    let mut expected: BTreeMap<&str, bool> = BTreeMap::new();
    for FileSum { path, .. } in &manifest.files {
        let parts: Vec<Component<'_>> = Path::new(path).components().collect();
        let belongs = match parts.as_slice() {
            [Component::Normal(_)] => path == NOTE || path == TRUST,
            [Component::Normal(folder), Component::Normal(_)] => *folder == STORE,
            _ => false,
        };
        if !belongs || expected.insert(path, false).is_some() {
            return Err(wrong(path, "the manifest names it, and it does not belong in a backup"));
        }
    }
    let store = copy::names(&backup.join(STORE))?.into_iter().map(|name| format!("{STORE}/{name}"));
    let top = copy::names(backup)?.into_iter().filter(|name| name != STORE && name != manifest::FILE);
    for name in store.chain(top) {
        match expected.get_mut(name.as_str()) {
            Some(there) => *there = true,
            None => return Err(wrong(&name, "it is there, and the manifest does not name it")),
        }
    }
    match expected.into_iter().find(|(_, there)| !there) {
        Some((missing, _)) => Err(wrong(missing, "the manifest names it, and it is missing")),
        None => Ok(()),
    }
}

/// Said before anything is copied.
fn check_anchor_log(manifest: &Manifest, anchor: &Path) -> Result<(), BackupError> {
    let known = Slots::read(anchor).ok().and_then(|slots| slots.latest());
    match known {
        Some((_, mark)) if mark.log.to_hex() != manifest.log => Err(BackupError::OtherLog {
            path: anchor.to_owned(),
            anchor: mark.log.to_hex(),
            backup: manifest.log.clone(),
        }),
        _ => Ok(()),
    }
}

/// Copies and checks everything, and marks the store as restored.
fn fill(
    backup: &Path,
    manifest: &Manifest,
    to: &Folder,
    anchor: &Path,
    now: Time,
) -> Result<(Restored, Standing), BackupError> {
    for folder in [to.root(), &to.store(), &to.keys()] {
        copy::make_folder(folder)?;
    }
    for file in &manifest.files {
        copy_checked(backup, file, to)?;
    }
    copy::sync_folder(&to.store())?;
    let store = RocksStore::open(&to.store(), CACHE_BYTES)?;
    let loaded = load_whole(&store)?;
    // What was made of the latest entries is checked from files like the rest.
    store.settle()?;
    check_head(manifest, &loaded)?;
    keep_newer_note(&store, &to.root().join(NOTE))?;
    let restored = Restored { head: loaded.view.head, at: now };
    Rows(&store).set_restored(Some(&restored))?;
    let tampered = |detail: String| BackupError::Tampered { detail };
    let mark = manifest.mark().ok_or_else(|| tampered("its manifest names no place of the anchor".into()))?;
    let report = fsck::check_rows(&store, Slots([Some((1, mark)), Some((2, mark))]));
    if let Some(finding) = report.findings.first() {
        let more = report.findings.len() - 1;
        return Err(tampered(format!("{}: {} (and {more} more findings)", finding.code, finding.detail)));
    }
    let standing = standing(&store, &loaded, anchor)?;
    drop(store);
    copy::sync_folder(to.root())?;
    Ok((restored, standing))
}

fn copy_checked(backup: &Path, file: &FileSum, to: &Folder) -> Result<(), BackupError> {
    let got = copy::copy(&backup.join(&file.path), &to.root().join(&file.path), &file.path)?;
    if got == *file {
        return Ok(());
    }
    let detail = format!(
        "it has {} bytes with BLAKE3 {}, the manifest says {} with {}",
        got.bytes, got.blake3, file.bytes, file.blake3
    );
    Err(BackupError::File { file: file.path.clone(), detail })
}

/// The store is of the log and the head that the manifest names.
fn check_head(manifest: &Manifest, loaded: &Loaded) -> Result<(), BackupError> {
    let head = loaded.view.head;
    let got = Place { size: head.size, root: head.root.to_hex(), chain: head.chain.to_hex() };
    if (loaded.log.to_hex(), &got) == (manifest.log.clone(), &manifest.head) {
        return Ok(());
    }
    let detail = format!(
        "its store is of log {} with {} entries and root {}, its manifest says {} with {} and {}",
        loaded.log, got.size, got.root, manifest.log, manifest.head.size, manifest.head.root
    );
    Err(BackupError::Tampered { detail })
}

/// The note in the rows is of an earlier head, for a head is signed only once it is durable. The one beside them is checked along
/// with everything else, once it is in its place.
fn keep_newer_note(store: &RocksStore, path: &Path) -> Result<(), BackupError> {
    let size = |text: &[u8]| {
        let note = Note::parse(text).ok()?;
        Checkpoint::from_note(&note).ok().map(|checkpoint| checkpoint.size)
    };
    let beside = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BackupError::io("read", path)(error)),
    };
    let kept = Rows(store).note()?.and_then(|note| size(note.as_bytes()));
    if size(&beside).is_none_or(|beside| kept < Some(beside)) {
        let mut batch = Batch::default();
        batch.put(Column::Meta, NOTE_KEY, &beside);
        store.commit(&batch)?;
    }
    fs::remove_file(path).map_err(BackupError::io("taken away", path))
}

impl From<verifier::registry::GenesisError> for BackupError {
    fn from(error: verifier::registry::GenesisError) -> Self {
        OpenError::from(error).into()
    }
}
