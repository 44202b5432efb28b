//! `writd keys list`.

use std::fmt::Write as _;

use schemas::ids::KeyId;
use schemas::kinds::Use;
use verifier::registry::{LogKeyError, RegisteredKey};

use super::documents::{ListDocument, Row, State};
use super::stopped::Stopped;
use super::{Answer, Failure};
use crate::keyring;

/// The log's own keys.
pub(super) fn list(log: &Stopped) -> Result<Answer, Failure> {
    let registry = &log.loaded.registry;
    let mut keys = Vec::new();
    for usage in Use::ALL {
        let mut of_use: Vec<_> = registry.keys().filter(|(_, key)| key.usage == Some(*usage)).collect();
        of_use.sort_by_key(|(_, key)| key.registered());
        for (kid, key) in of_use {
            keys.push(row(log, *usage, kid, key)?);
        }
    }
    let document = ListDocument {
        schema: "writ.log-keys/1",
        origin: log.loaded.origin.to_string(),
        log: log.loaded.log.to_hex(),
        size: log.size(),
        keys,
    };
    Ok(Answer::new(text(&document.keys), &document))
}

fn row(log: &Stopped, usage: Use, kid: &KeyId, key: &RegisteredKey) -> Result<Row, Failure> {
    let (registry, size) = (&log.loaded.registry, log.size());
    let newest = registry.log_keys(usage, size).last().map(|key| KeyId::of(key.key.public()));
    let (state, why) = match registry.check_log_key(key.key.public(), usage, size) {
        Ok(_) if newest == Some(*kid) => (State::Newest, None),
        Ok(_) => (State::InForce, None),
        Err(error @ LogKeyError::Compromised { .. }) => (State::Compromised, Some(error.to_string())),
        Err(error) => (State::Withdrawn, Some(error.to_string())),
    };
    let path = keyring::path(&log.folder, registry, usage, kid);
    let vkey = (usage == Use::Checkpoint).then(|| log.vkey(*key.key.public())).transpose()?;
    Ok(Row {
        usage,
        kid: *kid,
        entry: key.registered().0,
        state,
        why,
        there: path.exists(),
        file: path.display().to_string(),
        vkey: vkey.map(|vkey| vkey.to_string()),
    })
}

fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    for Row { usage, kid, entry, state, why, file, there, vkey } in rows {
        let state = match (state, why) {
            (State::Newest, _) => "in force, the newest",
            (State::InForce, _) => "in force until it is retired",
            (_, why) => why.as_deref().unwrap_or_default(),
        };
        let there = if *there { "" } else { " (not there)" };
        let _ = writeln!(text, "{usage:<10} {kid}  entry {entry}  {state}");
        let _ = writeln!(text, "           {file}{there}");
        if let Some(vkey) = vkey {
            let _ = writeln!(text, "           {vkey}");
        }
    }
    text
}
