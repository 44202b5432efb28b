//! `writd keys rotate`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use clap::Args;
use keyfile::{SecretKey, write_new};
use schemas::ids::{KeyId, Signature};
use schemas::kinds::{Key, KeyOp, Use, pop_bytes};
use schemas::note::VerifierKey;
use schemas::trust::TrustPolicy;
use verifier::registry::{Registry, log_principal};

use super::documents::RotatedDocument;
use super::stopped::Stopped;
use super::{Answer, Failure, Place};
use crate::exit::Exit;

/// `writd keys rotate`.
#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    pub(super) place: Place,
    /// What the key signs: checkpoint, statement or receipt.
    #[arg(long, value_name = "USE", value_parser = super::parse_use)]
    r#use: Use,
    /// Encrypt the new key file with a passphrase, which is asked for twice; --passphrase-file does so without asking.
    #[arg(long)]
    encrypt: bool,
}

/// Makes a key and names it in an entry.
pub(super) fn rotate(args: &Rotate) -> Result<Answer, Failure> {
    let (log, usage) = (Stopped::open(&args.place)?, args.r#use);
    let keys = log.keys()?;
    let old = match usage {
        Use::Checkpoint => keys.checkpoint.kid(),
        Use::Statement => keys.statement.kid(),
        Use::Receipt => keys.receipt.kid(),
    };
    let wrong = |error: &dyn std::fmt::Display| Failure::new(Exit::Error, error, "");
    let new = SecretKey::generate().map_err(|error| wrong(&error))?;
    let path = log.folder.later_key(usage, &new.kid());
    let encrypt = args.encrypt || log.passphrases.has_file();
    let passphrase = encrypt.then(|| log.passphrases.choose(&path)).transpose();
    let passphrase = passphrase.map_err(|error| wrong(&error))?;
    let body = rotation(&log.loaded.registry, usage, old, &new).map_err(|error| wrong(&error))?;
    // The file first: a key that no entry names does no harm, one that is named and lost does.
    new.write_new(&path, passphrase.as_ref()).map_err(|error| wrong(&error))?;
    let vkey = log.vkey(new.public())?;
    let (data, trust) = (log.data.clone(), log.folder.trust());
    if usage == Use::Checkpoint {
        pin(&trust, &vkey)?;
    }
    let index = log.append(keys, vec![body])?;
    let is_checkpoint = usage == Use::Checkpoint;
    let document = RotatedDocument {
        schema: "writ.log-key-rotated/1",
        usage,
        kid: new.kid(),
        replaces: old,
        entry: index.0,
        file: path.display().to_string(),
        vkey: is_checkpoint.then(|| vkey.to_string()),
        trust: is_checkpoint.then(|| trust.display().to_string()),
    };
    Ok(Answer::new(text(&document, &data), &document))
}

fn text(rotated: &RotatedDocument, data: &str) -> String {
    let RotatedDocument { usage, kid, entry, file, .. } = rotated;
    let mut text = format!(
        "the log has a new {usage} key, named by entry {entry}\n  key   {kid}\n  file  {file} (.pub)\n"
    );
    if let (Some(vkey), Some(trust)) = (&rotated.vkey, &rotated.trust) {
        let _ = writeln!(text, "  vkey  {vkey}\n  trust {trust} has it now, too");
        text.push_str("from the next start on heads are signed by the old key and the new one\n");
        text.push_str("next:\n");
        let _ = writeln!(text, "  writd serve --data {data}");
        text.push_str("  writ trust update                     wherever a trust file pins this log\n");
    } else {
        text.push_str(
            "from the next start on the log signs with it; what the old one signed stands\nnext:\n",
        );
        let _ = writeln!(text, "  writd serve --data {data}");
    }
    let _ = writeln!(text, "  writd keys retire --data {data} --use {usage}     when the old key is to go");
    text
}

/// The body that puts `new` in place of `old`.
fn rotation(
    registry: &Registry,
    usage: Use,
    old: KeyId,
    new: &SecretKey,
) -> Result<Key, schemas::text::TextError> {
    let principal = log_principal(registry.genesis())?;
    let kid = new.kid();
    let pop: Signature = new.sign(&pop_bytes(&registry.log(), &kid, &principal));
    Ok(Key {
        public: Some(new.public()),
        principal: Some(principal),
        usage: Some(usage),
        replaces: Some(old),
        pop: Some(pop),
        ..Key::bare(KeyOp::Rotate, kid)
    })
}

/// Adds a checkpoint key to the trust file in the log's folder: whoever is handed it from now on knows both keys.
fn pin(path: &Path, vkey: &VerifierKey) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        let what = format!("{}: {error}", path.display());
        Failure::new(Exit::Error, what, "put the trust file that writd init made back")
    };
    let text = fs::read(path).map_err(|error| failed(&error))?;
    let policy = TrustPolicy::parse(&text).map_err(|error| failed(&error))?;
    let policy = policy.with_log_key(vkey.clone()).map_err(|error| failed(&error))?;
    let new = path.with_extension("policy.new");
    // Left over from an earlier attempt.
    let _ = fs::remove_file(&new);
    write_new(&new, 0o644, policy.to_string().as_bytes()).map_err(|error| failed(&error))?;
    fs::rename(&new, path).map_err(|error| failed(&error))
}
