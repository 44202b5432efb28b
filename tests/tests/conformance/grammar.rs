//! Asks the CDDL. The `cddl` crate parses the files; whether an item matches is decided here.
//!
//! The crate's own validator cannot be asked (version 0.10.7): it matches `.regexp` anywhere in the text and drops the backslash
//! of `\p`; it does not match map keys that have a control operator; it takes a byte string for a number in a range; after a
//! failed group choice it keeps the keys that the choice had matched; and it panics on a text value where a label is given.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use cddl::ast::{
    CDDL, Group, GroupEntry, MemberKey, Occur, Occurrence, Operator, RangeCtlOp, Rule, Type, Type1, Type2,
};
use cddl::token::{ControlOperator, TagConstraint, Value};
use regex::Regex;

use crate::item::Item;
use crate::languages::cddl_text;

/// The CDDL of the format: the part of RFC 8610 that its files use.
pub(crate) struct Grammar {
    cddl: CDDL<'static>,
    expressions: RefCell<HashMap<String, Regex>>,
}

impl Grammar {
    pub(crate) fn load() -> Self {
        let text = Box::leak(cddl_text().into_boxed_str());
        let cddl = cddl::cddl_from_str(text, true).expect("CDDL");
        Self { cddl, expressions: RefCell::default() }
    }

    /// Whether the bytes match the rule.
    pub(crate) fn accepts(&self, rule: &str, bytes: &[u8]) -> bool {
        Item::try_decode(bytes).is_some_and(|item| self.named(rule, &item))
    }

    fn named(&self, name: &str, item: &Item) -> bool {
        match (name, item) {
            ("bool", Item::Bool(_))
            | ("bstr", Item::Bytes(_))
            | ("nil", Item::Null)
            | ("tstr", Item::Text(_)) => true,
            ("bool" | "bstr" | "nil" | "tstr", _) => false,
            _ => {
                let rule = self.type_rule(name).unwrap_or_else(|| panic!("no type `{name}`"));
                self.choice(rule, item)
            }
        }
    }

