//! What a reader holds beside the evidence, by which it may be refused: a limit of age, proof of a fork, the bytes of an attachment.

use data_encoding::HEXLOWER;
use schemas::fork::Fork;
use schemas::time::{Millis, Time};
use schemas::trust::TrustPolicy;
use serde::{Deserialize, Serialize};
use verifier::attachment::{self, SALT_BYTES};
use verifier::bundle::CheckedBundle;
use verifier::fork;

/// What a reader holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Beside {
    /// How old the head may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<Limit>,
    /// A fork proof, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fork: Option<String>,
    /// Bytes that are said to be an attachment of the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attachment: Option<Offered>,
}

/// How old a head may be at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limit {
    pub(crate) now: Time,
    pub(crate) max_age: Millis,
}

/// Bytes that are said to be an attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offered {
    pub(crate) name: String,
    /// In hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) salt: Option<String>,
    /// In hex.
    pub(crate) bytes: String,
}

impl Beside {
    /// By which error the evidence is refused.
    pub(crate) fn refusal(&self, checked: &CheckedBundle, trust: &TrustPolicy) -> Option<&'static str> {
        let CheckedBundle { subject, evidence, head } = checked;
        let limit = self.limit.map(|Limit { now, max_age }| head.fresh_at(now, max_age));
        let aged = limit.and_then(Result::err).map(|error| error.code());
        let decode = |hex: &String| HEXLOWER.decode(hex.as_bytes()).expect("hex");
        let proof = self.fork.as_ref().map(|proof| Fork::decode(&decode(proof)).expect("a fork proof"));
        let proved =
            proof.and_then(|proof| fork::check(&proof).ok()).filter(|proved| proved.is_pinned(trust));
        let forked = proved.and_then(|proved| proved.check_head(head).err()).map(|error| error.code());
        let other = self.attachment.as_ref().and_then(|Offered { name, salt, bytes }| {
            let payload = evidence.get(subject).and_then(|record| record.payload.as_ref());
            let mut attachments = payload.expect("a subject").attachments.iter();
            let attachment = attachments.find(|one| one.name.as_str() == name).expect("an attachment");
            let salt = salt.as_ref().map(|salt| <[u8; SALT_BYTES]>::try_from(decode(salt)).expect("a salt"));
            attachment::check(attachment, salt.as_ref(), &decode(bytes)).err().map(|error| error.code())
        });
        aged.or(forked).or(other)
    }
}
