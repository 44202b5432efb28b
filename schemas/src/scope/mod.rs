//! Scope: the authority that a delegation hands on.
//!
//! A missing or empty scope is empty authority, never unlimited. A chain's authority is the intersection of its hops.

mod limit;
mod pattern;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

pub use limit::{Limit, Limits, Quantities, Quantity};
pub use pattern::{Pattern, PatternError};

use crate::kinds::Digest;
use crate::text::{Line, Uri};

/// What a delegation hands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Authority spelled out. No grants: no authority.
    Grants(Vec<Grant>),
    /// Authority held in another system and not seen. It never widens anything.
    External(External),
}

/// One part of a scope: these actions on these resources within these limits.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Patterns over action names.
    pub actions: Vec<Pattern>,
    /// Patterns over resource names.
    pub resources: Vec<Pattern>,
    /// Bounds on what an action states of itself. An absent limit inherits the parent's.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
}

/// Where authority is held that the log did not see.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// URI of the system that holds it.
    pub system: Uri,
    /// What it calls that authority: a role, a policy.
    #[serde(rename = "ref")]
    pub reference: Line,
    /// Digest of what narrows it further, such as a session policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

impl Grant {
    /// Whether everything that this grant allows is allowed by `parent` alone: sound, deliberately incomplete (design §4).
    pub fn within(&self, parent: &Self) -> bool {
        let all_within = |ours: &[Pattern], theirs: &[Pattern]| {
            ours.iter().all(|our| theirs.iter().any(|their| our.within(their)))
        };
        all_within(&self.actions, &parent.actions)
            && all_within(&self.resources, &parent.resources)
            && self.limits.within(&parent.limits)
    }

    /// What both grants allow; nothing where that is nothing.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let both = |ours: &[Pattern], theirs: &[Pattern]| {
            let pairs = ours.iter().flat_map(|our| theirs.iter().filter_map(|their| our.intersection(their)));
            widest(pairs.collect(), Pattern::within)
        };
        let (actions, resources) =
            (both(&self.actions, &other.actions), both(&self.resources, &other.resources));
        let limits = self.limits.intersection(&other.limits);
        let is_something = !actions.is_empty() && !resources.is_empty() && limits.is_possible();
        is_something.then_some(Self { actions, resources, limits })
    }

    /// Whether the grant allows `action` on every one of `resources`, limits aside. No resources: none is allowed.
    pub fn covers(&self, action: &str, resources: &[Line]) -> bool {
        let allowed =
            |resource: &Line| self.resources.iter().any(|pattern| pattern.matches(resource.as_str()));
        self.actions.iter().any(|pattern| pattern.matches(action))
            && !resources.is_empty()
            && resources.iter().all(allowed)
    }
}

impl Scope {
    /// Whether every grant is within one grant of `parent`; the first that is not, otherwise.
    ///
    /// An external scope on either side proves nothing about the other: it neither widens nor can be compared.
    pub fn within(&self, parent: &Self) -> Result<(), &Grant> {
        let (Self::Grants(ours), Self::Grants(theirs)) = (self, parent) else { return Ok(()) };
        match ours.iter().find(|our| !theirs.iter().any(|their| our.within(their))) {
            Some(wider) => Err(wider),
            None => Ok(()),
        }
    }
}

/// What two lists of grants both allow: each grant of the one with each of the other.
pub fn intersection(ours: &[Grant], theirs: &[Grant]) -> Vec<Grant> {
    let pairs = ours.iter().flat_map(|our| theirs.iter().filter_map(|their| our.intersection(their)));
    // Within a scope no limit is inherited: a grant without one is the wider.
    let limits_too = |grant: &Grant, wider: &Grant| {
        wider.limits.iter().all(|(name, _)| grant.limits.iter().any(|(own, _)| own == name))
    };
    widest(pairs.collect(), |grant, wider| grant.within(wider) && limits_too(grant, wider))
}

/// The items that are within no other.
fn widest<T>(items: Vec<T>, within: impl Fn(&T, &T) -> bool) -> Vec<T> {
    items.into_iter().fold(Vec::new(), |mut kept, item| {
        if !kept.iter().any(|wider| within(&item, wider)) {
            kept.retain(|narrower| !within(narrower, &item));
            kept.push(item);
        }
        kept
    })
}

/// The map that carries an external scope: `{external: {…}}`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct ExternalMap {
    external: External,
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Grants(grants) => grants.serialize(serializer),
            Self::External(external) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("external", external)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScopeVisitor;
        impl<'de> Visitor<'de> for ScopeVisitor {
            type Value = Scope;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of grants, or {external: …}")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Scope, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(items)).map(Scope::Grants)
            }
            fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Scope, A::Error> {
                let map = ExternalMap::deserialize(MapAccessDeserializer::new(entries))?;
                Ok(Scope::External(map.external))
            }
        }
        deserializer.deserialize_any(ScopeVisitor)
    }
}

impl fmt::Display for Grant {
    /// `actions on resources`, as a person would say it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |patterns: &[Pattern]| patterns.iter().map(Pattern::as_str).collect::<Vec<_>>().join(", ");
        write!(f, "{} on {}", list(&self.actions), list(&self.resources))?;
        for (name, limit) in self.limits.iter() {
            write!(f, ", {name} {limit}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Grants(grants) if grants.is_empty() => f.write_str("nothing"),
            Self::Grants(grants) => {
                let parts: Vec<String> = grants.iter().map(alloc::string::ToString::to_string).collect();
                f.write_str(&parts.join("; "))
            }
            Self::External(external) => write!(f, "as {} in {}", external.reference, external.system),
        }
    }
}

#[cfg(test)]
mod tests;
