//! `writd init`: makes a log.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use schemas::kinds::Use;
use schemas::text::Origin;

use super::Failure;
use crate::birth::{self, Birth, BirthError};
use crate::clock::{Clock, SystemClock};
use crate::exit::Exit;
use crate::folder::Folder;
use crate::keyfile;

/// Makes a log in an empty folder: its keys, its trust file, its anchor and its first entry.
#[derive(Debug, Args)]
pub struct Init {
    /// Folder of the log; must be empty or not there yet.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Name of the log, such as ledger.corp/prod. Verifiers pin it; it never changes.
    #[arg(long, value_name = "NAME")]
    origin: String,
    /// Public key (SPKI PEM) trusted to register others; may be given several times. Without it a key is made in the
    /// folder, fit for development only.
    #[arg(long = "registrar", value_name = "PUBFILE")]
    registrars: Vec<PathBuf>,
    /// Where to keep the anchor; best on another disk than the folder. Default: DIR.anchor beside it.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &Init) -> Result<(), Failure> {
    let origin = Origin::new(args.origin.as_str()).map_err(|error| {
        Failure::new(Exit::Usage, error, "give another --origin, such as ledger.corp/prod")
    })?;
    let read = |path: &PathBuf| {
        let next = "give --registrar the .pub file of a key made with: writ keys generate --out FILE";
        keyfile::read_public(path).map_err(|error| Failure::new(Exit::Error, error, next))
    };
    let registrars = args.registrars.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let folder = Folder::new(&args.data);
    let anchor = args.anchor.clone().unwrap_or_else(|| folder.default_anchor());
    let birth = Birth { origin, registrars, time: SystemClock::new().now() };
    let born = birth::create(&folder, &anchor, &birth)
        .map_err(|error| Failure::new(Exit::Error, &error, next(&error)))?;
    let data = args.data.display();
    let mut text = format!("log {} ({})\n", born.log, args.origin);
    if born.dev {
        text.push_str("dev: its registrar's key was made here; every verdict will say so\n");
    }
    text.push_str(&format!("  trust file   {}\n", folder.trust().display()));
    text.push_str(&format!("  anchor       {}\n", anchor.display()));
    for usage in Use::ALL {
        let path = folder.key(*usage);
        text.push_str(&format!("  {:<12} {} (.pub)\n", usage.as_str(), path.display()));
    }
    if born.dev {
        text.push_str(&format!("  registrar    {} (.pub)\n", folder.registrar().display()));
    }
    let registrar = if born.dev { folder.registrar().display().to_string() } else { "FILE".to_owned() };
    let anchor_flag =
        args.anchor.as_ref().map_or_else(String::new, |path| format!(" --anchor {}", path.display()));
    text.push_str("next:\n");
    text.push_str(&format!("  writd serve --data {data}{anchor_flag}\n"));
    text.push_str(&format!(
        "  hand {} to whoever verifies; keep {} apart from {data}\n",
        folder.trust().display(),
        anchor.display()
    ));
    text.push_str("  writ keys generate --out agent.pem\n");
    text.push_str(&format!(
        "  writ keys register --registrar {registrar} --key agent.pem.pub --principal agent:planner/1 --role principal\n"
    ));
    let written = anstream::stdout().write_all(text.as_bytes());
    written.map_err(|error| {
        Failure::new(Exit::Error, format!("the log is made, but this cannot be printed: {error}"), "")
    })
}

fn next(error: &BirthError) -> String {
    match error {
        BirthError::NotEmpty { .. } => {
            "give another --data, or writd serve --data DIR for the log that is there".into()
        }
        BirthError::AnchorExists { .. } => {
            "give another --data or --anchor; move the old anchor away only if its log is gone for good"
                .into()
        }
        _ => "put it right, empty the folder, and run writd init again".into(),
    }
}
