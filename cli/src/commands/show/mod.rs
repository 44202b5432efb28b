mod attachment;

use gateway::client::{AsOf, Client};
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{KeyId, LogId, StatementId};
use schemas::kinds::Key;
use schemas::payload::{Body, Payload};
use schemas::proof::InclusionProof;
use schemas::reference::Reference;
use schemas::time::Time;
use serde::Serialize;
use verifier::merkle::leaf_hash;
use verifier::signature::CheckedKey;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;
use crate::output::{Mark, printable};
use crate::recompute::{self, Checkpoint};
use crate::registration::{self, decode};
use crate::render::{short, statement};
use crate::resolve::resolve;
use crate::schema;
use crate::trust::Trust;

/// Show one statement, and check its signature and its place
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  writ show 3fa94c0d11\n  writ show '#12'\n  writ show 3fa94c0d11 --attachment input=request.json --salt request.salt"
)]
pub(crate) struct Args {
    /// Statement id, #INDEX, foreign id (VALUE or TYPE:VALUE), or the first 8 digits or more
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    offered: attachment::Offered,
}

/// `writ show --json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    id: StatementId,
    index: u64,
    time: u64,
    kid: KeyId,
    iss: &'a str,
    sub: &'a str,
    /// `valid`, or `unchecked` where the log knows no such key; an invalid one ends in an error.
    signature: &'static str,
    /// `proved` under the pinned key, or `unpinned`: under a head that anybody could have signed.
    inclusion: &'static str,
    /// The attachment whose very bytes were offered; others end in an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<String>,
    payload: &'a Payload,
    trust: TrustDocument,
    as_of: AsOf,
}

/// Whether the log's key was pinned.
#[derive(Serialize)]
pub(super) struct TrustDocument {
    pub(super) pinned: bool,
}

/// What was checked about a statement.
struct Checked {
    /// Whether the log knows the key; the signature holds then.
    is_signed: bool,
    is_pinned: bool,
    attachment: Option<String>,
    as_of: AsOf,
    exit: Exit,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (trust, exit) = context.trust_or_said();
    let client = context.client()?;
    let (log, trust, of_this_log) = context.log_or_said(&client, trust.as_ref())?;
    let candidate = resolve(&client, &args.id)?;
    let bytes = client.entries(candidate.index, candidate.index.saturating_add(1))?;
    let entry = bytes.first().map_or(&[][..], Vec::as_slice);
    let (index, statement) = decode(entry)?;
    if statement.id() != candidate.id || index != candidate.index {
        return Err(Failure::new("wrong-statement", "the server answers with another statement")
            .values(
                format!("{} at #{}", candidate.id, candidate.index),
                format!("{} at #{index}", statement.id()),
            )
            .exit(Exit::Tampered));
    }
    let is_signed = check_signature(&client, &log, &statement)?;
    let (as_of, is_pinned, believed) = check_place(context, &client, trust, entry, index)?;
    let attachment = args.offered.check(&statement.payload)?;
    let judged = if is_signed { Exit::Ok } else { Exit::Indeterminate };
    let exit = exit.worse(of_this_log).worse(believed).worse(judged);
    let time = Entry::decode(entry).map(|entry| entry.time.0).unwrap_or_default();
    answer(context, &statement, (index, time), Checked { is_signed, is_pinned, attachment, as_of, exit })
}

fn answer(
    context: &Context,
    statement: &Statement,
    (index, time): (u64, u64),
    checked: Checked,
) -> Result<Exit, Failure> {
    if context.output.json {
        context.output.document(&Document {
            schema: schema::SHOW,
            id: statement.id(),
            index,
            time,
            kid: statement.envelope.kid,
            iss: statement.envelope.iss.as_str(),
            sub: &statement.envelope.sub,
            signature: if checked.is_signed { "valid" } else { "unchecked" },
            inclusion: if checked.is_pinned { "proved" } else { "unpinned" },
            attachment: checked.attachment,
            payload: &statement.payload,
            trust: TrustDocument { pinned: checked.is_pinned },
            as_of: checked.as_of,
        })?;
        return Ok(checked.exit);
    }
    let signed = if checked.is_signed {
        Mark::Good.word("VALID")
    } else {
        Mark::Missing.word("UNCHECKED: no such key")
    };
    let placed = if checked.is_pinned { Mark::Good.word("PROVED") } else { Mark::Missing.word("NOT PINNED") };
    let AsOf { origin, size, root, time: until } = &checked.as_of;
    let root = &root.to_hex()[..12];
    let until = moment::show(Time(*until));
    let mut text = statement::full(statement, index, time);
    text.push_str(&format!("  signature  {signed}\n  in the log {placed}\n"));
    if let Some(name) = &checked.attachment {
        let matches = Mark::Good.word("THE VERY BYTES");
        text.push_str(&format!("  attachment {matches} of {}\n", printable(name)));
    }
    text.push_str(&format!("  as of      size {size} of {} root {root}… {until}\n", printable(origin)));
    text.push_str(&format!("Next: {}\n", printable(&next(statement))));
    context.output.text(&text)?;
    Ok(checked.exit)
}

