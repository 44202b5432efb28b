//! A process that keeps its memory to itself.

use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};

/// Sees to it that nothing in this process's memory ends in a core dump, and that no other process of the same user may read
/// it. To be called before a secret is read, and inherited by whatever the process starts.
///
/// The limit alone is not enough: a kernel that pipes core dumps to a program disregards it.
pub fn keep_to_process() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}
