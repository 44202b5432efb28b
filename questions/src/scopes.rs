//! What one scope hands on compared with another.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::scope::{Grant, Pattern, Scope};
use serde::Serialize;

/// Most lines of each kind that a comparison lists.
pub const LINES_MAX: usize = 32;

/// What a scope is beside an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScopeChange {
    /// Whether the two say the same.
    pub same: bool,
    /// Whether all of the later is within the earlier; absent where one of them is held in another system and was not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<bool>,
    /// Grants of the later that lie in no grant of the earlier.
    pub added: Vec<String>,
    /// Grants of the earlier of which the later keeps nothing.
    pub dropped: Vec<String>,
    /// What is tighter, part by part: `resources order/** → order/*`.
    pub narrowed: Vec<String>,
}

/// Compares what `later` hands on with what `earlier` does; absent is nothing.
pub fn compare(earlier: Option<&Scope>, later: Option<&Scope>) -> ScopeChange {
    let none: &[Grant] = &[];
    let grants = |scope: Option<&'_ Scope>| match scope {
        Some(Scope::External(_)) => None,
        Some(Scope::Grants(grants)) => Some(grants.clone()),
        None => Some(none.to_vec()),
    };
    let same = earlier == later;
    let (Some(before), Some(after)) = (grants(earlier), grants(later)) else {
        let say = |scope: Option<&Scope>| scope.map_or_else(|| String::from("nothing"), ToString::to_string);
        let changed = !same;
        let added = changed.then(|| say(later)).into_iter().collect();
        let dropped = changed.then(|| say(earlier)).into_iter().collect();
        return ScopeChange { same, within: None, added, dropped, narrowed: Vec::new() };
    };
    let mut change = ScopeChange { same, ..ScopeChange::default() };
    let mut kept: Vec<usize> = Vec::new();
    for grant in &after {
        // A grant that is there unchanged is itself, however many others it would fit into.
        let exact = before.iter().position(|earlier| earlier == grant);
        let inside = || before.iter().position(|earlier| grant.within(earlier));
        match exact.or_else(inside) {
            Some(at) => {
                kept.push(at);
                change
                    .narrowed
                    .extend(before.get(at).map(|earlier| narrowed(earlier, grant)).unwrap_or_default());
            }
            None => change.added.push(grant.to_string()),
        }
    }
    change.within = Some(change.added.is_empty());
    let lost = before.iter().enumerate().filter(|(at, _)| !kept.contains(at));
    change.dropped = lost.map(|(_, grant)| grant.to_string()).collect();
    change.narrowed.dedup();
    for lines in [&mut change.added, &mut change.dropped, &mut change.narrowed] {
        lines.truncate(LINES_MAX);
    }
    change
}

/// What a grant within another is tighter in.
fn narrowed(earlier: &Grant, later: &Grant) -> Vec<String> {
    let list = |patterns: &[Pattern]| patterns.iter().map(Pattern::as_str).collect::<Vec<_>>().join(", ");
    let mut lines = Vec::new();
    for (name, before, after) in
        [("actions", &earlier.actions, &later.actions), ("resources", &earlier.resources, &later.resources)]
    {
        if before != after {
            lines.push(format!("{name} {} → {}", list(before), list(after)));
        }
    }
    for (name, limit) in later.limits.iter() {
        let before = earlier.limits.iter().find(|(known, _)| *known == name).map(|(_, limit)| limit);
        match before {
            Some(before) if before == limit => {}
            Some(before) => lines.push(format!("{name} {before} → {limit}")),
            None => lines.push(format!("{name} unlimited → {limit}")),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(json: &str) -> Scope {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_a_scope_adds_drops_and_narrows_is_told_apart() {
        let wide = scope(
            r#"[{"actions":["pay:*"],"resources":["order/**"],"limits":{"eur":{"max":5000}}},
                {"actions":["mail:send"],"resources":["user/*"]}]"#,
        );
        let tight = scope(
            r#"[{"actions":["pay:refund"],"resources":["order/*"],"limits":{"eur":{"max":500},"per_day":{"max":3}}}]"#,
        );
        let change = compare(Some(&wide), Some(&tight));
        assert_eq!((change.same, change.within), (false, Some(true)));
        assert_eq!(change.added, Vec::<String>::new());
        assert_eq!(change.dropped, ["mail:send on user/*"]);
        let narrowed = [
            "actions pay:* → pay:refund",
            "resources order/** → order/*",
            "eur ≤ 5000 → ≤ 500",
            "per_day unlimited → ≤ 3",
        ];
        assert_eq!(change.narrowed, narrowed);
        let back = compare(Some(&tight), Some(&wide));
        assert_eq!((back.within, back.added.len(), back.dropped.len()), (Some(false), 2, 1));
        assert!(compare(Some(&wide), Some(&wide)).same);
        assert!(compare(Some(&wide), Some(&wide)).dropped.is_empty());
        assert_eq!(compare(Some(&wide), None).dropped.len(), 2);
    }

    #[test]
    fn authority_that_was_not_seen_is_neither_within_nor_beyond() {
        let unseen = scope(r#"{"external":{"system":"https://iam.example","ref":"role/admin"}}"#);
        let seen = scope(r#"[{"actions":["pay:*"],"resources":["order/**"]}]"#);
        let change = compare(Some(&seen), Some(&unseen));
        assert_eq!((change.within, change.added.len(), change.dropped.len()), (None, 1, 1));
    }
}
