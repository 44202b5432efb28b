//! From what is pinned to the log's receipt key: trust files name neither, they name the genesis.

use gateway::client::{Client, Query};
use schemas::envelope::Statement;
use schemas::ids::KeyId;
use schemas::kinds::Use;
use schemas::limits::STATEMENT_BYTES_MAX;
use verifier::bundle::{check, check_unpinned};
use verifier::registry::Registry;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::registration::decode;
use crate::trust::Trust;

/// The log's keys, and whether anything pinned leads to them.
#[derive(Debug)]
pub(crate) struct LogKeys {
    pub(crate) registry: Registry,
    /// Why nothing pinned leads to them, if so.
    pub(crate) unpinned: Option<String>,
}

/// Takes the log's keys from its genesis statement, or from any bundle of the log, which has `key` entries too.
pub(crate) fn open(bytes: &[u8], trust: Option<&Trust>) -> Result<LogKeys, Failure> {
    let refused = |code: &str, what: String| Failure::new(code, what).exit(Exit::Tampered);
    // COSE's tag begins a statement; a bundle is an array.
    if bytes.first() != Some(&0xd2) {
        return open_bundle(bytes, trust).map_err(|(code, what)| refused(code, format!("--log-key: {what}")));
    }
    if bytes.len() > STATEMENT_BYTES_MAX {
        return Err(refused("statement-too-large", "--log-key: longer than any statement".into()));
    }
    let statement = Statement::decode(bytes).map_err(|e| refused(e.code(), format!("--log-key: {e}")))?;
    let registry = Registry::from_genesis(&statement)
        .map_err(|e| refused("genesis-invalid", format!("--log-key: {e}")))?;
    let pinned = trust.map(|trust| (trust, trust.policy().genesis()));
    let unpinned = match pinned {
        None => Some("no trust file: nobody says whose log it is".into()),
        Some((trust, None)) => Some(format!("{} has no line `genesis`", trust.path().display())),
        Some((_, Some(pinned))) if pinned == registry.log() => None,
        Some((trust, Some(pinned))) => Some(format!(
            "{} pins genesis {pinned}, the key is of the log with genesis {}",
            trust.path().display(),
            registry.log()
        )),
    };
    Ok(LogKeys { registry, unpinned })
}

fn open_bundle(bytes: &[u8], trust: Option<&Trust>) -> Result<LogKeys, (&'static str, String)> {
    let told = |e: &verifier::bundle::BundleRefusal| (e.code(), e.to_string());
    let (checked, unpinned) = match trust.map(|trust| check(bytes, trust.policy())) {
        Some(Ok(checked)) => (checked, None),
        Some(Err(refusal)) if refusal.is_about_trust() => {
            (check_unpinned(bytes).map_err(|e| told(&e))?, Some(refusal.to_string()))
        }
        Some(Err(refusal)) => return Err(told(&refusal)),
        None => {
            let none = "no trust file: nobody says whose log it is".into();
            (check_unpinned(bytes).map_err(|e| told(&e))?, Some(none))
        }
    };
    Ok(LogKeys { registry: checked.evidence.registry().clone(), unpinned })
}

/// Fetches what [`open`] needs for a receipt by this key: the genesis, or where a later entry registered the key, its bundle.
pub(crate) fn fetch(client: &Client, kid: &KeyId) -> Result<Vec<u8>, Failure> {
    let first = client.entries(0, 1)?.into_iter().next().unwrap_or_default();
    let genesis = decode(&first)?.1;
    let registry = Registry::from_genesis(&genesis)
        .map_err(|e| Failure::new("genesis-invalid", e.to_string()).exit(Exit::Tampered))?;
    if registry.key(kid).is_some_and(|key| key.usage == Some(Use::Receipt)) {
        return Ok(genesis.envelope.bytes().to_vec());
    }
    let query = Query::default().with("kind", "key").with("key", kid.to_hex());
    let found = client.search(&query)?.results.into_iter().next();
    let missing = || {
        Failure::new("receipt-key-unknown", format!("the log has no entry that registers receipt key {kid}"))
            .exit(Exit::Tampered)
    };
    Ok(client.bundle(&found.ok_or_else(missing)?.id, false)?)
}
