//! What the figures were measured on.

use std::path::Path;
use std::process::Command;
use std::{fmt, fs};

use serde::{Deserialize, Serialize};

/// The machine, as far as it explains figures.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// Cores that this program may use.
    pub cores: usize,
    /// The processor's name.
    pub cpu: String,
    /// The kernel.
    pub kernel: String,
    /// Memory, in MiB.
    pub memory_mib: u64,
    /// Processes that wanted to run in the minute before: near 0 on a quiet machine.
    pub load_before: f64,
}

impl Machine {
    /// This machine.
    pub fn here() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = read("/proc/cpuinfo");
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        let cpu = model.map_or("unknown", |(_, name)| name.trim()).to_string();
        let kernel = read("/proc/sys/kernel/osrelease").trim().to_string();
        let meminfo = read("/proc/meminfo");
        let total =
            meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"));
        let memory_mib = total.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024;
        let loadavg = read("/proc/loadavg");
        let load_before = loadavg.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or_default();
        Self { cores: cores(), cpu, kernel, memory_mib, load_before }
    }
}

/// Cores that this program may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The commit of the sources that this was built from, if they are there and git is.
pub fn commit() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let git = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        .output();
    let said = git.ok().filter(|git| git.status.success())?.stdout;
    String::from_utf8(said).ok().map(|said| said.trim().to_owned()).filter(|said| !said.is_empty())
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cores, cpu, kernel, memory_mib, load_before } = self;
        write!(f, "{cores} cores, {cpu}, {memory_mib} MiB, Linux {kernel}, load {load_before} before")
    }
}
