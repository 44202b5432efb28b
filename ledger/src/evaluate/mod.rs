//! Before the act: whether a request would be authorized as of now, and the decision that says so.
//!
//! The request is put into words as a permit, and that permit is judged by the one judge as if it stood in the log next. Where
//! the judge finds it authorized the permit is what is logged; otherwise a denial of the same request is. Nothing is decided
//! here: who reads the log later judges the same chain with the same rules.

mod supposed;

use keyfile::SecretKey;
use schemas::envelope::{Statement, StatementError, Unsigned};
use schemas::ids::KeyId;
use schemas::kinds::{Decision, Ruling};
use schemas::limits::PRINCIPAL_BYTES_MAX;
use schemas::payload::{Body, Payload, PayloadError};
use schemas::text::{Line, PrincipalId};
use schemas::time::Time;
use thiserror::Error;
use verifier::evidence::EvidenceError;
use verifier::gather::GatherError;
use verifier::judge::{JudgeError, judge};
use verifier::profile::Profile;
use verifier::verdict::{Finding, Outcome, Verdict};

use crate::read::{ReadError, Reader};
use supposed::evidence_with;

/// The decision point that this program speaks as.
#[derive(Debug)]
pub struct DecisionPoint {
    key: SecretKey,
    kid: KeyId,
    profile: Profile,
}

/// What was decided, ready to be appended.
#[derive(Debug)]
pub struct Decided {
    /// The decision.
    pub statement: Statement,
    /// What it rests on: the verdict on the permit that was asked for.
    pub verdict: Verdict,
}

/// Why nothing was decided.
#[derive(Debug, Error)]
pub enum EvaluateError {
    /// Nobody registered the decision point's key.
    #[error("the key {kid} of this decision point is registered to nobody")]
    NotRegistered {
        /// The key.
        kid: KeyId,
    },
    /// What is asked has no form as a decision.
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// What was put together is no statement; mostly it is too large.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// More is involved than is judged.
    #[error(transparent)]
    Gather(#[from] GatherError<ReadError>),
    /// Reading failed. The log is latched now.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What the log holds does not hold together.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The decision cannot be judged.
    #[error(transparent)]
    Judge(#[from] JudgeError),
}

impl DecisionPoint {
    /// Speaks by a key, and judges under a profile.
    pub fn new(key: SecretKey, profile: Profile) -> Self {
        let kid = key.kid();
        Self { key, kid, profile }
    }

    /// The profile that it judges under.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Decides on a request, given as the permit of it that would be logged, as of the reader's head and this time.
    pub fn decide(&self, reader: &Reader<'_>, asked: Payload, now: Time) -> Result<Decided, EvaluateError> {
        let registered = reader.log().registry().key(&self.kid).map(|key| key.principal.clone());
        let principal = registered.ok_or(EvaluateError::NotRegistered { kid: self.kid })?;
        let permit = self.sign(&asked, &principal)?;
        let evidence = evidence_with(reader, &permit, self.profile.wants(), now)?;
        let verdict = judge(&permit.id(), &evidence, &self.profile)?;
        let ruling = match verdict.outcome {
            Outcome::Authorized if verdict.complete => return Ok(Decided { statement: permit, verdict }),
            Outcome::Authorized | Outcome::Indeterminate => Ruling::Indeterminate,
            Outcome::NotAuthorized => Ruling::Deny,
        };
        let statement = self.sign(&refusal(asked, ruling, verdict.findings.first()), &principal)?;
        Ok(Decided { statement, verdict })
    }

    fn sign(&self, payload: &Payload, principal: &PrincipalId) -> Result<Statement, EvaluateError> {
        let unsigned = Unsigned::new(payload, &self.kid, principal)?;
        let signature = self.key.sign(&unsigned.to_be_signed());
        Ok(unsigned.sign(&signature)?)
    }
}

/// The same request, ruled otherwise, and why.
fn refusal(asked: Payload, ruling: Ruling, worst: Option<&Finding>) -> Payload {
    let reason = worst.map(|finding| format!("{}: {}", finding.code, finding.detail));
    let reason = reason.and_then(|reason| Line::new(cut(&reason)).ok());
    match asked.body {
        Body::Decision(permit) => {
            let decision = Decision { ruling, reason, valid_until: None, ..permit };
            Payload { body: Body::Decision(decision), ..asked }
        }
        body => Payload { body, ..asked },
    }
}

/// As much of a text as a line holds.
fn cut(text: &str) -> String {
    let mut line = String::new();
    for character in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if line.len() + character.len_utf8() > PRINCIPAL_BYTES_MAX {
            break;
        }
        line.push(character);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_of_no_more_than_a_line_holds() {
        assert_eq!(cut("a\nb\u{7f}c"), "a b c");
        let long = cut(&"ä".repeat(PRINCIPAL_BYTES_MAX));
        assert!(long.len() <= PRINCIPAL_BYTES_MAX && Line::new(long).is_ok());
    }
}