    fn type_rule(&self, name: &str) -> Option<&Type<'static>> {
        self.cddl.rules.iter().find_map(|rule| match rule {
            Rule::Type { rule, .. } if rule.name.ident == name => Some(&rule.value),
            _ => None,
        })
    }

    fn group_rule(&self, name: &str) -> Option<&GroupEntry<'static>> {
        self.cddl.rules.iter().find_map(|rule| match rule {
            Rule::Group { rule, .. } if rule.name.ident == name => Some(&rule.entry),
            _ => None,
        })
    }

    fn choice(&self, choices: &Type<'static>, item: &Item) -> bool {
        choices.type_choices.iter().any(|choice| self.one(&choice.type1, item))
    }

    fn one(&self, one: &Type1<'static>, item: &Item) -> bool {
        match &one.operator {
            None => self.plain(&one.type2, item),
            Some(Operator { operator: RangeCtlOp::RangeOp { is_inclusive: true, .. }, type2, .. }) => {
                matches!(item, Item::Int(value) if (number(&one.type2)..=number(type2)).contains(value))
            }
            Some(Operator { operator: RangeCtlOp::CtlOp { ctrl, .. }, type2, .. }) => {
                self.plain(&one.type2, item) && self.controlled(ctrl, type2, item)
            }
            Some(other) => panic!("operator {other:?}"),
        }
    }

    fn controlled(&self, control: &ControlOperator, by: &Type2<'static>, item: &Item) -> bool {
        match (control, item) {
            (ControlOperator::AND, _) => self.plain(by, item),
            (ControlOperator::CBOR, Item::Bytes(bytes)) => {
                Item::try_decode(bytes).is_some_and(|inner| self.plain(by, &inner))
            }
            (ControlOperator::REGEXP, Item::Text(text)) => self.expression(&literal_text(by)).is_match(text),
            (ControlOperator::SIZE, Item::Bytes(bytes)) => self.plain(by, &Item::Int(bytes.len() as i64)),
            (ControlOperator::SIZE, Item::Text(text)) => self.plain(by, &Item::Int(text.len() as i64)),
            _ => panic!("{control} of {item:?}"),
        }
    }

    /// An expression that matches the whole text (RFC 8610 §3.8.3).
    fn expression(&self, text: &str) -> Regex {
        let new = || Regex::new(&format!("^(?:{text})$")).expect("an expression");
        self.expressions.borrow_mut().entry(text.to_owned()).or_insert_with(new).clone()
    }

    fn plain(&self, plain: &Type2<'static>, item: &Item) -> bool {
        match (plain, item) {
            (Type2::UintValue { .. } | Type2::IntValue { .. }, Item::Int(value)) => *value == number(plain),
            (Type2::UintValue { .. } | Type2::IntValue { .. }, _) => false,
            (Type2::TextValue { value, .. }, item) => matches!(item, Item::Text(text) if text == value),
            (Type2::B16ByteString { value, .. }, item) => {
                matches!(item, Item::Bytes(bytes) if bytes.as_slice() == value.as_ref())
            }
            (Type2::Typename { ident, .. }, Item::Bool(value)) if matches!(ident.ident, "true" | "false") => {
                (ident.ident == "true") == *value
            }
            (Type2::Typename { ident, .. }, _) if matches!(ident.ident, "true" | "false") => false,
            (Type2::Typename { ident, .. }, item) => self.named(ident.ident, item),
            (Type2::ParenthesizedType { pt, .. }, item) => self.choice(pt, item),
            (Type2::Array { group, .. }, Item::List(items)) => {
                self.sequence(group, items, 0).contains(&items.len())
            }
            (Type2::Map { group, .. }, Item::Map(entries)) => {
                self.alternatives(group).iter().any(|fields| self.fields(fields, entries))
            }
            (
                Type2::TaggedData { tag: Some(TagConstraint::Literal(wanted)), t, .. },
                Item::Tag(tag, inner),
            ) => wanted == tag && self.choice(t, inner),
            (Type2::Array { .. } | Type2::Map { .. } | Type2::TaggedData { .. }, _) => false,
            (other, _) => panic!("type {other}"),
        }
    }

    /// Where a match of the group that begins at `from` may end.
    fn sequence(&self, group: &Group<'static>, items: &[Item], from: usize) -> BTreeSet<usize> {
        let choices = group.group_choices.iter().flat_map(|choice| {
            choice.group_entries.iter().fold(BTreeSet::from([from]), |starts, (entry, _)| {
                starts.into_iter().flat_map(|start| self.repeated(entry, items, start)).collect()
            })
        });
        choices.collect()
    }

    fn repeated(&self, entry: &GroupEntry<'static>, items: &[Item], from: usize) -> BTreeSet<usize> {
        let (least, most) = bounds(occurrence(entry));
        let (mut ends, mut reached) = (BTreeSet::new(), BTreeSet::from([from]));
        for count in 0..=most {
            if count >= least {
                ends.extend(reached.iter().copied());
            }
            reached = reached.into_iter().flat_map(|start| self.entry_once(entry, items, start)).collect();
            if reached.is_empty() {
                break;
            }
        }
        ends
    }

    fn entry_once(&self, entry: &GroupEntry<'static>, items: &[Item], at: usize) -> BTreeSet<usize> {
        let next = |holds: bool| if holds { BTreeSet::from([at + 1]) } else { BTreeSet::new() };
        match (entry, items.get(at)) {
            (GroupEntry::ValueMemberKey { ge, .. }, item) => {
                next(item.is_some_and(|item| self.choice(&ge.entry_type, item)))
            }
            (GroupEntry::InlineGroup { group, .. }, _) => self.sequence(group, items, at),
            (GroupEntry::TypeGroupname { ge, .. }, item) => match self.group_rule(ge.name.ident) {
                Some(entry) => self.repeated(entry, items, at),
                None => next(item.is_some_and(|item| self.named(ge.name.ident, item))),
            },
        }
    }

    /// Every list of fields that the group may stand for.
    fn alternatives<'g>(&'g self, group: &'g Group<'static>) -> Vec<Vec<&'g GroupEntry<'static>>> {
        let mut all = Vec::new();
        for choice in &group.group_choices {
            let mut lists = vec![vec![]];
            for (entry, _) in &choice.group_entries {
                let more = self.fields_of(entry);
                let joined = |list: &Vec<_>| {
                    more.iter().map(|more| [list.as_slice(), more].concat()).collect::<Vec<_>>()
                };
                lists = lists.iter().flat_map(joined).collect();
            }
            all.extend(lists);
        }
        all
    }

    fn fields_of<'g>(&'g self, entry: &'g GroupEntry<'static>) -> Vec<Vec<&'g GroupEntry<'static>>> {
        let mut lists = match entry {
            GroupEntry::ValueMemberKey { .. } => return vec![vec![entry]],
            GroupEntry::InlineGroup { group, .. } => self.alternatives(group),
            GroupEntry::TypeGroupname { ge, .. } => self.fields_of(
                self.group_rule(ge.name.ident).unwrap_or_else(|| panic!("no group `{}`", ge.name.ident)),
            ),
        };
        match bounds(occurrence(entry)) {
            (1, 1) => {}
            (0, 1) => lists.push(vec![]),
            other => panic!("a group in a map {other:?} times"),
        }
        lists
    }

    /// Whether each entry of a map belongs to one of the fields, as often as the field may stand.
    fn fields(&self, fields: &[&GroupEntry<'static>], entries: &[(Item, Item)]) -> bool {
        let mut rest: Vec<&(Item, Item)> = entries.iter().collect();
        for field in fields {
            let GroupEntry::ValueMemberKey { ge, .. } = field else { panic!("a field without a key") };
            let key = ge.member_key.as_ref().expect("a field of a map has a key");
            let (own, others): (Vec<_>, Vec<_>) =
                rest.into_iter().partition(|(found, _)| self.is_key(key, found));
            let (least, most) = bounds(ge.occur.as_ref());
            if !(least..=most).contains(&own.len())
                || !own.iter().all(|(_, value)| self.choice(&ge.entry_type, value))
            {
                return false;
            }
            rest = others;
        }
        rest.is_empty()
    }

    fn is_key(&self, key: &MemberKey<'static>, found: &Item) -> bool {
        match key {
            MemberKey::Bareword { ident, .. } => *found == Item::text(ident.ident),
            MemberKey::Value { value: Value::TEXT(text), .. } => *found == Item::text(text),
            MemberKey::Value { value: Value::UINT(value), .. } => *found == Item::Int(*value as i64),
            MemberKey::Value { value: Value::INT(value), .. } => *found == Item::Int(*value as i64),
            MemberKey::Type1 { t1, .. } => self.one(t1, found),
            other => panic!("key {other}"),
        }
    }
}

