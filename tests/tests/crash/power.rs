//! Power is cut: what was flushed is there, and of all other writes a random part, torn at sectors.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;

use tempfile::TempDir;

use crate::Form;
use crate::figures::Figures;
use crate::harness::{Draft, Http, Place, Ran, SOON, Server, fsck, next_random, now, program};
use crate::machine::{run, works};
use crate::mount::{Mount, make_image};
use crate::receipts::{Receipts, check};
use crate::strace;
use crate::trial::Base;

/// Bytes of the disk.
const DISK_BYTES: u64 = 256 * 1024 * 1024;
/// What a disk writes whole, in bytes.
const SECTOR_BYTES: usize = 512;
/// Bytes before each write in the plugin's journal: offset 8, length 8.
const HEADER_BYTES: usize = 16;

/// A volatile disk (volatile.py) with an ext4 on it.
struct Disk {
    folder: TempDir,
    nbdkit: Child,
    nbdfuse: Child,
    device: PathBuf,
    mount: Option<Mount>,
}

/// Power cuts under load; everything acknowledged must be there.
pub(crate) fn cut(form: Form, figures: &mut Figures) {
    let cuts = std::env::var("WRIT_POWER_CUTS").ok().map(|cuts| cuts.parse().unwrap());
    let cuts = cuts.unwrap_or(if form == Form::Long { 24 } else { 1 });
    let mut seed = now();
    figures.notes.push(format!("seed {seed}"));
    for _ in 0..cuts {
        let lost = one_cut(&mut seed, &[], figures);
        assert!(lost.is_empty(), "{}", lost.join("\n"));
    }
}

/// Control: syncs return at once and do nothing. Acknowledged statements must be missing, or the test would notice nothing.
pub(crate) fn control(form: Form, figures: &mut Figures) {
    let mut seed = now();
    figures.notes.push(format!("seed {seed}"));
    let lie = [
        "-e",
        "trace=fsync,fdatasync,sync_file_range",
        "-e",
        "inject=fsync,fdatasync,sync_file_range:retval=0",
    ];
    let lie: Vec<String> = lie.iter().map(|word| (*word).to_owned()).collect();
    for _ in 0..if form == Form::Long { 4 } else { 1 } {
        one_cut(&mut seed, &lie, figures);
    }
}

/// Load, cut, and what is there afterwards: why each receipt that does not hold does not.
fn one_cut(seed: &mut u64, strace_options: &[String], figures: &mut Figures) -> Vec<String> {
    let folder = TempDir::with_prefix("crash-").unwrap();
    make_image(&folder.path().join("image"), DISK_BYTES);
    let mount = Mount::new(&folder.path().join("image"), folder.path().join("disk"));
    let base = Base::of(Place::make(TempDir::with_prefix_in("writ-", mount.point()).unwrap(), &[]));
    drop(mount);

    let mut receipts = Receipts::new(folder.path().join("receipts"));
    let mut disk = Disk::start(folder);
    let command = match strace_options {
        [] => Command::new(program("writd")),
        options => strace::command(options),
    };
    let server = Server::spawn(command, &base.place.data(), &base.place.anchor(), &[]).unwrap();
    let after = Duration::from_millis(200 + next_random(seed) % 900);
    thread::scope(|scope| {
        let (http, base, receipts) = (server.http.clone(), &base, &mut receipts);
        let client = scope.spawn(move || append_until_dark(&http, base, receipts));
        thread::sleep(after);
        disk.cut();
        server.kill();
        client.join().unwrap();
    });
    disk.settle(seed);

    figures.runs += 1;
    let receipts = receipts.load();
    figures.acknowledged += receipts.len() as u64;
    let mount = Mount::new(&disk.image(), disk.point());
    let lost = match base.place.try_serve() {
        Ok(server) => {
            let checked = check(&base.place, &server.http, &receipts);
            figures.recovered += checked.honoured;
            figures.lost += checked.lost.len() as u64;
            server.stop();
            let fsck = fsck(&base.place.data());
            assert_eq!(fsck.code, 0, "{fsck}");
            checked.lost
        }
        Err(ran) => refused(&ran, receipts.len() as u64, !strace_options.is_empty(), figures),
    };
    drop(base);
    drop(mount);
    lost
}