/// What to ask after having seen this statement.
fn next(statement: &Statement) -> String {
    let id = short(&statement.id());
    match &statement.payload.body {
        Body::Action(_) | Body::Decision(_) | Body::Delegation(_) | Body::Credential(_) => {
            format!("writ who {id}")
        }
        Body::Revocation(revocation) => match &revocation.target.reference {
            Some(Reference::Id(target)) => format!("writ show {}", short(target)),
            _ => format!("writ search --principal {}", statement.envelope.iss),
        },
        Body::Key(Key { principal: Some(principal), .. }) => format!("writ search --principal {principal}"),
        _ => format!("writ search --principal {}", statement.envelope.iss),
    }
}

/// Checks the signature by the key that the statement names. Whose key that is, `writ who` judges.
fn check_signature(client: &Client, log: &LogId, statement: &Statement) -> Result<bool, Failure> {
    let Some(public) = registration::public_of(client, log, &statement.envelope.kid)? else {
        return Ok(false);
    };
    let checked = CheckedKey::new(public).and_then(|key| key.verify_envelope(&statement.envelope));
    checked.map(|()| true).map_err(|e| Failure::new(e.code(), e.to_string()).exit(Exit::Tampered))
}

/// Checks the entry's place under the log's signed head: what that is as of, whether its key is pinned, and the exit.
fn check_place(
    context: &Context,
    client: &Client,
    trust: Option<&Trust>,
    entry: &[u8],
    index: u64,
) -> Result<(AsOf, bool, Exit), Failure> {
    let Checkpoint { note, head, trust, exit } = recompute::checkpoint(context, client, trust)?;
    let (size, root) = (head.size(), head.root());
    let path = client.inclusion(index, size)?.path;
    head.verify_inclusion(&InclusionProof { index, size, path }, leaf_hash(entry)).map_err(|e| {
        Failure::new(e.code(), format!("entry #{index} is not under the signed head: {e}"))
            .exit(Exit::Tampered)
    })?;
    if let Some(trust) = trust {
        context.heads()?.advance(trust, client, &note, &head)?;
    }
    let last = client.entries(size.saturating_sub(1), size)?;
    let last = Entry::decode(last.first().map_or(&[][..], Vec::as_slice));
    let time = last.map_err(|e| Failure::new(e.code(), format!("the server's last entry: {e}")))?.time.0;
    let as_of = AsOf { origin: head.origin().to_string(), size, root, time };
    Ok((as_of, trust.is_some(), exit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn the_document_is_described_by_its_schema() {
        let statement = crate::testlog::TestLog::new().note_by_registrar(1, "x");
        assert_described(&Document {
            schema: schema::SHOW,
            id: statement.id(),
            index: 1,
            time: 2,
            kid: statement.envelope.kid,
            iss: statement.envelope.iss.as_str(),
            sub: &statement.envelope.sub,
            signature: "valid",
            inclusion: "proved",
            attachment: Some("input".into()),
            payload: &statement.payload,
            trust: TrustDocument { pinned: true },
            as_of: AsOf { origin: "o".into(), size: 3, root: schemas::tree::TreeHash::new([1; 32]), time: 2 },
        });
    }

    #[test]
    fn who_is_suggested_only_for_what_can_be_judged() {
        let statement = crate::testlog::TestLog::new().note_by_registrar(1, "x");
        assert_eq!(next(&statement), format!("writ search --principal {}", statement.envelope.iss));
    }
}
