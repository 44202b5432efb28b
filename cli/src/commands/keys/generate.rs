use std::path::PathBuf;

use keyfile::{SecretKey, public_path};
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::printable;
use crate::schema;

/// Make a key: FILE (mode 600) and FILE.pub
///
/// Never overwrites. The secret half stays in FILE, under a passphrase if wanted; FILE.pub is what a registrar needs.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  writ keys generate --out alice.pem
  writ keys generate --out registrar.pem --encrypt")]
pub(crate) struct Args {
    /// Where the secret key goes
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Encrypt the secret key with a passphrase, asked for twice; --passphrase-file does so without asking
    #[arg(long)]
    encrypt: bool,
}

/// `writ keys generate --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    secret: String,
    public: String,
    kid: String,
    encrypted: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let encrypted = args.encrypt || context.passphrases().has_file();
    let passphrase = encrypted.then(|| context.passphrases().choose(&args.out)).transpose()?;
    let key = SecretKey::generate()?;
    key.write_new(&args.out, passphrase.as_ref())?;
    let (secret, public) = (args.out.display().to_string(), public_path(&args.out).display().to_string());
    let kid = key.kid().to_hex();
    if context.output.json {
        context.output.document(&Document { schema: schema::KEY, secret, public, kid, encrypted })?;
        return Ok(Exit::Ok);
    }
    let (secret, public) = (printable(&secret), printable(&public));
    context.output.text(&format!(
        "secret {secret}\npublic {public}\nkid    {kid}\n\
         Next: writ keys register --registrar REGISTRAR.pem --key {public} --principal URI --role ROLE\n"
    ))?;
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn the_document_is_described_by_its_schema() {
        let (secret, public, kid) = ("a.pem".into(), "a.pem.pub".into(), "ab".repeat(32));
        assert_described(&Document { schema: schema::KEY, secret, public, kid, encrypted: true });
    }
}
