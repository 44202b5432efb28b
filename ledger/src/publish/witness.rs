//! Asking one witness (C2SP tlog-witness): what is sent, and what its answers mean.

use schemas::checkpoint::Checkpoint;
use schemas::note::{Note, NoteSignature, VerifierKey};
use schemas::tree::TreeHash;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use verifier::checkpoint::TIME_AHEAD_MAX;
use verifier::note::verify_note;

use super::moment;
use super::transport::{Reply, Transport};

/// Most bytes of an answer that are repeated in a message.
const QUOTE_BYTES_MAX: usize = 200;

/// A witness that is asked for cosignatures.
#[derive(Clone, Debug)]
pub(crate) struct WitnessClient {
    /// What the trust file calls it.
    pub(crate) name: String,
    /// Its key.
    pub(crate) key: VerifierKey,
    transport: Transport,
}

/// What a witness says to a checkpoint.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It cosigned: its signature line.
    Cosigned(NoteSignature),
    /// The latest checkpoint that it cosigned has another size than it was told.
    Holds(u64),
}

/// Why there is no cosignature.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum WitnessFailure {
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    #[error("it does not know the log (404)")]
    UnknownLog,
    #[error("it trusts none of the keys that signed the checkpoint (403)")]
    NotTrusted,
    #[error(
        "it has cosigned size {size} with another root than this log has there, or refuses the proof ({status})"
    )]
    OtherTree { size: u64, status: u16 },
    #[error("it has cosigned size {holds}, this log has {size}")]
    Ahead { holds: u64, size: u64 },
    #[error(
        "it holds {holds}, and another size each time it is asked: somebody else asks it for this log, too"
    )]
    Moving { holds: u64 },
    #[error("it answers {status}: {detail}")]
    Status { status: u16, detail: String },
    #[error("its answer carries no good cosignature by its key: {0}")]
    Signature(String),
    #[error("its cosignature is of {time}, which is still to come: its clock, or this one, is wrong")]
    Clock { time: schemas::time::Time },
    #[error("the proof from size {size}, which it holds, cannot be made: {detail}")]
    Proof { size: u64, detail: String },
    #[error(
        "it holds size {holds}, later than any note that was kept, and does not show its checkpoint to compare"
    )]
    Incomparable { holds: u64 },
}

impl WitnessFailure {
    /// Stable name, for metrics.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::UnknownLog => "unknown-log",
            Self::NotTrusted => "not-trusted",
            Self::OtherTree { .. } => "other-tree",
            Self::Ahead { .. } => "ahead",
            Self::Moving { .. } => "moving",
            Self::Status { .. } => "status",
            Self::Signature(_) => "bad-signature",
            Self::Clock { .. } => "clock",
            Self::Proof { .. } => "proof",
            Self::Incomparable { .. } => "incomparable",
        }
    }

    /// What the operator does next.
    pub(crate) fn next(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "see that it runs and that its address in the --witnesses file is right",
            Self::UnknownLog => {
                "have its operator add this log: hand over the trust file that writd init made"
            }
            Self::NotTrusted => "have its operator give it this log's key: GET /v1/log has it as vkey",
            Self::OtherTree { .. } | Self::Ahead { .. } => {
                "keep both as evidence: the log's key has signed two histories, or this is an older copy of the log"
            }
            Self::Moving { .. } => "look for another writd that serves this log",
            Self::Status { .. } => "ask its operator; it is asked again",
            Self::Signature(_) => "compare its key in the --witnesses file with the one that it signs with",
            Self::Clock { .. } => "set both clocks right",
            Self::Proof { .. } => "writd fsck --data DIR",
            Self::Incomparable { .. } => {
                "ask its operator for the checkpoint it holds, and compare its root with this log's"
            }
        }
    }
}

impl WitnessClient {
    /// A witness with its address; nothing where the address is none.
    pub(crate) fn new(name: &str, key: VerifierKey, url: &str) -> Option<Self> {
        Some(Self { name: name.to_owned(), key, transport: Transport::new(url)? })
    }

