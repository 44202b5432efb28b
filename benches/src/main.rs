//! The program `benches`: measures and prints.

use std::fs;

use anyhow::Result;
use benches::mirror::{self, Made};
use benches::options::{Command, Options};
use clap::Parser;

/// The allocator of the programs that are measured.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(Command::Log { entries, mirror, seed }) = &options.command {
        let Made { log, entries, root, seconds } = mirror::make(*seed, *entries, mirror)?;
        println!("{}  {entries} entries  {seconds:.0} s", mirror.display());
        println!("log   {log}\nroot  {root}");
        let (mirror, trust) = (mirror.display(), mirror.join(mirror::TRUST));
        println!("Next: writ verify log --mirror {mirror} --trust {}", trust.display());
        return Ok(());
    }
    let report = benches::run::run(&options)?;
    print!("{report}");
    if let Some(path) = &options.json {
        fs::write(path, serde_json::to_string_pretty(&report)? + "\n")?;
    }
    Ok(())
}
