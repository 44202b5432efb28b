//! The program `benches`: measures and prints.

use anyhow::Result;
use benches::options::Options;
use clap::Parser;

fn main() -> Result<()> {
    let options = Options::parse();
    let report = benches::run::run(&options)?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}
