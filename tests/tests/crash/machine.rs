//! What a case needs of the machine, found out by trying.

use std::path::Path;
use std::process::{Command, Stdio};

/// What a case cannot do without.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs(&'static [Need]);

#[derive(Clone, Copy, Debug)]
enum Need {
    /// strace, and the right to trace.
    Strace,
    /// A C compiler, for the library that moves the clock.
    Compiler,
    /// Root, loop devices, mkfs.ext4.
    Mount,
    /// nbdkit with its Python plugin, nbdfuse, /dev/fuse.
    Volatile,
}

impl Needs {
    pub(crate) const NOTHING: Self = Self(&[]);
    pub(crate) const STRACE: Self = Self(&[Need::Strace]);
    pub(crate) const CLOCK: Self = Self(&[Need::Compiler]);
    pub(crate) const MOUNT: Self = Self(&[Need::Mount]);
    pub(crate) const POWER: Self = Self(&[Need::Mount, Need::Volatile]);
    pub(crate) const POWER_AND_STRACE: Self = Self(&[Need::Mount, Need::Volatile, Need::Strace]);

    /// What is not there, in words; nothing where all is.
    pub(crate) fn missing(self) -> Option<String> {
        let missing: Vec<String> = self.0.iter().filter_map(|need| need.missing()).collect();
        (!missing.is_empty()).then(|| missing.join(", "))
    }
}

impl Need {
    fn missing(self) -> Option<String> {
        let lacks = |programs: &[&str]| {
            let missing: Vec<&str> = programs.iter().filter(|name| !is_installed(name)).copied().collect();
            (!missing.is_empty()).then(|| format!("no {}", missing.join(", no ")))
        };
        match self {
            Self::Strace => lacks(&["strace"]).or_else(|| {
                (!works("strace", &["-D", "-f", "true"])).then(|| "tracing is not allowed".into())
            }),
            Self::Compiler => lacks(&["cc"]),
            Self::Mount => lacks(&["mkfs.ext4", "mount", "umount", "losetup"])
                .or_else(|| (!is_root()).then(|| "mounting needs root".into()))
                .or_else(|| (!works("losetup", &["--find"])).then(|| "no free loop device".into())),
            Self::Volatile => lacks(&["nbdkit", "nbdfuse", "fusermount3"])
                .or_else(|| {
                    (!works("nbdkit", &["python", "--dump-plugin"])).then(|| "no nbdkit-plugin-python".into())
                })
                .or_else(|| (!Path::new("/dev/fuse").exists()).then(|| "no /dev/fuse".into())),
        }
    }
}

/// Runs a program that must succeed.
pub(crate) fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {}: {} {errors}", args.join(" "), output.status);
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Whether a program runs and succeeds.
pub(crate) fn works(program: &str, args: &[&str]) -> bool {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output();
    output.is_ok_and(|output| output.status.success())
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|folder| folder.join(program).is_file())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
