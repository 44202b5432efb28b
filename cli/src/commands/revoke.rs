use std::path::PathBuf;

use schemas::envelope::Statement;
use schemas::kinds::{CredentialOp, Revocation, Target, TargetKind};
use schemas::payload::{Body, Vantage};
use schemas::reference::Reference;
use schemas::text::{Line, Name};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;
use crate::registration;
use crate::render::submitted;
use crate::resolve::resolve;
use crate::submit::Submission;

/// Withdraw authority: a delegation, credential, approval, task, or all that a principal holds
///
/// Irreversible. From then on nothing below it counts; what happened before stands.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ revoke 3fa94c0d11 --key alice.pem --cause risk-increased")]
pub(crate) struct Args {
    /// The statement that gave the authority: id, #INDEX, foreign id (VALUE or TYPE:VALUE), or the first 8 digits or more
    #[arg(value_name = "ID")]
    id: String,
    /// Secret key to sign with
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Why, in a word: task-completed, context-changed, risk-increased, exposed, …
    #[arg(long, value_name = "CAUSE")]
    cause: Option<Name>,
    /// What led to it, in your words
    #[arg(long, value_name = "TEXT")]
    note: Option<Line>,
    /// From when: a moment, or so long ago [default: now]
    #[arg(long, value_name = "TIME")]
    effective_at: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let effective_at = args.effective_at.as_deref().map(moment::parse).transpose()?;
    let key = context.secret_key(&args.key)?;
    let client = context.client()?;
    let trust = context.trust()?;
    let log = context.log(&client, trust.as_ref()).map_err(Failure::before_signing)?;
    let candidate = resolve(&client, &args.id)?;
    let statement = registration::fetch(&client, &candidate.id)?;
    let target = target_of(&statement)?;
    let signer = registration::signer(&client, &log, key)?;
    let mut submission = Submission::new(context, &client, trust.as_ref(), log, signer);
    let body = Revocation {
        target,
        revoker: None,
        effective_at,
        cause: args.cause.clone(),
        note: args.note.clone(),
    };
    let tenant = statement.payload.tenant.clone();
    let payload = submission.payload(tenant, Vantage::Authority, Body::Revocation(body))?;
    submission.sign(None, payload)?;
    let meaning = effective_at.map(|at| format!("withdrawn from {} on", moment::show(at)));
    submitted::finish_saying(context, &submission.send()?, meaning.as_deref())
}

fn target_of(statement: &Statement) -> Result<Target, Failure> {
    let bare = |kind| Target { kind, reference: None, key: None, task: None, principal: None };
    let by_id = |kind| Target { reference: Some(Reference::Id(statement.id())), ..bare(kind) };
    match &statement.payload.body {
        Body::Delegation(_) => Ok(by_id(TargetKind::Delegation)),
        Body::Approval(_) => Ok(by_id(TargetKind::Approval)),
        Body::Credential(credential) if credential.op != CredentialOp::Authenticate => {
            Ok(by_id(TargetKind::Credential))
        }
        Body::Task(_) => Ok(Target { task: statement.payload.task.clone(), ..bare(TargetKind::Task) }),
        Body::Principal(principal) => {
            Ok(Target { principal: Some(principal.id.clone()), ..bare(TargetKind::Principal) })
        }
        Body::Key(_) => Err(Failure::usage("not-revocable", "a key is withdrawn by a registrar")
            .next("writ keys retire, or writ keys compromise")),
        _ => {
            let what =
                format!("a {} statement gives no authority that could be withdrawn", statement.payload.kind);
            Err(Failure::usage("not-revocable", what)
                .next("writ who ID shows which delegation carried the authority"))
        }
    }
}
