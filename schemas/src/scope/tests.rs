//! Laws of scopes: handing on never widens.

use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::text::{Decimal, Name};

const NAMES: [&str; 6] = ["a", "a:b", "a:c", "a:b/c", "b", "b/c"];

fn line(text: &str) -> Line {
    Line::new(text).unwrap()
}

fn grant(actions: &[&str], resources: &[&str]) -> Grant {
    let patterns = |texts: &[&str]| texts.iter().map(|text| Pattern::new(*text).unwrap()).collect();
    Grant { actions: patterns(actions), resources: patterns(resources), limits: Limits::default() }
}

fn patterns() -> impl Strategy<Value = Vec<Pattern>> {
    let texts = ["a", "a:b", "a:*", "a:**", "a:b/*", "*", "**", "b", "b/**", "*:b"];
    let pattern = prop::sample::select(texts.to_vec()).prop_map(|text| Pattern::new(text).unwrap());
    prop::collection::vec(pattern, 0..3)
}

/// Any pattern of few segments.
fn any_pattern() -> impl Strategy<Value = Pattern> {
    let segment = prop::sample::select(vec!["a", "b", "", "*", "%2A"]);
    let more = prop::collection::vec((prop::sample::select(vec![":", "/"]), segment.clone()), 0..3);
    let rest = prop::option::of(prop::sample::select(vec![":**", "/**"]));
    let text = (segment, more, rest).prop_map(|(first, more, rest)| {
        let more: Vec<_> = more.into_iter().flat_map(|(separator, segment)| [separator, segment]).collect();
        [first, &more.concat(), rest.unwrap_or_default()].concat()
    });
    let rest_alone = prop_oneof![9 => text, 1 => Just("**".into())];
    rest_alone.prop_filter_map("a pattern has a byte", |text| Pattern::new(text).ok())
}

fn numbers() -> impl Strategy<Value = Quantity> {
    let decimals = ["-0.5", "0.5", "1.25", "2.5", "9007199254740992"];
    prop_oneof![
        (-3_i64..4).prop_map(Quantity::Whole),
        prop::sample::select(decimals.to_vec())
            .prop_map(|text| Quantity::Decimal(Decimal::new(text).unwrap())),
    ]
}

fn quantities() -> impl Strategy<Value = Quantity> {
    let words = ["EUR", "USD", "1.50"];
    prop_oneof![numbers(), prop::sample::select(words.to_vec()).prop_map(|text| Quantity::Word(line(text)))]
}

fn limits() -> impl Strategy<Value = Limit> {
    let bound = || prop::option::of(numbers());
    let one_of = prop::option::of(prop::collection::vec(quantities(), 0..4));
    let parts = (bound(), bound(), one_of).prop_map(|(max, min, one_of)| Limit { max, min, one_of });
    parts.prop_filter("a limit says something", |limit| limit.is_well_formed())
}

fn grants() -> impl Strategy<Value = Grant> {
    let limits = prop::collection::btree_map(prop::sample::select(vec!["eur", "count"]), limits(), 0..3);
    (patterns(), patterns(), limits).prop_map(|(actions, resources, named)| {
        let mut limits = Limits::default();
        named.into_iter().for_each(|(name, limit)| limits.insert(Name::new(name).unwrap(), limit));
        Grant { actions, resources, limits }
    })
}

#[test]
fn an_empty_scope_is_within_any_and_holds_nothing() {
    let nothing = Scope::Grants(vec![]);
    let something = Scope::Grants(vec![grant(&["a"], &["b"])]);
    assert_eq!(nothing.within(&something), Ok(()));
    assert_eq!(nothing.within(&nothing), Ok(()));
    assert_eq!(something.within(&nothing), Err(&grant(&["a"], &["b"])));
}

