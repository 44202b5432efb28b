//! What a receipt or an omission proves.

use schemas::ids::PublicKey;
use schemas::receipt::{Receipt, Transparent};
use verifier::merkle::{leaf_hash, root_of_path};
use verifier::receipt::verify_receipt;
use verifier::signature::CheckedKey;

use super::{Question, hex, log, trust};

pub(super) fn said(question: &Question, reader: &str, bytes: &[u8]) -> Result<String, &'static str> {
    match reader {
        "omission" => {
            let checked = verifier::omission::check(bytes, &trust(question));
            checked.map(|checked| checked.fault.as_str().into()).map_err(|refusal| refusal.code())
        }
        "receipt" => receipt(question, bytes, &hex(question.statement.as_ref().expect("a statement"))),
        "transparent" => {
            let Transparent { statement, receipt: carried } =
                Transparent::decode(bytes).map_err(|error| error.code())?;
            receipt(question, &carried, &statement)
        }
        other => panic!("{other} proves nothing by itself"),
    }
}

fn receipt(question: &Question, bytes: &[u8], statement: &[u8]) -> Result<String, &'static str> {
    let receipt = Receipt::decode(bytes).map_err(|error| error.code())?;
    if let Some(public) = &question.public {
        return under_key(&receipt, statement, &hex(public));
    }
    let (head, evidence) = log(question, &trust(question))?;
    let proved =
        verify_receipt(&receipt, statement, evidence.registry()).map_err(|refusal| refusal.code())?;
    let confirmed = proved.confirm_size(&head).map_err(|refusal| refusal.code())?;
    Ok(format!("{} {}", proved.root(), if confirmed { "under the head" } else { "under another head" }))
}

/// The root that a key signed, whosever it is.
fn under_key(receipt: &Receipt, statement: &[u8], public: &[u8]) -> Result<String, &'static str> {
    let leaf = leaf_hash(&receipt.entry(statement).encode());
    let root = root_of_path(&receipt.inclusion, leaf).map_err(|error| error.code())?;
    let key = CheckedKey::new(PublicKey::from_slice(public).ok_or("key-length")?);
    let verified = key.and_then(|key| key.verify(&receipt.to_be_signed(&root), &receipt.signature));
    verified.map(|()| root.to_string()).map_err(|error| error.code())
}
