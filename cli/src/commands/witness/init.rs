use std::path::PathBuf;

use keyfile::SecretKey;
use schemas::note::KeyName;
use serde::Serialize;

use witness::folder::Folder;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;
use crate::schema;

/// Make a witness: a folder with its key (mode 600), its name, and no logs yet
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ witness init /var/lib/witness --name witness.example/w1")]
pub(crate) struct Args {
    /// Folder of the witness; empty, or made
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Name of the witness, a URL without its scheme: what its cosignatures carry
    #[arg(long, value_name = "NAME", value_parser = parse_name)]
    name: KeyName,
    /// Encrypt the secret key with a passphrase, asked for twice; --passphrase-file does so without asking
    #[arg(long)]
    encrypt: bool,
}

/// `writ witness init --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    folder: String,
    name: String,
    vkey: String,
    /// The line for trust files.
    trust_line: String,
    exit: u8,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let folder = Folder::new(&args.folder);
    let encrypted = args.encrypt || context.passphrases().has_file();
    let passphrase = encrypted.then(|| context.passphrases().choose(&folder.key())).transpose()?;
    let secret = SecretKey::generate()?;
    let _held = folder.make()?;
    secret.write_new(&folder.key(), passphrase.as_ref())?;
    let key = folder.name(args.name.clone(), secret.public())?;
    let document = Document {
        schema: schema::WITNESS,
        folder: folder.root().display().to_string(),
        name: key.name().to_string(),
        vkey: key.to_string(),
        trust_line: format!("witness {} {key}", key.name()),
        exit: 0,
    };
    if context.output.json {
        context.output.document(&document)?;
        return Ok(Exit::Ok);
    }
    let Document { folder, vkey, trust_line, .. } = &document;
    let folder = printable(folder);
    context.output.text(&format!(
        "made a witness in {folder}\nvkey {vkey}\n\n\
         In trust files, before the quorum line:\n  {trust_line}\n\
         Next: writ witness add {folder} VKEY        (the log's key: `vkey` in GET /v1/log, or its trust file)\n"
    ))?;
    Ok(Exit::Ok)
}

fn parse_name(text: &str) -> Result<KeyName, String> {
    KeyName::new(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn what_is_printed_is_described() {
        assert_described(&Document {
            schema: schema::WITNESS,
            folder: "w".into(),
            name: "w.example".into(),
            vkey: "w.example+00000000+AAAA".into(),
            trust_line: "witness w.example w.example+00000000+AAAA".into(),
            exit: 0,
        });
    }
}
