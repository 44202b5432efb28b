//! The publication policy: which witnesses are asked for cosignatures, and how many of them make a head the checkpoint.

use std::time::Duration;

use schemas::kinds::Genesis;
use schemas::trust::TrustPolicy;
use thiserror::Error;

use super::renew_every;
use super::witness::WitnessClient;

/// How often witnesses are asked at most, unless asked otherwise.
pub const PUBLISH_EVERY: Duration = Duration::from_secs(1);

/// Whom a log asks before it calls a head its checkpoint.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    policy: Option<TrustPolicy>,
    /// Those with an address, in the order of the policy.
    witnesses: Vec<WitnessClient>,
    every: Duration,
}

/// Why a policy cannot be published under.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PublicationError {
    /// A witness's address is none.
    #[error("the address of the witness {witness} is `{url}`; expected http://… or https://…")]
    Address {
        /// What the file calls the witness.
        witness: String,
        /// What stands there.
        url: String,
    },
    /// The witnesses that can be asked do not make the quorum.
    #[error(
        "the quorum {quorum} can never be met: too few of its witnesses have an address behind their key"
    )]
    Unreachable {
        /// What the file calls the quorum.
        quorum: String,
    },
    /// The log cannot vouch for itself.
    #[error("the witness {witness} has a key of the log itself")]
    OwnKey {
        /// What the file calls the witness.
        witness: String,
    },
    /// The file is about other logs.
    #[error("the file names keys of {got}, this log is {expected}")]
    OtherLog {
        /// The log in the file.
        got: String,
        /// This log.
        expected: String,
    },
    /// The checkpoint would be older than the log promises.
    #[error("publishing every {} ms is too seldom for the log's heartbeat; expected {} ms at most", every.as_millis(), max.as_millis())]
    TooSeldom {
        /// What was asked for.
        every: Duration,
        /// What the heartbeat allows.
        max: Duration,
    },
}

impl Publication {
    /// Asks the witnesses of this policy that have an address, each time at least `every` after the last.
    pub fn new(policy: TrustPolicy, every: Duration) -> Result<Self, PublicationError> {
        let mut witnesses = Vec::new();
        for witness in policy.witnesses() {
            let Some(url) = &witness.url else { continue };
            let address = || PublicationError::Address { witness: witness.name.clone(), url: url.clone() };
            let client = WitnessClient::new(&witness.name, witness.key.clone(), url);
            witnesses.push(client.ok_or_else(address)?);
        }
        if !policy.quorum_met(|witness| witness.url.is_some()) {
            return Err(PublicationError::Unreachable { quorum: policy.quorum_name().to_owned() });
        }
        Ok(Self { policy: Some(policy), witnesses, every })
    }

    /// Holds the policy against the log that is to be published.
    pub(crate) fn check(&self, genesis: &Genesis) -> Result<(), PublicationError> {
        let Some(policy) = &self.policy else { return Ok(()) };
        let own = |key| genesis.keys.iter().any(|log| log.public == key);
        if let Some(witness) = policy.witnesses().iter().find(|witness| own(*witness.key.public_key())) {
            return Err(PublicationError::OwnKey { witness: witness.name.clone() });
        }
        let expected = genesis.origin.as_str();
        if let Some(first) = policy.logs().first()
            && !policy.logs().iter().any(|log| log.key.name().as_str() == expected)
        {
            let got = first.key.name().to_string();
            return Err(PublicationError::OtherLog { got, expected: expected.to_owned() });
        }
        let max = renew_every(genesis.parameters.heartbeat);
        if !self.witnesses.is_empty() && self.every > max {
            return Err(PublicationError::TooSeldom { every: self.every, max });
        }
        Ok(())
    }

    /// Whether a head is the checkpoint only once witnesses have cosigned it.
    pub(crate) fn needs_quorum(&self) -> bool {
        self.policy.as_ref().is_some_and(TrustPolicy::needs_witnesses)
    }

    /// Whether the policy is met when exactly the witnesses of which this is true have cosigned.
    pub(crate) fn met(&self, cosigned: impl Fn(&str) -> bool) -> bool {
        self.policy.as_ref().is_none_or(|policy| policy.quorum_met(|witness| cosigned(&witness.name)))
    }

    /// Those that are asked.
    pub(crate) fn witnesses(&self) -> &[WitnessClient] {
        &self.witnesses
    }

    /// How long to wait between two times of asking.
    pub(crate) fn every(&self) -> Duration {
        self.every
    }

