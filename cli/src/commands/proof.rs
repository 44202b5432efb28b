use schemas::ids::StatementId;
use schemas::proof::{InclusionProof, TlogProof};
use serde::Serialize;
use verifier::merkle::leaf_hash;

use crate::context::Context;
use crate::evidence_file::EvidenceFile;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;
use crate::recompute::{self, Checkpoint};
use crate::registration::decode;
use crate::resolve::resolve;
use crate::schema;

/// Write a proof that a statement is in the log, for anybody to check offline
///
/// The file is a C2SP tlog-proof: the entry's place, the hashes that lead from it to the log's signed checkpoint, and that
/// checkpoint. The entry itself goes along as its extra data. Whether the statement may be relied on is for a bundle to show.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ proof 3fa94c0d11 -o statement.tlog-proof")]
pub(crate) struct Args {
    #[command(flatten)]
    file: EvidenceFile,
}

/// `writ proof --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    subject: StatementId,
    index: u64,
    size: u64,
    file: String,
    bytes: usize,
    exit: u8,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (trust, exit) = context.trust_or_said();
    let client = context.client()?;
    let candidate = resolve(&client, &args.file.id)?;
    let index = candidate.index;
    let entry = client.entries(index, index.saturating_add(1))?.into_iter().next().unwrap_or_default();
    let found = decode(&entry)?.1.id();
    if found != candidate.id {
        return Err(Failure::new("wrong-statement", "the server answers with another statement")
            .values(candidate.id, found)
            .exit(Exit::Tampered));
    }
    let Checkpoint { note, head, trust, exit: believed } =
        recompute::checkpoint(context, &client, trust.as_ref())?;
    let size = head.size();
    let inclusion = InclusionProof { index, size, path: client.inclusion(index, size)?.path };
    head.verify_inclusion(&inclusion, leaf_hash(&entry)).map_err(|e| {
        Failure::new(e.code(), format!("entry #{index} is not under the signed head: {e}"))
            .exit(Exit::Tampered)
    })?;
    if let Some(trust) = trust {
        context.heads()?.advance(trust, &client, &note, &head)?;
    }
    let proof = TlogProof { extra: Some(entry), inclusion, checkpoint: note }.to_string();
    let exit = exit.worse(believed);
    let Some(file) = args.file.write(context, proof.as_bytes(), "proof-unwritable")? else { return Ok(exit) };
    let (bytes, subject) = (proof.len(), candidate.id);
    if context.output.json {
        let (schema, exit_code) = (schema::PROOF, exit.code());
        context.output.document(&Document { schema, subject, index, size, file, bytes, exit: exit_code })?;
        return Ok(exit);
    }
    let file = printable(&file);
    context.output.text(&format!(
        "wrote {file}  {bytes} bytes  entry #{index} under size {size}, with the entry; trust not included\n\
         Next: writ verify proof {file} --trust FILE        (no network, no server)\n"
    ))?;
    Ok(exit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn the_document_is_described_by_its_schema() {
        let (schema, subject, file) = (schema::PROOF, StatementId::new([1; 32]), "a.tlog-proof".into());
        assert_described(&Document { schema, subject, index: 1, size: 2, file, bytes: 3, exit: 0 });
    }
}
