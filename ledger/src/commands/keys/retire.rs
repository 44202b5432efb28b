//! `writd keys retire`.

use clap::Args;
use schemas::ids::KeyId;
use schemas::kinds::{Key, KeyOp, Use};

use super::documents::RetiredDocument;
use super::stopped::Stopped;
use super::{Answer, Failure, Place};
use crate::exit::Exit;

/// `writd keys retire`.
#[derive(Debug, Args)]
pub struct Retire {
    #[command(flatten)]
    pub(super) place: Place,
    /// What the key signs: checkpoint, statement or receipt.
    #[arg(long, value_name = "USE", value_parser = super::parse_use)]
    r#use: Use,
    /// Thumbprint of the key. Default: every one in force but the newest.
    #[arg(long, value_name = "HEX", value_parser = super::parse_kid)]
    kid: Option<KeyId>,
    /// Do so; without it only what would happen is said.
    #[arg(long)]
    yes: bool,
}

/// Withdraws keys by an entry each.
pub(super) fn retire(args: &Retire) -> Result<Answer, Failure> {
    let (log, usage) = (Stopped::open(&args.place)?, args.r#use);
    let in_force = log.loaded.registry.log_keys(usage, log.size());
    let kids: Vec<KeyId> = in_force.iter().map(|key| KeyId::of(key.key.public())).collect();
    let (newest, earlier) = kids.split_last().ok_or_else(|| log.none_to_retire(usage))?;
    let chosen: Vec<KeyId> = match args.kid {
        Some(kid) => kids.iter().copied().filter(|known| *known == kid).collect(),
        None => earlier.to_vec(),
    };
    if chosen.is_empty() || chosen.contains(newest) {
        return Err(log.none_to_retire(usage));
    }
    let named: Vec<String> = chosen.iter().map(ToString::to_string).collect();
    if !args.yes {
        let what = format!(
            "retiring {} cannot be undone: heads, assertions and receipts that it alone signs are refused from the entry on \
             that says so, and trust files that pin no newer {usage} key no longer know this log. What it signed before stands. \
             Newest {usage} key: {newest}",
            named.join(", ")
        );
        return Err(Failure::new(
            Exit::Usage,
            what,
            "writ trust update wherever this log is pinned, then the same with --yes",
        )
        .code("not-confirmed"));
    }
    let keys = match log.keys_unless_lost(&chosen)? {
        Some(keys) => keys,
        None => log.newest_keys()?,
    };
    let body = |kid: &KeyId| Key::bare(KeyOp::Retire, *kid);
    let (data, bodies) = (log.data.clone(), chosen.iter().map(body).collect());
    let index = log.append(keys, bodies)?;
    let text = format!(
        "retired by entry {index}: {}\nwhat it signed before stands; its file may be destroyed\nnext:\n  writd serve --data {data}\n",
        named.join(", ")
    );
    let (schema, newest, entry) = ("writ.log-key-retired/1", *newest, index.0);
    Ok(Answer::new(text, &RetiredDocument { schema, usage, kids: chosen, newest, entry }))
}
