//! Findings by control of published frameworks.

use std::collections::BTreeMap;

use serde::Serialize;

use super::controls::{Control, Controls, Mapping};
use super::tally::Counted;

/// What findings mean for a framework.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ByFramework {
    pub(super) framework: String,
    pub(super) title: String,
    pub(super) version: String,
    pub(super) url: String,
    /// Controls that findings bear on.
    pub(super) controls: Vec<ByControl>,
    /// Controls of its list that no finding of this report bears on.
    pub(super) untouched: Vec<Control>,
}

/// What findings bear on a control.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ByControl {
    #[serde(flatten)]
    pub(super) control: Control,
    /// How many of the findings count against the outcome, and how many are warnings.
    pub(super) errors: u64,
    pub(super) warnings: u64,
    pub(super) why: Vec<Why>,
}

/// Why findings bear on a control.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Why {
    pub(super) rules: Vec<String>,
    pub(super) reason: String,
    pub(super) source: String,
}

/// What the findings of these rules mean for each framework.
pub(super) fn by_framework(controls: &Controls, rules: &BTreeMap<&'static str, Counted>) -> Vec<ByFramework> {
    let mut all = Vec::new();
    for framework in &controls.frameworks {
        let (mut touched, mut untouched) = (Vec::new(), Vec::new());
        for control in &framework.controls {
            let is_of =
                |mapping: &&Mapping| mapping.framework == framework.key && mapping.control == control.id;
            let mappings: Vec<&Mapping> = controls.mappings.iter().filter(is_of).collect();
            match by_control(control, &mappings, rules) {
                Some(by_control) => touched.push(by_control),
                None => untouched.push(control.clone()),
            }
        }
        all.push(ByFramework {
            framework: framework.key.clone(),
            title: framework.title.clone(),
            version: framework.version.clone(),
            url: framework.url.clone(),
            controls: touched,
            untouched,
        });
    }
    all
}

fn by_control(
    control: &Control,
    mappings: &[&Mapping],
    rules: &BTreeMap<&'static str, Counted>,
) -> Option<ByControl> {
    let (mut why, mut found): (Vec<Why>, BTreeMap<&str, &Counted>) = (Vec::new(), BTreeMap::new());
    for mapping in mappings {
        let there = |slug: &&String| rules.contains_key(slug.as_str());
        let slugs: Vec<String> = mapping.rules.iter().filter(there).cloned().collect();
        found
            .extend(mapping.rules.iter().filter_map(|slug| Some((slug.as_str(), rules.get(slug.as_str())?))));
        if !slugs.is_empty() {
            let Mapping { reason, source, .. } = mapping;
            why.push(Why { rules: slugs, reason: reason.clone(), source: source.clone() });
        }
    }
    let sum =
        |of: fn(&Counted) -> u64| found.values().fold(0u64, |sum, counted| sum.saturating_add(of(counted)));
    let (errors, warnings) = (sum(|counted| counted.errors), sum(|counted| counted.warnings));
    (!why.is_empty()).then(|| ByControl { control: control.clone(), errors, warnings, why })
}
