//! Files that hold a secret: who may own them, read them, and change the folder that they are in.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::KeyFileError;

/// Largest key file, in bytes. An Ed25519 key in PEM has fewer than 200, an encrypted one fewer than 500.
pub const KEY_FILE_BYTES_MAX: u64 = 8 * 1024;

/// How a public key file begins (RFC 7468).
const PUBLIC_BEGINS: &str = "-----BEGIN PUBLIC KEY-----";

/// Mode of a secret file.
pub(crate) const SECRET_MODE: u32 = 0o600;

/// Mode of a public file.
pub(crate) const PUBLIC_MODE: u32 = 0o644;

const GROUP_OR_OTHERS: u32 = 0o077;
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
/// In such a folder only its owner and a file's may replace the file.
const STICKY: u32 = 0o1000;

/// Reads a secret text that nobody else can read or replace.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let io = |source| KeyFileError::Io { path: path.into(), source };
    // Not blocking: a pipe in place of the file must not hang its reader.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let mut file = opened.map_err(|source| match fs::symlink_metadata(path) {
        Ok(link) if link.file_type().is_symlink() => KeyFileError::SymbolicLink { path: path.into() },
        _ => io(source),
    })?;
    let metadata = file.metadata().map_err(io)?;
    check_secret(path, &mut file, &metadata)?;
    check_folder(path)?;
    read_text(path, &mut file)
}

/// Reads a text that anybody may read.
pub(crate) fn read_public(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let mut file = File::open(path).map_err(|source| KeyFileError::Io { path: path.into(), source })?;
    read_text(path, &mut file)
}

/// Writes a file that must not be there yet, and syncs it and its folder.
pub fn write_new(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), KeyFileError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = file.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.into() },
        _ => KeyFileError::Io { path: path.into(), source },
    })?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let synced = written.and_then(|()| File::open(folder(path))?.sync_all());
    synced.map_err(|source| KeyFileError::Io { path: path.into(), source })
}

/// Whether nobody but the file's owner may put another in its place.
///
/// Where a user has a group of its own, whose number is then the user's, that group is nobody else: files are made open to it
/// by default on many systems.
pub(crate) fn check_folder(path: &Path) -> Result<(), KeyFileError> {
    let folder = folder(path);
    let io = |source| KeyFileError::Io { path: folder.into(), source };
    let metadata = fs::metadata(folder).map_err(io)?;
    check_owner(folder, &metadata)?;
    let mode = metadata.mode() & 0o7777;
    let own_group = metadata.gid() == metadata.uid();
    let open = mode & OTHERS_WRITE != 0 || (mode & GROUP_WRITES != 0 && !own_group);
    if open && mode & STICKY == 0 {
        return Err(KeyFileError::OpenFolder { path: folder.into(), mode });
    }
    Ok(())
}

/// The folder that a file is in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn check_secret(path: &Path, file: &mut File, metadata: &Metadata) -> Result<(), KeyFileError> {
    if !metadata.is_file() {
        return Err(KeyFileError::NotAFile { path: path.into() });
    }
    let mode = metadata.mode() & 0o777;
    if mode & GROUP_OR_OTHERS != 0 {
        // A public key may be open to all; closing it would not make it secret.
        let is_public = read_text(path, file).is_ok_and(|text| text.contains(PUBLIC_BEGINS));
        if is_public {
            let detail = "it is a public key".into();
            return Err(KeyFileError::NotASecretKey { path: path.into(), detail });
        }
        return Err(KeyFileError::OpenToOthers { path: path.into(), mode });
    }
    check_owner(path, metadata)
}

fn check_owner(path: &Path, metadata: &Metadata) -> Result<(), KeyFileError> {
    let user = rustix::process::geteuid().as_raw();
    let owner = metadata.uid();
    if owner == user || owner == 0 {
        return Ok(());
    }
    Err(KeyFileError::Owner { path: path.into(), owner, user })
}

fn read_text(path: &Path, file: &mut File) -> Result<Zeroizing<String>, KeyFileError> {
    // Never grown, so that no copy stays behind.
    let room = usize::try_from(KEY_FILE_BYTES_MAX).unwrap_or(usize::MAX).saturating_add(2);
    let mut text = Zeroizing::new(String::with_capacity(room));
    let read = file.take(KEY_FILE_BYTES_MAX + 1).read_to_string(&mut text);
    let got = read.map_err(|source| KeyFileError::Io { path: path.into(), source })?;
    if got as u64 > KEY_FILE_BYTES_MAX {
        return Err(KeyFileError::TooLarge { path: path.into() });
    }
    Ok(text)
}