fn occurrence<'g>(entry: &'g GroupEntry<'static>) -> Option<&'g Occurrence<'static>> {
    match entry {
        GroupEntry::ValueMemberKey { ge, .. } => ge.occur.as_ref(),
        GroupEntry::TypeGroupname { ge, .. } => ge.occur.as_ref(),
        GroupEntry::InlineGroup { occur, .. } => occur.as_ref(),
    }
}

fn bounds(occurrence: Option<&Occurrence<'static>>) -> (usize, usize) {
    match occurrence.map(|occurrence| occurrence.occur) {
        None => (1, 1),
        Some(Occur::Optional { .. }) => (0, 1),
        Some(Occur::ZeroOrMore { .. }) => (0, usize::MAX),
        Some(Occur::OneOrMore { .. }) => (1, usize::MAX),
        Some(Occur::Exact { lower, upper, .. }) => (lower.unwrap_or(0), upper.unwrap_or(usize::MAX)),
    }
}

fn number(literal: &Type2<'static>) -> i64 {
    match literal {
        Type2::UintValue { value, .. } => *value as i64,
        Type2::IntValue { value, .. } => *value as i64,
        other => panic!("{other} is not a number"),
    }
}

fn literal_text(literal: &Type2<'static>) -> String {
    match literal {
        Type2::TextValue { value, .. } => value.clone().into_owned(),
        other => panic!("{other} is not a text"),
    }
}

