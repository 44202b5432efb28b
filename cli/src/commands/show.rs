use gateway::client::Client;
use schemas::entry::Entry;
use schemas::envelope::Statement;
use schemas::ids::{KeyId, LogId, StatementId};
use schemas::note::Note;
use schemas::payload::Payload;
use schemas::proof::InclusionProof;
use serde::Serialize;
use verifier::merkle::leaf_hash;
use verifier::signature::CheckedKey;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Mark;
use crate::registration::{self, decode};
use crate::render::{short, statement};
use crate::resolve::resolve;
use crate::schema;
use crate::trust::Trust;

/// Show one statement, and check its signature and its place
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ show 3fa94c0d11")]
pub(crate) struct Args {
    /// Statement id, foreign id, or the first 8 digits or more
    #[arg(value_name = "ID")]
    id: String,
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
    /// `valid` or `unchecked`; an invalid one ends in an error.
    signature: &'static str,
    /// `proved` under the pinned key, or `unchecked`.
    inclusion: &'static str,
    payload: &'a Payload,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let trust = context.trust()?;
    let log = context.log(&client, trust.as_ref())?;
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
    let is_proved = match &trust {
        Some(trust) => check_place(context, &client, trust, entry, index)?,
        None => false,
    };
    let time = Entry::decode(entry).map(|entry| entry.time.0).unwrap_or_default();
    if context.output.json {
        context.output.document(&Document {
            schema: schema::SHOW,
            id: statement.id(),
            index,
            time,
            kid: statement.envelope.kid,
            iss: statement.envelope.iss.as_str(),
            sub: &statement.envelope.sub,
            signature: if is_signed { "valid" } else { "unchecked" },
            inclusion: if is_proved { "proved" } else { "unchecked" },
            payload: &statement.payload,
        })?;
        return Ok(Exit::Ok);
    }
    let mark =
        |holds: bool, word: &str| if holds { Mark::Good.word(word) } else { Mark::Skipped.word("UNCHECKED") };
    let mut text = statement::full(&statement, index, time);
    text.push_str(&format!("  signature  {}\n", mark(is_signed, "VALID")));
    text.push_str(&format!("  in the log {}\n", mark(is_proved, "PROVED")));
    text.push_str(&format!("Next: writ who {}\n", short(&statement.id())));
    context.output.text(&text)?;
    if trust.is_none() {
        context.output.warn("not-pinned", "no trust file: the statement may not be in any log");
    }
    Ok(Exit::Ok)
}

/// Checks the signature by the key that the statement names. Whose key that is, `writ who` judges.
fn check_signature(client: &Client, log: &LogId, statement: &Statement) -> Result<bool, Failure> {
    let Some(public) = registration::public_of(client, log, &statement.envelope.kid)? else {
        return Ok(false);
    };
    let checked = CheckedKey::new(public).and_then(|key| key.verify_envelope(&statement.envelope));
    checked.map(|()| true).map_err(|e| Failure::new(e.code(), e.to_string()).exit(Exit::Tampered))
}

fn check_place(
    context: &Context,
    client: &Client,
    trust: &Trust,
    entry: &[u8],
    index: u64,
) -> Result<bool, Failure> {
    let answer = client.inclusion(index)?;
    let note = Note::parse(answer.head.as_bytes())
        .map_err(|e| Failure::new(e.code(), e.to_string()).exit(Exit::Tampered))?;
    let head = trust.verify_head(&note)?;
    let proof = InclusionProof { index, size: answer.size, path: answer.path };
    head.verify_inclusion(&proof, leaf_hash(entry)).map_err(|e| {
        Failure::new(e.code(), format!("entry #{index} is not under the signed head: {e}"))
            .exit(Exit::Tampered)
    })?;
    context.heads()?.advance(trust, client, &note, &head)?;
    Ok(true)
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
            payload: &statement.payload,
        });
    }
}
