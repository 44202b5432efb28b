//! The evidence about a statement: from a bundle that the server makes, or from every entry of the log.

use std::path::{Path, PathBuf};

use gateway::client::Client;
use schemas::ids::StatementId;
use verifier::evidence::{Evidence, Record};

use crate::bundled::check_bundle;
use crate::checks::{self, AgeLimit, skipped};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::judging::{Judging, ToJudge};
use crate::mirror::Mirror;
use crate::recompute::{self, Checkpoint};
use crate::resolve::{carries, is_elsewhere, resolve, resolve_among};
use crate::source::LogSource;
use crate::tiles::TileLog;
use crate::trust::Trust;

/// Where every entry is read from if the server's word is not enough.
#[derive(clap::Args, Debug)]
pub(crate) struct EveryEntry {
    /// Read every entry of the log, so that nobody's word is needed for what is not there
    #[arg(long)]
    pub(crate) recompute: bool,
    /// Read every entry from a mirror of the log (`writ mirror`), not from its server
    #[arg(long, value_name = "DIR")]
    pub(crate) mirror: Option<PathBuf>,
}

/// Fetches the evidence about the statement that is called so, and checks it.
pub(crate) fn fetch(
    context: &Context,
    id: &str,
    judging: &Judging,
    every: &EveryEntry,
) -> Result<(StatementId, ToJudge), Failure> {
    let limit = judging.limit()?;
    let (trust, exit) = context.trust_or_said();
    if let Some(folder) = &every.mirror {
        let judged = of_mirror(context, folder, trust.as_ref(), limit, exit)?;
        return Ok((resolve_among(&judged.evidence, id)?, judged));
    }
    let client = context.client()?;
    let candidate = resolve(&client, id)?;
    if every.recompute {
        let judged = of_tiles(context, &client, trust.as_ref(), limit, exit)?;
        check_subject(&judged.evidence, &candidate.id, id)?;
        return Ok((candidate.id, judged));
    }
    let evidence =
        of_server(context, &client, trust.as_ref(), (limit, judging.wants()?.task), &candidate.id)?;
    check_subject(&evidence.evidence, &candidate.id, id)?;
    Ok((candidate.id, ToJudge { exit: exit.worse(evidence.exit), ..evidence }))
}

/// The evidence about one statement, from a bundle that the server makes.
pub(crate) fn of_server(
    context: &Context,
    client: &Client,
    trust: Option<&Trust>,
    (limit, with_task): (AgeLimit, bool),
    id: &StatementId,
) -> Result<ToJudge, Failure> {
    let bytes = client.bundle(id, with_task)?;
    let bundled = check_bundle(context, &bytes, trust, limit, Exit::Ok)?;
    if bundled.checked.subject != *id {
        return Err(Failure::new("wrong-subject", "the server's bundle is about another statement")
            .values(id, bundled.checked.subject)
            .exit(Exit::Tampered));
    }
    let head = &bundled.checked.head;
    let consistency = match bundled.trust {
        Some(trust) => {
            let since = context.heads()?.advance(trust, client, &bundled.note, head)?;
            checks::consistency(since, head.size())
        }
        None => skipped("consistency", "nothing is pinned"),
    };
    Ok(ToJudge::of(bundled, consistency))
}

/// Evidence of every entry of a mirror.
pub(crate) fn of_mirror(
    context: &Context,
    folder: &Path,
    trust: Option<&Trust>,
    limit: AgeLimit,
    exit: Exit,
) -> Result<ToJudge, Failure> {
    let from = format!("the mirror in {}", folder.display());
    let mirror = Mirror::new(folder);
    whole_log(context, (&mirror.latest()?, &from), trust, limit, exit)
}

/// Evidence of every entry that the server's tiles hold.
pub(crate) fn of_tiles(
    context: &Context,
    client: &Client,
    trust: Option<&Trust>,
    limit: AgeLimit,
    exit: Exit,
) -> Result<ToJudge, Failure> {
    let tiles = (&TileLog::latest(client)? as &dyn LogSource, "the server's tiles");
    whole_log(context, tiles, trust, limit, exit)
}

/// Evidence of every entry of a log, and what was checked of it.
fn whole_log(
    context: &Context,
    (log, from): (&dyn LogSource, &str),
    trust: Option<&Trust>,
    limit: AgeLimit,
    exit: Exit,
) -> Result<ToJudge, Failure> {
    let Checkpoint { note, head, trust: believed, exit: worse } = recompute::checkpoint(context, log, trust)?;
    let consistency = match believed {
        Some(trust) => {
            let since = context.heads()?.advance(trust, log, &note, &head)?;
            checks::consistency(since, head.size())
        }
        None => skipped("consistency", "nothing is pinned"),
    };
    let evidence = recompute::evidence(log, &head, believed)?;
    let (mut checks, signed) = checks::checkpoint(&note, trust, limit);
    checks.push(checks::genesis(trust, Some(evidence.registry().log())));
    checks.push(consistency);
    checks.extend(checks::evidence::of(&evidence, 0, from));
    Ok(ToJudge { evidence, checks, exit: exit.worse(worse).worse(signed) })
}

/// The evidence must be about a statement that carries what was asked for, whatever the server says.
fn check_subject(evidence: &Evidence, subject: &StatementId, id: &str) -> Result<(), Failure> {
    let record = evidence.get(subject);
    let statement = record.and_then(Record::statement);
    let is_here = record.is_none_or(|record| !is_elsewhere(id, record.index.0));
    let is_named =
        subject.to_hex().starts_with(id) || statement.is_none_or(|statement| carries(&statement, id));
    if is_here && is_named {
        return Ok(());
    }
    let what = format!("the evidence is about {subject}, which does not carry `{id}`");
    Err(Failure::new("wrong-candidate", what).exit(Exit::Tampered))
}
