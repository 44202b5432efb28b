//! Profiles: named, versioned sets of rule parameters. A verdict names the one it was reached under.
//!
//! The three that are built in are the files under `verifier/profiles`, with every key explained; anybody may write another of
//! the same shape. Every key is always there: what a profile leaves unsaid nobody would find.

mod built_in;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use schemas::kinds::{Decision, PrincipalType};
use schemas::scope::Pattern;
use schemas::time::{Millis, Time};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::needs::Wants;
use crate::registry::Assurance;
use crate::rules::RULES;
use crate::verdict::Effect;

/// Names of the profiles that are built in, the default first.
pub const PROFILES: [&str; 3] = ["standard", "strict", "imported"];

/// In place of a class of actions: every class.
pub const ANY_CLASS: &str = "*";

/// In place of a class of actions: those that nobody classed.
pub const UNCLASSED: &str = "unclassed";

/// Parameters of the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// Name.
    pub name: String,
    /// Version: raised whenever a parameter changes.
    pub version: u64,
    /// How far two honest clocks may differ, in ms.
    pub skew: Millis,
    /// For how long a permit may be used unless it says less, in ms.
    pub freshness: Millis,
    /// How late a statement may be logged for its claimed moment to stand, in ms; absent: however late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Millis>,
    /// On what "nothing else exists" may rest.
    pub absence: Basis,
    /// How well each statement relied on must be vouched for, at least.
    pub assurance: Assurance,
    /// Whether a root that nobody registered counts where the imported source names it.
    pub imported_roots: bool,
    /// Whether authority held elsewhere passes with a permit that was imported from there.
    pub imported_permits: bool,
    /// Whether each hop needs a permit of its own.
    pub hop_permits: bool,
    /// How many actions one permit may carry that states no limit; absent: any number while it is fresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permit_uses: Option<u64>,
    /// Whether an approval may be given for whatever fits, not for one exact request alone.
    pub template_approvals: bool,
    /// What an approver must be.
    pub approvers: BTreeSet<PrincipalType>,
    /// For how long a credential may live unless a waiver says more, in ms; absent: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_life: Option<Millis>,
    /// Classes of actions that need an approval, or a sign-in with a second factor.
    pub step_up: BTreeSet<String>,
    /// By class of action: how fine its permit must be, at least.
    pub granularity: BTreeMap<String, Granularity>,
    /// By class of action: the inputs that its decision must have had.
    pub inputs: BTreeMap<String, BTreeSet<String>>,
    /// By input: how old it may have been when it was decided on, in ms.
    pub input_age: BTreeMap<String, Millis>,
    /// Actions that must not follow each other within one task.
    pub combinations: Vec<Combination>,
    /// Findings that change nothing by themselves, and do here.
    pub raised: BTreeMap<String, Effect>,
}

/// On what "nothing else exists" rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// On the log's signed word.
    Asserted,
    /// On having read all entries.
    Recomputed,
}

/// How fine a decision is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Granularity {
    /// About a sign-in.
    Login,
    /// About a tool.
    Tool,
    /// About one call.
    Call,
    /// About one call with these very parameters.
    Parameters,
}

/// Actions that must not follow each other within one task, in this order, with whatever lies between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Combination {
    /// Name.
    pub name: String,
    /// Patterns over action names, first to last.
    pub actions: Vec<Pattern>,
}

/// Why a profile is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProfileError {
    /// There is no such rule, or its findings always count.
    #[error(
        "`raised` names `{slug}`, which is no rule whose findings may change nothing; `docs/rules.md` lists them"
    )]
    NotRaisable {
        /// The name.
        slug: String,
    },
    /// A finding cannot be raised to nothing.
    #[error(
        "`raised` gives `{slug}` the effect `none`; give `not-authorized` or `indeterminate`, or leave it out"
    )]
    RaisedToNothing {
        /// The rule.
        slug: String,
    },
    /// One action is no combination.
    #[error("combination `{name}` has {count} actions; give two or more")]
    Combination {
        /// The combination.
        name: String,
        /// How many actions it has.
        count: usize,
    },
}

impl Profile {
    /// The profile of this name that is built in.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "standard" => Some(Self::standard()),
            "strict" => Some(Self::strict()),
            "imported" => Some(Self::imported()),
            _ => None,
        }
    }

    /// Refuses what holds together as a file but not as a profile.
    pub fn check(&self) -> Result<(), ProfileError> {
        let is_raisable =
            |slug: &str| RULES.iter().any(|rule| rule.slug == slug && rule.effects.contains(&Effect::None));
        for (slug, effect) in &self.raised {
            if !is_raisable(slug) {
                return Err(ProfileError::NotRaisable { slug: slug.clone() });
            }
            if *effect == Effect::None {
                return Err(ProfileError::RaisedToNothing { slug: slug.clone() });
            }
        }
        match self.combinations.iter().find(|combination| combination.actions.len() < 2) {
            Some(Combination { name, actions }) => {
                Err(ProfileError::Combination { name: name.clone(), count: actions.len() })
            }
            None => Ok(()),
        }
    }

    /// Until when a ruling may be used: as long as it says, and no longer than this profile takes a ruling for fresh.
    pub fn usable_until(&self, decision: &Decision) -> Time {
        let fresh_until = decision.evaluated_at.later(self.freshness);
        decision.valid_until.map_or(fresh_until, |stated| stated.min(fresh_until))
    }

    /// What it asks for beside what every verdict needs.
    pub fn wants(&self) -> Wants {
        Wants { task: !self.combinations.is_empty() }
    }
}

impl Granularity {
    /// What a word of a decision means; nothing where it is none of ours.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "login" => Some(Self::Login),
            "tool" => Some(Self::Tool),
            "call" => Some(Self::Call),
            "parameters" => Some(Self::Parameters),
            _ => None,
        }
    }

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Tool => "tool",
            Self::Call => "call",
            Self::Parameters => "parameters",
        }
    }
}
