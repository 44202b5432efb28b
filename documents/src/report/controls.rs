//! Which findings bear on which controls of published frameworks: the file `documents/data/controls.toml`.

use serde::{Deserialize, Serialize};

use crate::Unwritten;

/// The file.
const TEXT: &str = include_str!("../../data/controls.toml");

/// Frameworks, and what bears on their controls.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Controls {
    pub(super) frameworks: Vec<Framework>,
    pub(super) mappings: Vec<Mapping>,
}

/// A published framework.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Framework {
    pub(super) key: String,
    pub(super) title: String,
    pub(super) version: String,
    pub(super) url: String,
    pub(super) controls: Vec<Control>,
}

/// One of its controls.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Control {
    pub(super) id: String,
    pub(super) title: String,
}

/// Rules whose findings bear on a control.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapping {
    /// [`Framework::key`].
    pub(super) framework: String,
    /// [`Control::id`].
    pub(super) control: String,
    /// Slugs.
    pub(super) rules: Vec<String>,
    /// Why, in a line.
    pub(super) reason: String,
    /// Where in the framework's text that is seen.
    pub(super) source: String,
}

impl Controls {
    /// Reads the file that is built in.
    pub(super) fn built_in() -> Result<Self, Unwritten> {
        toml::from_str(TEXT).map_err(|e| Unwritten::new("controls-unreadable", format!("controls.toml: {e}")))
    }

    /// The controls that a rule's findings bear on, as `owasp-agentic ASI03`.
    pub(super) fn of(&self, rule: &str) -> Vec<String> {
        let bears = |mapping: &&Mapping| mapping.rules.iter().any(|slug| slug == rule);
        let mut controls: Vec<String> = Vec::new();
        for Mapping { framework, control, .. } in self.mappings.iter().filter(bears) {
            let control = format!("{framework} {control}");
            if !controls.contains(&control) {
                controls.push(control);
            }
        }
        controls
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use verifier::rules::{Check, RULES};
    use verifier::verdict::Effect;

    use super::*;

    #[test]
    fn every_mapping_names_rules_and_a_control_that_exist_why_and_where_it_is_seen() {
        let controls = Controls::built_in().unwrap();
        let rules: BTreeSet<&str> = RULES.iter().map(|rule| rule.slug).collect();
        let mut once = BTreeSet::new();
        for Mapping { framework, control, rules: slugs, reason, source } in &controls.mappings {
            let framework = controls.frameworks.iter().find(|known| known.key == *framework).unwrap();
            assert!(framework.controls.iter().any(|known| known.id == *control), "{control}");
            assert!(!slugs.is_empty(), "{control}");
            assert!(reason.len() > 20 && !reason.contains('\n'), "{control}: {reason}");
            assert!(
                source.contains(
                    control
                        .trim_start_matches("L5 ")
                        .trim_start_matches("L7 ")
                        .trim_start_matches("Cross-Layer ")
                ),
                "{control}: {source}"
            );
            for slug in slugs {
                assert!(rules.contains(slug.as_str()), "{control}: no rule {slug}");
                assert!(
                    once.insert((framework.key.clone(), control, slug, reason)),
                    "{control}: {slug} twice"
                );
            }
        }
    }

    #[test]
    fn every_rule_that_can_take_an_authorization_away_bears_on_some_control() {
        let controls = Controls::built_in().unwrap();
        for rule in RULES {
            let counts = matches!(rule.check, Check::Evidence(_))
                || rule.effects.iter().any(|effect| *effect != Effect::None);
            assert!(!counts || !controls.of(rule.slug).is_empty(), "{}", rule.slug);
        }
    }

    #[test]
    fn frameworks_and_their_controls_are_listed_once() {
        let controls = Controls::built_in().unwrap();
        let keys: Vec<&str> = controls.frameworks.iter().map(|framework| framework.key.as_str()).collect();
        assert_eq!(keys, ["owasp-agentic", "owasp-nhi", "nist-csf", "nist-ai-rmf", "csa-maestro"]);
        for framework in &controls.frameworks {
            let ids: BTreeSet<&str> = framework.controls.iter().map(|control| control.id.as_str()).collect();
            assert_eq!(ids.len(), framework.controls.len(), "{}", framework.key);
            assert!(framework.url.starts_with("https://"), "{}", framework.key);
        }
    }
}