    /// Hands over a checkpoint that goes on from size `old`. What is answered as cosigned is a good signature by this
    /// witness's key over this very note.
    pub(crate) fn add_checkpoint(
        &self,
        old: u64,
        proof: &[TreeHash],
        note: &Note,
    ) -> Result<Answer, WitnessFailure> {
        let lines: String = proof.iter().map(|hash| hash.to_base64() + "\n").collect();
        let reply = self.transport.post("add-checkpoint", &format!("old {old}\n{lines}\n{note}"));
        let Reply { status, body } = reply.map_err(WitnessFailure::Unreachable)?;
        match status {
            200 => self.cosignature(note, &body).map(Answer::Cosigned),
            404 => Err(WitnessFailure::UnknownLog),
            403 => Err(WitnessFailure::NotTrusted),
            422 => Err(WitnessFailure::OtherTree { size: old, status }),
            409 => match size(&body) {
                // The size is the one it was told: then the roots differ.
                Some(holds) if holds == old => Err(WitnessFailure::OtherTree { size: old, status }),
                Some(holds) => Ok(Answer::Holds(holds)),
                None => Err(WitnessFailure::Status { status, detail: quote(&body) }),
            },
            _ => Err(WitnessFailure::Status { status, detail: quote(&body) }),
        }
    }

    /// The checkpoint that the witness holds, where it offers it to monitors under the same address, signed by any of the log's keys.
    pub(crate) fn latest(&self, origin: &str, log: &[VerifierKey]) -> Option<Checkpoint> {
        let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(origin));
        let reply = self.transport.get(&format!("{hash}/checkpoint")).ok()?;
        let note = (reply.status == 200).then(|| Note::parse(&reply.body).ok())??;
        let times: Vec<VerifierKey> = log.iter().map(VerifierKey::for_times).collect();
        verify_note(&note, log.iter().chain(&times)).ok()?;
        Checkpoint::from_note(&note).ok().filter(|checkpoint| checkpoint.origin.as_str() == origin)
    }

    /// The line of this witness's key in an answer, once it was checked.
    fn cosignature(&self, note: &Note, answer: &[u8]) -> Result<NoteSignature, WitnessFailure> {
        let bad = |detail: &dyn ToString| WitnessFailure::Signature(detail.to_string());
        let text = std::str::from_utf8(answer).map_err(|error| bad(&error))?;
        let text = text.strip_suffix('\n').ok_or_else(|| bad(&"its last line does not end"))?;
        let lines: Option<Vec<_>> = text.split('\n').map(NoteSignature::parse).collect();
        let lines = lines.ok_or_else(|| bad(&"a line is no signature line"))?;
        let line =
            lines.into_iter().find(|line| line.name == *self.key.name() && line.key_id == self.key.id());
        let line =
            line.ok_or_else(|| bad(&format!("no line is by {} ({})", self.key.name(), self.key.id())))?;
        let cosigned = Note::new(note.text().to_owned(), vec![line.clone()]).map_err(|error| bad(&error))?;
        verify_note(&cosigned, [&self.key]).map_err(|error| bad(&error))?;
        Ok(line)
    }

    /// Refuses a cosignature that says a time well after the one that it was asked at, in seconds: whoever enforces a
    /// maximum age would refuse the whole checkpoint for it.
    pub(crate) fn check_time(
        &self,
        line: &NoteSignature,
        text: &str,
        asked: u64,
    ) -> Result<(), WitnessFailure> {
        let time = self.key.signed_bytes(text, &line.signature).and_then(|signed| signed.time);
        let time = moment(time.unwrap_or(u64::MAX));
        if time > moment(asked).later(TIME_AHEAD_MAX) { Err(WitnessFailure::Clock { time }) } else { Ok(()) }
    }
}

/// The size in a body `<size>\n`.
fn size(body: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(body).ok()?.strip_suffix('\n')?;
    let plain =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    digits.parse().ok().filter(|_| plain)
}

/// The beginning of an answer, fit for a message.
fn quote(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..QUOTE_BYTES_MAX).unwrap_or(body));
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witnesss_size_is_a_plain_decimal_and_a_newline() {
        assert_eq!(size(b"0\n"), Some(0));
        assert_eq!(size(b"20852014\n"), Some(20_852_014));
        for body in
            [&b""[..], b"\n", b"7", b"07\n", b"+7\n", b" 7\n", b"7\n\n", b"7 \n", b"99999999999999999999\n"]
        {
            assert_eq!(size(body), None, "{}", body.escape_ascii());
        }
    }
}
