//! The program `benches`: measures and prints.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use benches::docs;
use benches::mirror::{self, Made};
use benches::options::{Command, Options};
use benches::peers::{self, Told};
use benches::run::Ended;
use clap::Parser;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The allocator of the programs that are measured.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(command) = &options.command {
        return carry_out(command);
    }
    let Ended { report, failed } = benches::run::run(&options)?;
    print!("{report}");
    write(options.json.as_deref(), &report)?;
    failed.map_or(Ok(()), Err).context("the run ended early; what was measured before that is told above")
}

fn carry_out(command: &Command) -> Result<()> {
    match command {
        Command::Log { entries, mirror, seed } => {
            let Made { log, entries, root, seconds } = mirror::make(*seed, *entries, mirror)?;
            println!("{}  {entries} entries  {seconds:.0} s", mirror.display());
            println!("log   {log}\nroot  {root}");
            let (mirror, trust) = (mirror.display(), mirror.join(mirror::TRUST));
            println!("Next: writ verify log --mirror {mirror} --trust {}", trust.display());
        }
        Command::Corpus { statements, out, seed } => {
            println!("{} statements", peers::write_corpus(*seed, *statements, out)?);
        }
        Command::Peers { writ, peer, json } => {
            let told = peer.iter().map(|path| read(path)).collect::<Result<Vec<Told>>>()?;
            let peers = peers::beside(read(writ)?, told)?;
            print!("{peers}");
            write(json.as_deref(), &peers)?;
        }
        Command::Docs { bench, peers } => {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
            docs::update(&root, bench.as_deref(), peers.as_deref())?;
        }
    }
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

fn write(path: Option<&Path>, document: &impl Serialize) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    fs::write(path, serde_json::to_string_pretty(document)? + "\n")
        .with_context(|| path.display().to_string())
}
