use std::path::PathBuf;

use keyfile::read_public;
use schemas::ids::KeyId;
use schemas::kinds::{Key, KeyOp};
use schemas::payload::{Body, Vantage};
use schemas::text::Tenant;

use super::proposal::say_pending;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;
use crate::registrars::{Keys, check_enough_left};
use crate::registration;
use crate::render::submitted;
use crate::submit::Submission;

/// Say that a key is no longer used
///
/// What it signed stands. Entries by it are accepted until --accept-until, for statements that are still on their way.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  writ keys retire --registrar registrar.pem --key alice.pem.pub --accept-until 2026-12-01T00:00Z"
)]
pub(crate) struct RetireArgs {
    #[command(flatten)]
    which: Which,
    /// Until when entries by the key are still accepted: a moment, or so long from now [default: now]
    #[arg(long, value_name = "TIME")]
    accept_until: Option<String>,
}

/// Say that a key may be in other hands
///
/// Refused at once, and what it signed since --since is no longer believed.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Example:\n  writ keys compromise --registrar registrar.pem --key alice.pem.pub --since 2h"
)]
pub(crate) struct CompromiseArgs {
    #[command(flatten)]
    which: Which,
    /// From when the key can no longer be believed: a moment, or so long ago [default: now]
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

#[derive(clap::Args, Debug)]
struct Which {
    /// Secret key of a registrar
    #[arg(long, value_name = "FILE")]
    registrar: PathBuf,
    /// Public key to withdraw
    #[arg(long, value_name = "PUBFILE", required_unless_present = "kid", conflicts_with = "kid")]
    key: Option<PathBuf>,
    /// The key's thumbprint, where its file is not at hand
    #[arg(long, value_name = "HEX", value_parser = parse_kid)]
    kid: Option<KeyId>,
    /// Also where too few registrars are left
    #[arg(long)]
    yes: bool,
}

pub(crate) fn retire(args: &RetireArgs, context: &Context) -> Result<Exit, Failure> {
    let accept_until = args.accept_until.as_deref().map(moment::parse_ahead).transpose()?;
    let meaning = Some(match accept_until {
        Some(until) => format!("entries by the key are accepted until {}", moment::show(until)),
        None => "entries by the key are accepted no more; what it signed before stands".into(),
    });
    withdraw(context, &args.which, meaning, |kid| Key { accept_until, ..Key::bare(KeyOp::Retire, kid) })
}

pub(crate) fn compromise(args: &CompromiseArgs, context: &Context) -> Result<Exit, Failure> {
    let since = args.since.as_deref().map(moment::parse).transpose()?;
    let meaning = Some(match since {
        Some(since) => format!("the key is not believed from {} on", moment::show(since)),
        None => "the key is not believed from this entry on; what it signed before stands".into(),
    });
    withdraw(context, &args.which, meaning, |kid| Key { since, ..Key::bare(KeyOp::Compromise, kid) })
}

fn withdraw(
    context: &Context,
    which: &Which,
    meaning: Option<String>,
    body: impl FnOnce(KeyId) -> Key,
) -> Result<Exit, Failure> {
    let kid = match (&which.kid, &which.key) {
        (Some(kid), _) => *kid,
        (None, Some(path)) => KeyId::of(&read_public(path)?),
        (None, None) => return Err(Failure::usage("no-key", "name the key with --key or --kid")),
    };
    let registrar = context.secret_key(&which.registrar)?;
    let client = context.client()?;
    let trust = context.trust()?;
    let log = context.log(&client, trust.as_ref()).map_err(Failure::before_signing)?;
    if !which.yes {
        check_enough_left(&Keys::fetch(&client, &log)?, &kid)?;
    }
    let signer = registration::signer(&client, &log, registrar)?;
    let mut submission = Submission::new(context, &client, trust.as_ref(), log, signer);
    let change = body(kid);
    let payload =
        submission.payload(Tenant::default_label(), Vantage::Authority, Body::Key(change.clone()))?;
    submission.sign(None, payload)?;
    let exit = submitted::finish_saying(context, &submission.send()?, meaning.as_deref())?;
    say_pending(context, &client, &log, &[change])?;
    Ok(exit)
}

fn parse_kid(text: &str) -> Result<KeyId, String> {
    KeyId::from_hex(text).ok_or_else(|| "64 lower-case hex digits".into())
}
