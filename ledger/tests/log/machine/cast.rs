//! Who speaks in the log, and all that they may say. The same words are the same bytes.

use proptest::prelude::*;
use serde_json::json;

use crate::drafts::Drafts;
use crate::harness::Person;

/// Decision points first, then gateways.
pub(crate) const PDPS: usize = 3;
const PEOPLE: usize = 5;

/// Something that somebody posts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Decision { who: usize, number: u64 },
    Numbered { who: usize, number: u64, seq: u64 },
    Imported { who: usize, event: u64, adapter: u64 },
    Register { who: usize },
    Compromise { who: usize },
    New { number: u64 },
    Wrong(Wrong),
}

/// Something that never may stand in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Signature,
    Log,
    Issuer,
    Bytes,
}

impl Wrong {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Signature => "signature-invalid",
            Self::Log => "wrong-log",
            Self::Issuer => "issuer-mismatch",
            Self::Bytes => "cbor-truncated",
        }
    }
}

pub(crate) fn said() -> impl Strategy<Value = Said> {
    let who = 0..PEOPLE;
    prop_oneof![
        6 => (who.clone(), 0_u64..30).prop_map(|(who, number)| Said::Decision { who, number }),
        3 => (who.clone(), 0_u64..6, 0_u64..4).prop_map(|(who, number, seq)| Said::Numbered { who, number, seq }),
        3 => (PDPS..PEOPLE, 0_u64..6, 0_u64..3).prop_map(|(who, event, adapter)| Said::Imported { who, event, adapter }),
        3 => who.prop_map(|who| Said::Register { who }),
        1 => (1..PEOPLE).prop_map(|who| Said::Compromise { who }),
        1 => prop::sample::select(vec![Wrong::Signature, Wrong::Log, Wrong::Issuer, Wrong::Bytes]).prop_map(Said::Wrong),
    ]
}

/// Everybody.
#[derive(Clone)]
pub(crate) struct Cast {
    people: Vec<Person>,
    registrar: Person,
    drafts: Drafts,
}

impl Cast {
    pub(crate) fn new(registrar: Person, drafts: Drafts) -> Self {
        let people = (0..PEOPLE).map(|n| Person::new(n as u8 + 1, &format!("service:speaker/{n}"))).collect();
        Self { people, registrar, drafts }
    }

    /// Whether this person's role covers it: a gateway sees decisions at the boundary alone.
    pub(crate) fn may(&self, who: usize, said: &Said) -> bool {
        match said {
            Said::Decision { .. } | Said::Numbered { .. } => who < PDPS,
            Said::Imported { .. } => who >= PDPS,
            _ => true,
        }
    }

    pub(crate) fn bytes(&self, said: &Said) -> Vec<u8> {
        let (drafts, registrar) = (self.drafts, &self.registrar);
        match said {
            Said::Decision { who, number } => self.people[*who].says(&drafts.decision(*number)),
            Said::Numbered { who, number, seq } => self.people[*who].says(&drafts.numbered(*number, *seq)),
            Said::Imported { who, event, adapter } => {
                let event = format!("event-{event}");
                self.people[*who].says(&drafts.imported(&event, &format!("adapter/{adapter}")))
            }
            Said::Register { who } => {
                let role = if *who < PDPS { "pdp" } else { "gateway" };
                drafts.registration(registrar, &self.people[*who], &[json!({"role": role})])
            }
            Said::Compromise { who } => drafts.compromise(registrar, self.people[*who].kid()),
            Said::New { number } => self.people[0].says(&drafts.decision(1_000_000 + number)),
            Said::Wrong(wrong) => self.wrong(*wrong),
        }
    }

    fn wrong(&self, wrong: Wrong) -> Vec<u8> {
        let (first, drafts) = (&self.people[0], self.drafts);
        let good = || first.says(&drafts.decision(999));
        match wrong {
            Wrong::Signature => {
                let mut bytes = good();
                *bytes.last_mut().unwrap() ^= 1;
                bytes
            }
            Wrong::Log => {
                let mut payload = drafts.decision(999);
                payload["log"] = json!("00".repeat(32));
                first.says(&payload)
            }
            Wrong::Issuer => {
                let other = self.people[1].principal.clone();
                Person { principal: other, ..first.clone() }.says(&drafts.decision(999))
            }
            Wrong::Bytes => good()[..40].to_vec(),
        }
    }
}
