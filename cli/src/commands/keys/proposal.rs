use std::fmt::Write as _;
use std::path::PathBuf;

use gateway::client::Client;
use schemas::ids::{KeyId, LogId};
use schemas::kinds::{Key, KeyOp};
use schemas::payload::{Body, Vantage};
use schemas::text::Tenant;
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;
use crate::registrars::{Keys, Pending, check_enough_left};
use crate::registration;
use crate::render::{statement, submitted};
use crate::resolve::resolve;
use crate::schema;
use crate::submit::Submission;

/// Stand behind a change that another registrar has proposed
///
/// A change that makes or unmakes a registrar, or that withdraws a key of the log, takes as many registrars as the log's genesis
/// asks for. The first proposes it with `writ keys register`, `rotate`, `retire` or `compromise`; each other one says the
/// very same with this command, on a machine of their own. `writ keys proposals` shows what waits.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ keys proposals\n  writ keys second 3f9a17 --registrar bob.pem")]
pub(crate) struct SecondArgs {
    /// The statement that proposes the change
    #[arg(value_name = "ID")]
    id: String,
    /// Secret key of a registrar
    #[arg(long, value_name = "FILE")]
    registrar: PathBuf,
    /// Also where too few registrars are left
    #[arg(long)]
    yes: bool,
}

/// Show the changes of keys that wait for more registrars
///
/// Who stands behind each, and whose word is missing.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ keys proposals")]
pub(crate) struct ListArgs {}

/// `writ keys proposals --json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    proposals: Vec<Row<'a>>,
}

/// A proposal.
#[derive(Serialize)]
struct Row<'a> {
    id: String,
    op: KeyOp,
    kid: KeyId,
    what: String,
    needed: u64,
    by: &'a [String],
    missing: &'a [String],
}

pub(crate) fn list(_args: &ListArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let trust = context.trust()?;
    let log = context.log(&client, trust.as_ref())?;
    let pending = Keys::fetch(&client, &log)?.pending();
    if context.output.json {
        context.output.document(&Document {
            schema: schema::KEY_PROPOSALS,
            proposals: pending.iter().map(Row::of).collect(),
        })?;
        return Ok(Exit::Ok);
    }
    let mut text = String::new();
    for pending in &pending {
        text.push_str(&show(pending));
    }
    if pending.is_empty() {
        text.push_str("no change of keys waits for more registrars\n");
    }
    context.output.text(&text)?;
    Ok(Exit::Ok)
}

pub(crate) fn second(args: &SecondArgs, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let trust = context.trust()?;
    let log = context.log(&client, trust.as_ref()).map_err(Failure::before_signing)?;
    let id = resolve(&client, &args.id)?.id;
    let Body::Key(change) = registration::fetch(&client, &id)?.payload.body else {
        return Err(Failure::usage("not-a-proposal", format!("{id} is no change of keys"))
            .next("writ keys proposals"));
    };
    let keys = Keys::fetch(&client, &log)?;
    let Some(before) = keys.pending().into_iter().find(|pending| pending.change == change) else {
        return Err(Failure::usage(
            "not-a-proposal",
            format!("{id} does not wait for another registrar: it is in effect, or needs no second"),
        )
        .next(format!("writ show {}", id.to_hex())));
    };
    if !args.yes && leaves_fewer(&change) {
        check_enough_left(&keys, &change.kid)?;
    }
    let signer = registration::signer(&client, &log, context.secret_key(&args.registrar)?)?;
    let own = signer.0.iss().to_string();
    if before.by.contains(&own) {
        return Err(Failure::usage("seconded-already", format!("{own} stands behind {id} already"))
            .next(format!("another registrar: {}", before.missing.join(", "))));
    }
    let mut submission = Submission::new(context, &client, trust.as_ref(), log, signer);
    let body = Body::Key(change.clone());
    let payload = submission.payload(Tenant::default_label(), Vantage::Authority, body)?;
    submission.sign(None, payload)?;
    let submitted = submission.send()?;
    let meaning = format!("{own} stands behind it: {}", what(&change));
    let exit = submitted::finish_saying(context, &submitted, Some(&meaning))?;
    say_pending(context, &client, &log, &[change])?;
    Ok(exit)
}

/// Warns where what was sent is only a proposal so far.
pub(super) fn say_pending(
    context: &Context,
    client: &Client,
    log: &LogId,
    changes: &[Key],
) -> Result<(), Failure> {
    if registration::threshold(client, log)? < 2 {
        return Ok(());
    }
    let keys = Keys::fetch(client, log)?;
    for pending in keys.pending().iter().filter(|pending| changes.contains(&pending.change)) {
        let what = format!(
            "proposed, not in effect: {} of {} registrars stand behind it",
            pending.by.len(),
            pending.needed
        );
        context.output.warn("proposal-pending", &what);
        context.output.message(&format!("  missing   {}", printable(&pending.missing.join(", "))));
        context.output.message(&format!("  next      writ keys second {} --registrar FILE", pending.id));
    }
    Ok(())
}

/// Whether a change takes a key's role as a registrar away, should it have it.
pub(super) fn leaves_fewer(change: &Key) -> bool {
    let registers = change.roles.iter().any(|grant| grant.role == schemas::kinds::Role::Registrar);
    !registers && change.op != KeyOp::Rotate
}

impl<'a> Row<'a> {
    fn of(pending: &'a Pending) -> Self {
        let Pending { id, change, needed, by, missing } = pending;
        let (op, kid, what) = (change.op, change.kid, what(change));
        Self { id: id.to_hex(), op, kid, what, needed: *needed, by, missing }
    }
}

/// A change in words.
fn what(change: &Key) -> String {
    let kid = change.kid;
    match (&change.principal, change.replaces) {
        (Some(principal), None) => {
            format!("register {kid} of {principal} as {}", statement::roles(&change.roles))
        }
        (Some(principal), Some(old)) => {
            format!("put {kid} of {principal} in the place of {old} as {}", statement::roles(&change.roles))
        }
        (None, _) => format!("{} {kid}", change.op),
    }
}

fn show(pending: &Pending) -> String {
    let Pending { id, change, needed, by, missing } = pending;
    let mut text = String::new();
    let _ = writeln!(text, "{id}  {}", what(change));
    let _ = writeln!(text, "  behind it  {} of {needed}: {}", by.len(), by.join(", "));
    let _ = writeln!(text, "  missing    {}", missing.join(", "));
    let _ = writeln!(text, "  next       writ keys second {id} --registrar FILE");
    printable(&text)
}

#[cfg(test)]
mod tests {
    use schemas::ids::StatementId;

    use super::*;

    #[test]
    fn the_document_is_described_by_its_schema() {
        let pending = Pending {
            id: StatementId::new([1; 32]),
            change: Key::bare(KeyOp::Retire, KeyId::new([2; 32])),
            needed: 2,
            by: vec!["registrar:a".into()],
            missing: vec!["registrar:b".into()],
        };
        let proposals = vec![Row::of(&pending)];
        crate::schema::tests::assert_described(&Document { schema: schema::KEY_PROPOSALS, proposals });
        let text = show(&pending);
        assert!(text.contains("1 of 2: registrar:a") && text.contains("missing    registrar:b"), "{text}");
    }
}
