//! A log whose statements can be judged, one or several by evidence that they share.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use core::convert::Infallible;

use schemas::ids::StatementId;
use thiserror::Error;
use verifier::evidence::Evidence;
use verifier::gather::{GatherError, Wants};
use verifier::judge::{JudgeError, judge, profile_by_vantage};
use verifier::profile::Profile;
use verifier::verdict::Verdict;

use crate::kept::{Kept, KeptError, Placed, Put, Whole, evidence_of};

/// A log whose statements can be judged.
pub trait Judging: Placed {
    /// The verdict on a subject: under a profile, or under the one that it is judged under where nobody names another.
    fn judged(&self, subject: &Put, profile: Option<&Profile>) -> Result<Judged, KeptError<Self::Error>> {
        let own = || profile_by_vantage(&subject.statement.payload);
        let profile = profile.cloned().unwrap_or_else(own);
        let id = subject.statement.id();
        let seen = self.seen(&id, profile.wants(), |evidence| judge(&id, evidence, &profile))?;
        let verdict = seen.found.and_then(|verdict| verdict.map_err(Unjudged::from));
        Ok(Judged { verdict, gathered: seen.gathered })
    }

    /// What is seen in the evidence about a statement.
    fn seen<T>(
        &self,
        subject: &StatementId,
        wants: Wants,
        look: impl FnOnce(&Evidence) -> T,
    ) -> Result<Seen<T>, KeptError<Self::Error>> {
        match self.evidence_for(&[*subject], wants) {
            Ok(Gatherings { evidence, gathered }) => Ok(Seen { found: Ok(look(&evidence)), gathered }),
            Err(KeptError::Gather(GatherError::TooMany { max })) => {
                Ok(Seen { found: Err(Unjudged::TooMany { max }), gathered: max })
            }
            Err(error) => Err(error),
        }
    }

    /// Everything needed to judge several statements.
    fn evidence_for(
        &self,
        subjects: &[StatementId],
        wants: Wants,
    ) -> Result<Gatherings<'_>, KeptError<Self::Error>>;
}

/// Evidence about several statements.
#[derive(Debug)]
pub struct Gatherings<'l> {
    /// It.
    pub evidence: Cow<'l, Evidence>,
    /// How many entries were gathered and checked for it.
    pub gathered: usize,
}

/// What was seen in evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<T> {
    /// It, or why there is no evidence.
    pub found: Result<T, Unjudged>,
    /// How many entries were gathered and checked for it.
    pub gathered: usize,
}

/// What judging one subject came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The verdict, or why there is none.
    pub verdict: Result<Verdict, Unjudged>,
    /// How many entries were gathered and checked for it.
    pub gathered: usize,
}

/// Why there is no verdict.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unjudged {
    /// More is involved than evidence may hold.
    #[error("more than {max} statements or index items are involved")]
    TooMany {
        /// The bound.
        max: usize,
    },
    /// The judge refuses it.
    #[error(transparent)]
    Judge(#[from] JudgeError),
}

impl Unjudged {
    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooMany { .. } => "bundle-too-large",
            Self::Judge(error) => error.code(),
        }
    }
}

impl<K: Kept + Placed> Judging for K {
    fn evidence_for(
        &self,
        subjects: &[StatementId],
        wants: Wants,
    ) -> Result<Gatherings<'_>, KeptError<K::Error>> {
        let evidence = evidence_of(subjects, BTreeSet::new(), wants, self)?;
        Ok(Gatherings { gathered: evidence.records().count(), evidence: Cow::Owned(evidence) })
    }
}

impl Judging for Whole<'_> {
    /// Nothing is gathered: every entry was checked when the evidence was made.
    fn evidence_for(&self, _: &[StatementId], _: Wants) -> Result<Gatherings<'_>, KeptError<Infallible>> {
        Ok(Gatherings { evidence: Cow::Borrowed(self.0), gathered: 0 })
    }
}