/// It does not come up. That is for the control alone, where everything that was acknowledged counts as lost.
fn refused(ran: &Ran, acknowledged: u64, control: bool, figures: &mut Figures) -> Vec<String> {
    assert!(control, "it did not come up: {ran}");
    assert!(ran.code > 0 && !ran.stderr.is_empty(), "it did not say why: {ran}");
    figures.lost += acknowledged;
    *figures.refused.entry(format!("exit {}", ran.code)).or_default() += 1;
    vec![ran.stderr.clone()]
}

/// One by one and many at once, until there is no more good answer.
fn append_until_dark(http: &Http, base: &Base, receipts: &mut Receipts) {
    for number in 0_u64.. {
        let many = if number.is_multiple_of(3) { 1 } else { 1 + number % 20 };
        let note = |at| base.alice.sign(&Draft::note(&base.place.log(), &format!("{number}/{at}")));
        let request: Vec<Vec<u8>> = (0..many).map(note).collect();
        match receipts.request(http, &request) {
            Ok(answer) if [200, 201].contains(&answer.status) => {}
            _ => break,
        }
    }
}

impl Disk {
    /// Puts the image in the folder onto a volatile disk and mounts it where it was.
    fn start(folder: TempDir) -> Self {
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/volatile.py");
        let quiet = |command: &mut Command| {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        };
        let (socket, fuse) = (at("socket"), at("fuse"));
        let mut nbdkit = Command::new("nbdkit");
        nbdkit.args(["-f", "-U", &socket, "python"]).arg(plugin);
        nbdkit.args([format!("image={}", at("image")), format!("journal={}", at("journal"))]);
        let nbdkit = quiet(&mut nbdkit);
        until("nbdkit listens", || Path::new(&socket).exists());
        fs::create_dir(&fuse).unwrap();
        let mut nbdfuse = Command::new("nbdfuse");
        nbdfuse.args([&format!("{fuse}/disk"), "--unix", &socket]);
        let nbdfuse = quiet(&mut nbdfuse);
        let file = format!("{fuse}/disk");
        until("nbdfuse shows the disk", || fs::metadata(&file).is_ok_and(|file| file.len() == DISK_BYTES));
        let device = PathBuf::from(run("losetup", &["--find", "--show", &file]));
        let mut disk = Self { folder, nbdkit, nbdfuse, device, mount: None };
        disk.mount = Some(Mount::new(&disk.device, disk.point()));
        disk
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn point(&self) -> PathBuf {
        self.folder.path().join("disk")
    }

    /// From here on nothing is flushed.
    fn cut(&mut self) {
        self.nbdkit.kill().unwrap();
        self.nbdkit.wait().unwrap();
    }

    /// Takes the dead disk apart, and lets a random part of what was not flushed have reached the medium. Each sector has one of
    /// the contents that were written to it since the last flush, or the one from before.
    fn settle(&mut self, seed: &mut u64) {
        self.take_apart();
        let journal = fs::read(self.folder.path().join("journal")).unwrap_or_default();
        let image = OpenOptions::new().write(true).open(self.image()).unwrap();
        let mut rest = journal.as_slice();
        while let Some((header, more)) = rest.split_at_checked(HEADER_BYTES) {
            let (offset, length) = header.split_at(8);
            let offset = u64::from_le_bytes(offset.try_into().unwrap());
            let length = usize::try_from(u64::from_le_bytes(length.try_into().unwrap())).unwrap();
            // The last one may be cut off where nbdkit was killed.
            let (data, more) = more.split_at_checked(length).unwrap_or((more, &[]));
            for (number, sector) in data.chunks_exact(SECTOR_BYTES).enumerate() {
                if next_random(seed).is_multiple_of(2) {
                    image.write_all_at(sector, offset + (number * SECTOR_BYTES) as u64).unwrap();
                }
            }
            rest = more;
        }
    }

    fn take_apart(&mut self) {
        if self.mount.take().is_some() {
            let device = self.device.to_str().unwrap().to_owned();
            if !works("losetup", &["-d", &device]) {
                eprintln!("{device} cannot be let go");
            }
            let fuse = self.folder.path().join("fuse");
            let _ = works("fusermount3", &["-u", "-z", fuse.to_str().unwrap()]);
            let begun = Instant::now();
            while self.nbdfuse.try_wait().unwrap().is_none() {
                if begun.elapsed() > Duration::from_secs(5) {
                    let _ = self.nbdfuse.kill();
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = self.nbdkit.kill();
        let _ = self.nbdkit.wait();
        self.take_apart();
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < SOON, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