    /// The names of witnesses by their places among those that are asked.
    pub(crate) fn names(&self, places: impl Iterator<Item = usize>) -> Vec<String> {
        places.filter_map(|at| self.witnesses.get(at)).map(|witness| witness.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use keyfile::SecretKey;
    use schemas::ids::PublicKey;
    use schemas::note::{KeyName, SignatureType, VerifierKey};
    use schemas::payload::Body;
    use schemas::text::Origin;
    use schemas::time::{Millis, Time};

    use super::*;
    use crate::birth::{self, Birth};
    use crate::log::LogKeys;

    const EVERY: Duration = Duration::from_secs(1);

    fn secret(seed: u8) -> SecretKey {
        SigningKey::from_bytes(&[seed; 32]).into()
    }

    fn vkey(name: &str, kind: SignatureType, key: PublicKey) -> VerifierKey {
        VerifierKey::new(KeyName::new(name).unwrap(), kind, key)
    }

    fn witness(seed: u8, url: &str) -> String {
        let key = secret(seed).public();
        format!("witness w{seed} {} {url}\n", vkey("witness.test", SignatureType::Cosignature, key))
    }

    fn read(file: &str) -> Result<Publication, PublicationError> {
        Publication::new(TrustPolicy::parse(file.as_bytes()).unwrap(), EVERY)
    }

    fn genesis(heartbeat: Millis) -> Genesis {
        let key = secret;
        let keys = LogKeys { checkpoint: key(1), statement: key(2), receipt: key(3), earlier: Vec::new() };
        let origin = Origin::new("ledger.test/log").unwrap();
        let registrars = vec![key(4).public()];
        let birth = Birth {
            origin,
            registrars: registrars.clone(),
            time: Time(0),
            heartbeat,
            threshold: 1,
            passphrase: None,
        };
        let statement = birth::genesis(&birth, &keys, registrars, &[7; 32]).unwrap();
        let Body::Genesis(genesis) = statement.payload.body else { panic!("no genesis") };
        genesis
    }

    #[test]
    fn only_a_quorum_that_can_be_asked_for_is_taken() {
        let (one, two) = (witness(11, "http://127.0.0.1:1"), witness(12, ""));
        let publication = read(&format!("{one}{two}group g any w11 w12\nquorum g\n")).unwrap();
        assert_eq!(publication.names(0..2), ["w11"]);
        assert!(publication.needs_quorum() && publication.met(|name| name == "w11"));
        assert!(!publication.met(|_| false));
        let error = PublicationError::Unreachable { quorum: "g".into() };
        assert_eq!(read(&format!("{one}{two}group g all w11 w12\nquorum g\n")).err(), Some(error));
        for url in ["ftp://127.0.0.1", "127.0.0.1:80", "http://", "http://h/?q"] {
            let error = PublicationError::Address { witness: "w13".into(), url: url.into() };
            assert_eq!(read(&format!("{}quorum none\n", witness(13, url))).unwrap_err(), error);
        }
        let none = read(&format!("{one}quorum none\n")).unwrap();
        assert!(!none.needs_quorum() && none.met(|_| false) && none.witnesses().len() == 1);
    }

    #[test]
    fn a_log_is_published_under_its_own_policy_and_never_vouches_for_itself() {
        let own = genesis(Millis(60_000));
        let asked = witness(11, "http://127.0.0.1:1");
        assert_eq!(read(&format!("{asked}quorum w11\n")).unwrap().check(&own), Ok(()));
        for seed in [1, 2, 3] {
            let itself = read(&format!("{}quorum w{seed}\n", witness(seed, "http://127.0.0.1:1"))).unwrap();
            assert_eq!(itself.check(&own), Err(PublicationError::OwnKey { witness: format!("w{seed}") }));
        }
        let key = secret(9).public();
        let log = |name| format!("log {}\n{asked}quorum w11\n", vkey(name, SignatureType::Ed25519, key));
        assert_eq!(read(&log("ledger.test/log")).unwrap().check(&own), Ok(()));
        let (got, expected) = ("ledger.test/other".into(), "ledger.test/log".into());
        let error = PublicationError::OtherLog { got, expected };
        assert_eq!(read(&log("ledger.test/other")).unwrap().check(&own), Err(error));
    }

    #[test]
    fn the_witnesses_are_asked_often_enough_for_the_heartbeat() {
        let publication = read(&format!("{}quorum none\n", witness(11, "http://127.0.0.1:1"))).unwrap();
        assert_eq!(publication.check(&genesis(Millis(3_000))), Ok(()));
        let max = Duration::from_millis(999);
        let error = PublicationError::TooSeldom { every: EVERY, max };
        assert_eq!(publication.check(&genesis(Millis(2_999))), Err(error));
    }
}
