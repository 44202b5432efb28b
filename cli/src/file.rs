//! Evidence in files: read within bounds, never written over by accident.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::failure::Failure;

/// A file's bytes, one more than `max` of them at most; `-` is standard input. What goes wrong has this code.
pub(crate) fn read(path: &Path, max: usize, code: &str) -> Result<Vec<u8>, Failure> {
    let unreadable = |e: io::Error| Failure::new(code, format!("{}: {e}", path.display()));
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let mut bytes = Vec::new();
    input.take((max as u64).saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// Writes a file, durably; over an existing one only by force. What goes wrong otherwise has this code.
pub(crate) fn write(path: &Path, bytes: &[u8], force: bool, code: &str) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create(true).create_new(!force).truncate(force).open(path);
    let written = opened.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|e| match e.kind() {
        ErrorKind::AlreadyExists => {
            Failure::new("file-exists", format!("{} exists", path.display())).next("another name, or --force")
        }
        _ => Failure::new(code, format!("{}: {e}", path.display())),
    })
}

/// Puts a file in the place of an older one, or where there is none: whole and durably, or not at all.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".new-{}", std::process::id()));
    let replace = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        // The name itself must last too.
        File::open(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?
            .sync_all()
    };
    replace().map_err(|e: io::Error| {
        Failure::new("file-unwritable", format!("{}: {e}", path.display()))
            .next("a folder that exists, can be written and has space left")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_exists_is_not_overwritten_unless_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bundle");
        write(&path, b"first", false, "x").unwrap();
        assert_eq!(write(&path, b"second", false, "x").unwrap_err().code, "file-exists");
        assert_eq!(read(&path, 100, "x").unwrap(), b"first");
        write(&path, b"second", true, "x").unwrap();
        assert_eq!(read(&path, 3, "x").unwrap(), b"seco", "one byte more shows that it is too long");
        assert_eq!(write(&folder.path().join("no/such"), b"", false, "x").unwrap_err().code, "x");
        assert_eq!(read(&folder.path().join("no"), 1, "y").unwrap_err().code, "y");
    }
}
