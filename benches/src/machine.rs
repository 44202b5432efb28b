//! What the figures were measured on.

use std::fs;

use serde::Serialize;

/// The machine, as far as it explains figures.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Cores that this program may use.
    pub cores: usize,
    /// The processor's name.
    pub cpu: String,
    /// The kernel.
    pub kernel: String,
}

impl Machine {
    /// This machine.
    pub fn here() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = read("/proc/cpuinfo");
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        let cpu = model.map_or("unknown", |(_, name)| name.trim()).to_string();
        let kernel = read("/proc/sys/kernel/osrelease").trim().to_string();
        Self { cores, cpu, kernel }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cores, cpu, kernel } = self;
        write!(f, "{cores} cores, {cpu}, Linux {kernel}")
    }
}
