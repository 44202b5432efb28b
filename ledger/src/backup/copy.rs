//! Copying files with a hash of what was read, so that they are durable when it is said that they are there.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::BackupError;
use super::manifest::FileSum;

/// Bytes that are read at a time.
const CHUNK_BYTES: usize = 1024 * 1024;

/// Copies a file and syncs the copy. `name` is its path within the backup.
pub(super) fn copy(from: &Path, to: &Path, name: &str) -> Result<FileSum, BackupError> {
    let mut source = File::open(from).map_err(BackupError::io("opened", from))?;
    let mut target = create(to)?;
    let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0_u64);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = source.read(&mut chunk).map_err(BackupError::io("read", from))?;
        let Some(part) = chunk.get(..read).filter(|part| !part.is_empty()) else { break };
        hasher.update(part);
        target.write_all(part).map_err(BackupError::io("written", to))?;
        bytes = bytes.saturating_add(part.len() as u64);
    }
    target.sync_all().map_err(BackupError::io("synced", to))?;
    Ok(FileSum { path: name.into(), bytes, blake3: hasher.finalize().to_string() })
}

/// Writes a file and syncs it.
pub(super) fn write(to: &Path, bytes: &[u8], name: &str) -> Result<FileSum, BackupError> {
    let mut target = create(to)?;
    target.write_all(bytes).map_err(BackupError::io("written", to))?;
    target.sync_all().map_err(BackupError::io("synced", to))?;
    let blake3 = blake3::hash(bytes).to_string();
    Ok(FileSum { path: name.into(), bytes: bytes.len() as u64, blake3 })
}

fn create(path: &Path) -> Result<File, BackupError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(path).map_err(BackupError::io("made", path))
}

/// Makes a folder that only its owner can look into.
pub(super) fn make_folder(path: &Path) -> Result<(), BackupError> {
    fs::DirBuilder::new().mode(0o700).create(path).map_err(BackupError::io("made", path))
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), BackupError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|folder| folder.sync_all()).map_err(BackupError::io("synced", path))
}

/// The names of a folder's files, in order.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, BackupError> {
    let read = || -> std::io::Result<Vec<String>> {
        let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    };
    let mut names = read().map_err(BackupError::io("listed", folder))?;
    names.sort();
    Ok(names)
}
