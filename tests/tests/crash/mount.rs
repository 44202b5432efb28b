//! File systems of their own, unmounted when dropped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::machine::{run, works};

/// A mounted ext4.
#[derive(Debug)]
pub(crate) struct Mount {
    point: PathBuf,
}

/// Makes an ext4 of so many bytes in a file. Nothing is kept back for root, who runs this.
pub(crate) fn make_image(path: &Path, bytes: u64) {
    File::create(path).unwrap().set_len(bytes).unwrap();
    run("mkfs.ext4", &["-q", "-F", "-m", "0", path.to_str().unwrap()]);
}

impl Mount {
    /// Mounts an image or a block device.
    pub(crate) fn new(source: &Path, point: PathBuf) -> Self {
        fs::create_dir_all(&point).unwrap();
        run("mount", &["-t", "ext4", source.to_str().unwrap(), point.to_str().unwrap()]);
        Self { point }
    }

    pub(crate) fn point(&self) -> &Path {
        &self.point
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let point = self.point.to_str().unwrap();
        // Over a device that is gone the first attempt may say that it is busy.
        if !works("umount", &[point]) && !works("umount", &["-l", point]) {
            eprintln!("{point} cannot be unmounted");
        }
    }
}