mod tests {
    use super::*;

    fn grammar(text: &'static str) -> Grammar {
        Grammar { cddl: cddl::cddl_from_str(text, true).expect("CDDL"), expressions: RefCell::default() }
    }

    fn field(key: &str, value: Item) -> (Item, Item) {
        (Item::text(key), value)
    }

    #[test]
    fn a_map_is_closed_and_a_choice_leaves_nothing_behind() {
        let grammar = grammar(
            r#"
            m = {a: 1, g}
            g = (k: "x", b: n // k: "y" / "z", s // k: "w")
            s = (c: n, ? d: true)
            n = 0..9
            "#,
        );
        let accepts = |fields: &[(Item, Item)]| grammar.named("m", &Item::Map(fields.to_vec()));
        let (a, b, c) = (field("a", Item::Int(1)), field("b", Item::Int(2)), field("c", Item::Int(3)));
        let k = |word| field("k", Item::text(word));
        assert!(accepts(&[a.clone(), k("x"), b.clone()]));
        assert!(accepts(&[a.clone(), k("z"), c.clone()]));
        assert!(accepts(&[a.clone(), k("z"), c.clone(), field("d", Item::Bool(true))]));
        assert!(accepts(&[a.clone(), k("w")]));
        assert!(!accepts(&[a.clone(), k("w"), c.clone()]));
        assert!(!accepts(&[a.clone(), k("z"), b.clone()]));
        assert!(!accepts(&[a.clone(), k("z"), c.clone(), field("d", Item::Bool(false))]));
        assert!(!accepts(&[k("w")]));
        assert!(!accepts(&[a, k("x"), field("b", Item::Bytes(vec![2]))]));
    }

    #[test]
    fn a_list_repeats_within_its_bounds_and_a_key_keeps_its_grammar() {
        let grammar = grammar(
            r#"
            l = [1*2 [tstr, * b], ? "end"]
            b = bstr .size (1..2)
            t = {+ name => tstr}
            name = (tstr .size (1..3)) .and (tstr .regexp "[^\\p{Cc}.]+")
            "#,
        );
        let pair = |bytes: &[usize]| {
            let bytes = bytes.iter().map(|len| Item::Bytes(vec![0; *len]));
            Item::List([Item::text("t")].into_iter().chain(bytes).collect())
        };
        let list = |items: &[Item]| grammar.named("l", &Item::List(items.to_vec()));
        assert!(list(&[pair(&[])]));
        assert!(list(&[pair(&[1, 2]), pair(&[2]), Item::text("end")]));
        assert!(!list(&[Item::text("end")]));
        assert!(!list(&[pair(&[]), pair(&[]), pair(&[])]));
        assert!(!list(&[pair(&[3])]));
        let table = |key: Item| grammar.named("t", &Item::Map(vec![(key, Item::text("v"))]));
        assert!(table(Item::text("é")));
        assert!(!table(Item::text("ééa")), "a size counts bytes");
        assert!(!table(Item::text("a.b")), "an expression matches the whole text");
        assert!(!table(Item::text("a\u{85}")));
        assert!(!table(Item::Int(1)));
        assert!(!grammar.named("t", &Item::Map(vec![])));
    }
}
