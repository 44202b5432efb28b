//! `writd init`: makes a log.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use keyfile::Passphrases;
use schemas::kinds::Use;
use schemas::text::Origin;
use schemas::time::Millis;

use super::{Failure, shell};
use crate::birth::{self, Birth, BirthError, Born, HEARTBEAT};
use crate::clock::{Clock, SystemClock};
use crate::exit::Exit;
use crate::folder::Folder;

/// Where `writ` looks for the trust file, as a shell finds it.
const CONFIG: &str = "\"${XDG_CONFIG_HOME:-$HOME/.config}/writ\"";

/// Make a log in an empty folder: its keys, its trust file, its anchor and its first entry.
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
    /// How many distinct registrars it takes to make or withdraw a registrar, or to withdraw a key of the log.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    threshold: u64,
    /// Where to keep the anchor; best on another disk than the folder. Default: DIR.anchor beside it.
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    /// Encrypt the key files with a passphrase, which is asked for twice.
    #[arg(long)]
    encrypt: bool,
    /// Encrypt the key files with the passphrase in the first line of this file, mode 0600.
    #[arg(long, value_name = "FILE", env = "WRIT_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
    /// Longest time between two renewals of the checkpoint, in seconds: verifiers take an older one for withheld. It
    /// never changes.
    #[arg(long, value_name = "SECONDS", default_value_t = HEARTBEAT.0 / 1_000, value_parser = clap::value_parser!(u64).range(1..=HEARTBEAT_SECONDS_MAX))]
    heartbeat: u64,
}

/// Longest heartbeat that can be asked for, in seconds: a week.
const HEARTBEAT_SECONDS_MAX: u64 = 7 * 24 * 60 * 60;

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
    let passphrases = Passphrases::new(args.passphrase_file.clone());
    let passphrase =
        (args.encrypt || passphrases.has_file()).then(|| passphrases.choose(&folder.keys())).transpose();
    let passphrase = passphrase.map_err(|error| {
        Failure::new(
            Exit::Error,
            error,
            "give --passphrase-file a file with the passphrase in its first line",
        )
    })?;
    let heartbeat = Millis(args.heartbeat.saturating_mul(1_000));
    if args.threshold > registrars.len().max(1) as u64 {
        let what = format!("a threshold of {} with {} registrars", args.threshold, registrars.len());
        return Err(Failure::new(
            Exit::Usage,
            what,
            "give --registrar at least as often as --threshold says",
        ));
    }
    let threshold = args.threshold;
    let birth =
        Birth { origin, registrars, threshold, time: SystemClock::new().now(), heartbeat, passphrase };
    let born = birth::create(&folder, &anchor, &birth)
        .map_err(|error| Failure::new(exit(&error), &error, next(&error, &folder)))?;
    let text = made(args, &folder, &anchor, &born);
    let written = anstream::stdout().write_all(text.as_bytes());
    written.map_err(|error| {
        Failure::new(Exit::Error, format!("the log is made, but this cannot be printed: {error}"), "")
    })
}

/// What was made, and what to do with it.
fn made(args: &Init, folder: &Folder, anchor: &Path, born: &Born) -> String {
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
    let (data, trust) = (shell(&args.data), shell(&folder.trust()));
    let registrar = if born.dev { Some(folder.registrar()) } else { private_half(&args.registrars) };
    let registrar = registrar.map_or_else(|| "FILE".to_owned(), |path| shell(&path));
    let anchor_flag =
        args.anchor.as_ref().map_or_else(String::new, |path| format!(" --anchor {}", shell(path)));
    text.push_str("next:\n");
    text.push_str(&format!("  writd serve --data {data}{anchor_flag}\n"));
    text.push_str(&format!("  mkdir -p {CONFIG} && cp -i {trust} {CONFIG}/\n"));
    text.push_str("  writ keys generate --out agent.pem\n");
    text.push_str(&format!(
        "  writ keys register --registrar {registrar} --key agent.pem.pub --principal agent:planner/1 --role principal\n"
    ));
    text.push_str(&format!(
        "hand {} to whoever verifies; keep {} apart from {}\n",
        folder.trust().display(),
        anchor.display(),
        args.data.display()
    ));
    text
}

/// The private key beside the first registrar's public one, where it is there.
fn private_half(registrars: &[PathBuf]) -> Option<PathBuf> {
    let public = registrars.first()?;
    let private = public.with_extension("");
    (public.extension().is_some_and(|extension| extension == "pub") && private.is_file()).then_some(private)
}

fn exit(error: &BirthError) -> Exit {
    match error {
        BirthError::SameRegistrar { .. } => Exit::Usage,
        _ => Exit::Error,
    }
}

fn next(error: &BirthError, folder: &Folder) -> String {
    match error {
        BirthError::NotEmpty { .. } if folder.store().is_dir() => {
            format!(
                "give another --data, or serve the log that is there: writd serve --data {}",
                shell(folder.root())
            )
        }
        BirthError::NotEmpty { .. } => "give another --data; there is no log in this folder".into(),
        BirthError::AnchorExists { .. } => {
            "give another --data or --anchor; move the old anchor away only if its log is gone for good"
                .into()
        }
        BirthError::NoAnchorFolder { .. } => "make that folder, or give another --anchor".into(),
        BirthError::SameRegistrar { .. } => "give each --registrar once".into(),
        _ => "put it right, empty the folder, and run writd init again".into(),
    }
}