#[test]
fn a_grant_that_only_two_grants_together_would_cover_is_within_neither() {
    let wide = grant(&["a", "b"], &["**"]);
    let parents = Scope::Grants(vec![grant(&["a"], &["**"]), grant(&["b"], &["**"])]);
    assert_eq!(Scope::Grants(vec![wide.clone()]).within(&parents), Err(&wide));
}

#[test]
fn an_external_scope_is_compared_with_nothing() {
    let external =
        External { system: Uri::new("https://iam.corp").unwrap(), reference: line("role"), digest: None };
    let external = Scope::External(external);
    let granted = Scope::Grants(vec![grant(&["**"], &["**"])]);
    assert_eq!(external.within(&granted), Ok(()));
    assert_eq!(granted.within(&external), Ok(()));
}

#[test]
fn an_action_on_no_resource_or_on_one_outside_is_not_covered() {
    let grant = grant(&["payments:*"], &["order/**"]);
    assert!(grant.covers("payments:refund", &[line("order/7"), line("order")]));
    assert!(!grant.covers("payments:refund", &[]));
    assert!(!grant.covers("payments:refund", &[line("order/7"), line("user/7")]));
    assert!(!grant.covers("payments", &[line("order/7")]));
}

proptest! {
    #[test]
    fn what_a_grant_within_another_covers_the_other_covers(child in grants(), parent in grants()) {
        if child.within(&parent) {
            for action in NAMES {
                for resource in NAMES {
                    let resources = [line(resource)];
                    prop_assert!(!child.covers(action, &resources) || parent.covers(action, &resources));
                }
            }
        }
    }

    #[test]
    fn a_value_that_keeps_a_limit_within_another_keeps_the_other(
        child in limits(),
        parent in limits(),
        value in quantities(),
    ) {
        if child.within(&parent) && child.holds(&value) {
            prop_assert!(parent.holds(&value), "{value} keeps {child} and not {parent}");
        }
    }

    #[test]
    fn a_name_is_of_the_intersection_if_and_only_if_both_patterns_allow_it(
        a in any_pattern(),
        b in any_pattern(),
        name in "[ab*%]{0,1}([:/][ab%]{0,1}){0,3}",
    ) {
        let both = a.intersection(&b);
        prop_assert_eq!(&both, &b.intersection(&a));
        let in_both = a.matches(&name) && b.matches(&name);
        prop_assert_eq!(both.as_ref().is_some_and(|both| both.matches(&name)), in_both, "{} {:?}", name, both);
        if let Some(both) = both {
            prop_assert!(both.within(&a) && both.within(&b), "{both} of {a} and {b}");
        }
    }

    #[test]
    fn a_value_keeps_the_intersection_of_two_limits_if_and_only_if_it_keeps_both(
        a in limits(),
        b in limits(),
        value in quantities(),
    ) {
        prop_assert_eq!(a.intersection(&b).holds(&value), a.holds(&value) && b.holds(&value));
    }

    #[test]
    fn an_act_is_covered_by_the_intersection_of_two_scopes_if_and_only_if_it_is_by_both(
        ours in prop::collection::vec(grants(), 0..3),
        theirs in prop::collection::vec(grants(), 0..3),
        value in quantities(),
    ) {
        let covered = |scope: &[Grant], action, resource| scope.iter().any(|grant| {
            grant.covers(action, &[line(resource)]) && grant.limits.iter().all(|(_, limit)| limit.holds(&value))
        });
        let both = intersection(&ours, &theirs);
        for action in NAMES {
            for resource in NAMES {
                let in_both = covered(&ours, action, resource) && covered(&theirs, action, resource);
                prop_assert_eq!(covered(&both, action, resource), in_both, "{} on {}", action, resource);
            }
        }
    }

    #[test]
    fn every_limit_and_every_grant_is_within_itself(limit in limits(), grant in grants()) {
        // A list beside no list is compared by its own values; a bound by its own size.
        prop_assert!(limit.within(&limit));
        prop_assert!(grant.within(&grant));
    }
}
