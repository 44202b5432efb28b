//! Files that stay in the system's cache while something is measured.
//!
//! Nobody has looked at a held page by that. On a virtual machine the first look at one that the disk has filled was seen to take sixteen
//! microseconds: whoever wants the cache of a machine that has been in use reads the files as well.

use std::fs::File;
use std::io;

use memmap2::{MmapOptions, MmapRaw};

/// Files of which all pages are in the system's cache, and stay there until this is dropped. Nobody reads them by way of it.
#[derive(Debug, Default)]
pub struct Held {
    files: Vec<MmapRaw>,
}

impl Held {
    /// Reads a file from the disk, as far as it is not in the cache, and holds it there. An error where this user may not hold as much:
    /// what `ulimit -l` says is the bound, except for an administrator.
    pub fn add(&mut self, file: &File) -> io::Result<()> {
        let mapped = MmapOptions::new().map_raw_read_only(file)?;
        mapped.lock()?;
        self.files.push(mapped);
        Ok(())
    }

    /// How much is held, in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.len() as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What Linux says that this process has locked, in KiB.
    fn locked_kib() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:")?.trim().strip_suffix(" kB"));
        locked.unwrap().parse().unwrap()
    }

    #[test]
    fn what_is_held_is_locked_until_it_is_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, vec![7; 20_000]).unwrap();
        let mut held = Held::default();
        held.add(&File::open(&path).unwrap()).unwrap();
        fs::write(folder.path().join("empty"), []).unwrap();
        held.add(&File::open(folder.path().join("empty")).unwrap()).unwrap();
        assert_eq!(held.bytes(), 20_000);
        assert!(locked_kib() >= 20, "{}", locked_kib());
        drop(held);
        assert_eq!(locked_kib(), 0);
    }
}
