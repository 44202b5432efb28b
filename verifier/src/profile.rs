//! Profiles: named, versioned sets of rule parameters. A verdict names the one it was reached under.

use schemas::time::Millis;

/// Parameters of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Name.
    pub name: &'static str,
    /// Version: raised whenever a parameter changes.
    pub version: u64,
    /// How far two honest clocks may differ.
    pub skew: Millis,
    /// For how long a permit may be used unless it says less.
    pub freshness: Millis,
    /// How late a statement may be logged for its claimed moment to stand; nothing: however late.
    pub lateness: Option<Millis>,
    /// Whether anything counts that was read from another system's log.
    pub imported: bool,
    /// Whether a root that nobody registered counts where the imported source names it.
    pub imported_roots: bool,
    /// Whether authority held elsewhere passes with a permit that was imported from there.
    pub imported_permits: bool,
    /// Whether the log's signed word is enough for what does not exist.
    pub asserted_absence: bool,
}

/// The default.
pub const STANDARD: Profile = Profile {
    name: "standard",
    version: 1,
    skew: Millis(5_000),
    freshness: Millis(60_000),
    // Policy engines upload their decisions in chunks, up to ten minutes late by default (OPA's max_delay_seconds).
    lateness: Some(Millis(900_000)),
    imported: true,
    imported_roots: false,
    imported_permits: false,
    asserted_absence: true,
};

/// For what must not rest on anybody's word.
pub const STRICT: Profile = Profile {
    name: "strict",
    version: 1,
    skew: Millis(1_000),
    freshness: Millis(60_000),
    lateness: Some(Millis(60_000)),
    imported: false,
    imported_roots: false,
    imported_permits: false,
    asserted_absence: false,
};

/// For what was read from another system's log: its times and names are all there is.
pub const IMPORTED: Profile = Profile {
    name: "imported",
    version: 1,
    skew: Millis(5_000),
    freshness: Millis(60_000),
    lateness: None,
    imported: true,
    imported_roots: true,
    imported_permits: true,
    asserted_absence: true,
};

/// Every profile there is.
pub const PROFILES: [&Profile; 3] = [&STANDARD, &STRICT, &IMPORTED];

impl Profile {
    /// The profile of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROFILES.into_iter().find(|profile| profile.name == name)
    }
}
