use std::path::{Path, PathBuf};

use schemas::ids::StatementId;

use super::read;
use crate::bundled::check_bundle;
use crate::checks::{self, skipped};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::heads::Since;
use crate::judging::{Judging, ToJudge};
use crate::mirror::Mirror;
use crate::render::who::Source;
use crate::tiles::TileLog;

/// Check a bundle and judge its subject: no network, no server
///
/// Lists what was checked and what was not. Only with --recompute or --mirror are more than the bundle and the trust file read:
/// then nobody's word is needed for what is not there.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ bundle verify incident.bundle --trust trust.policy
  writ bundle verify incident.bundle --max-age 1d --now 2026-11-22T09:00Z
  writ bundle verify incident.bundle --profile strict --mirror DIR")]
pub(crate) struct Args {
    /// The bundle; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    judging: Judging,
    /// Also read every entry under the bundle's checkpoint from the log's server
    #[arg(long)]
    recompute: bool,
    /// The same from a mirror of the log (`writ mirror`)
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let Args { file, judging, recompute, mirror } = args;
    let (subject, judged) = check(context, file, judging, (*recompute, mirror.as_deref()))?;
    judging.answer(context, &subject, judged, Source::Bundle(&file.display().to_string()))
}

/// Checks a bundle in a file; where asked, with every entry read from the log's server or from a mirror.
pub(crate) fn check(
    context: &Context,
    file: &Path,
    judging: &Judging,
    (recompute, mirror): (bool, Option<&Path>),
) -> Result<(StatementId, ToJudge), Failure> {
    let bytes = read(file)?;
    let limit = judging.limit()?;
    let (trust, exit) = context.trust_or_said();
    let bundled = check_bundle(context, &bytes, trust.as_ref(), limit, exit)?;
    let head = &bundled.checked.head;
    let consistency = match bundled.trust {
        Some(trust) => {
            // Without a place of its own this machine remembers nothing, which is no reason to fail offline.
            let since = context.heads().map_or(Ok(Since::First), |heads| heads.hold(trust, head))?;
            checks::consistency(since, head.size())
        }
        None => skipped("consistency", "nothing is pinned"),
    };
    let subject = bundled.checked.subject;
    let judged = if let Some(folder) = mirror {
        let (mirror, from) = (Mirror::new(folder), format!("the mirror in {}", folder.display()));
        let latest = mirror.latest()?;
        ToJudge::recomputed(bundled, consistency, (&latest, latest.size(), &from))?
    } else if recompute {
        let client = context.client()?;
        let tiles = TileLog::latest(&client)?;
        ToJudge::recomputed(bundled, consistency, (&tiles, tiles.size(), "the server's tiles"))?
    } else {
        ToJudge::of(bundled, consistency)
    };
    Ok((subject, judged))
}
