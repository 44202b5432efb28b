//! Limits of a grant, and the quantities of an action that they bound.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::text::{Decimal, Line, Name};

/// What an action states of itself: how much, how many, in which currency.
pub type Quantities = BTreeMap<Name, Quantity>;

/// A number or a word. Numbers beyond ±(2^53 − 1) or with a fraction are decimal text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A whole number within ±(2^53 − 1).
    Whole(i64),
    /// Any other number.
    Decimal(Decimal),
    /// A word, compared bytewise.
    Word(Line),
}

/// Bounds by the name of the quantity that they bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Limits(BTreeMap<Name, Limit>);

/// One bound. Every part that is present must hold; at least one must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Largest number allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Quantity>,
    /// Smallest number allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Quantity>,
    /// The values allowed.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub one_of: Option<Vec<Quantity>>,
}

impl Limits {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The limits, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Limit)> {
        self.0.iter()
    }

    /// Adds a limit.
    pub fn insert(&mut self, name: Name, limit: Limit) {
        self.0.insert(name, limit);
    }

    /// Whether each limit is at least as tight as the parent's of that name. An absent one inherits.
    pub fn within(&self, parent: &Self) -> bool {
        parent.0.iter().all(|(name, theirs)| self.0.get(name).is_none_or(|ours| ours.within(theirs)))
    }

    /// The limits that hold where both hold.
    pub fn intersection(&self, other: &Self) -> Self {
        let mut both = self.clone();
        for (name, theirs) in other.iter() {
            let limit = both.0.get(name).map_or_else(|| theirs.clone(), |ours| ours.intersection(theirs));
            both.insert(name.clone(), limit);
        }
        both
    }

    /// Whether some value keeps each of them. Sound: yes only where there may be one.
    pub fn is_possible(&self) -> bool {
        self.0.values().all(|limit| {
            limit.one_of.as_ref().is_none_or(|values| values.iter().any(|value| limit.holds(value)))
        })
    }
}

impl Limit {
    /// The limit that a value keeps if, and only if, it keeps both.
    pub fn intersection(&self, other: &Self) -> Self {
        let one_of = match (&self.one_of, &other.one_of) {
            (Some(ours), Some(theirs)) => {
                Some(ours.iter().filter(|value| theirs.contains(value)).cloned().collect())
            }
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        Self {
            max: tighter(&self.max, &other.max, Ordering::Greater).cloned(),
            min: tighter(&self.min, &other.min, Ordering::Less).cloned(),
            one_of,
        }
    }

    /// Whether `value` keeps this limit.
    pub fn holds(&self, value: &Quantity) -> bool {
        let in_order =
            |a: &Quantity, b: &Quantity| matches!(a.number_cmp(b), Some(Ordering::Less | Ordering::Equal));
        self.max.as_ref().is_none_or(|max| in_order(value, max))
            && self.min.as_ref().is_none_or(|min| in_order(min, value))
            && self.one_of.as_ref().is_none_or(|values| values.contains(value))
    }

    /// Whether every value that keeps this limit keeps `parent`. Sound; compares part by part.
    pub fn within(&self, parent: &Self) -> bool {
        // A closed list is within whatever each of its values keeps; otherwise each bound must be met by ours.
        if let Some(values) = &self.one_of {
            return values.iter().filter(|value| self.holds(value)).all(|value| parent.holds(value));
        }
        let tighter =
            |ours: &Option<Quantity>, theirs: &Option<Quantity>, looser: Ordering| match (ours, theirs) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(ours), Some(theirs)) => ours.number_cmp(theirs).is_some_and(|order| order != looser),
            };
        parent.one_of.is_none()
            && tighter(&self.max, &parent.max, Ordering::Greater)
            && tighter(&self.min, &parent.min, Ordering::Less)
    }

    /// Whether the limit says something and its bounds are numbers.
    pub(crate) fn is_well_formed(&self) -> bool {
        let is_number = |bound: &Option<Quantity>| !matches!(bound, Some(Quantity::Word(_)));
        (self.max.is_some() || self.min.is_some() || self.one_of.is_some())
            && is_number(&self.max)
            && is_number(&self.min)
    }
}

impl Quantity {
    /// Order of two numbers; nothing where one is a word.
    pub fn number_cmp(&self, other: &Self) -> Option<Ordering> {
        let whole = |quantity: &Self| match quantity {
            Self::Whole(value) => Some(alloc::format!("{value}")),
            Self::Decimal(decimal) => Some(decimal.as_str().into()),
            Self::Word(_) => None,
        };
        Some(decimal_cmp(&whole(self)?, &whole(other)?))
    }
}

/// The tighter of two bounds: the one that does not stand to the other as `looser`. An absent one is none.
fn tighter<'b>(
    ours: &'b Option<Quantity>,
    theirs: &'b Option<Quantity>,
    looser: Ordering,
) -> Option<&'b Quantity> {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => Some(match ours.number_cmp(theirs) {
            Some(order) if order == looser => theirs,
            Some(_) => ours,
            // A word is no bound that anything keeps.
            None if matches!(ours, Quantity::Word(_)) => ours,
            None => theirs,
        }),
        (one, other) => one.as_ref().or(other.as_ref()),
    }
}

/// Exact order of two decimals in canonical form.
fn decimal_cmp(a: &str, b: &str) -> Ordering {
    match (a.strip_prefix('-'), b.strip_prefix('-')) {
        (Some(a), Some(b)) => magnitude_cmp(b, a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => magnitude_cmp(a, b),
    }
}

fn magnitude_cmp(a: &str, b: &str) -> Ordering {
    let whole_len = |text: &str| text.find('.').unwrap_or(text.len());
    // Without leading zeros the longer whole part is the larger; of equal length digits compare as text, and so do
    // fractions without trailing zeros.
    whole_len(a).cmp(&whole_len(b)).then_with(|| a.cmp(b))
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(value) => serializer.serialize_i64(*value),
            Self::Decimal(decimal) => serializer.serialize_str(decimal.as_str()),
            Self::Word(word) => serializer.serialize_str(word.as_str()),
        }
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct QuantityVisitor;
        impl Visitor<'_> for QuantityVisitor {
            type Value = Quantity;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, a decimal as text, or a word")
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Quantity, E> {
                Ok(Quantity::Whole(value))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Quantity, E> {
                i64::try_from(value)
                    .map(Quantity::Whole)
                    .map_err(|_| E::custom(format_args!("{value} is beyond 2^53 - 1")))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Quantity, E> {
                match Decimal::new(text) {
                    Ok(decimal) => Ok(Quantity::Decimal(decimal)),
                    Err(_) => Line::new(text).map(Quantity::Word).map_err(E::custom),
                }
            }
        }
        deserializer.deserialize_any(QuantityVisitor)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(f),
            Self::Decimal(decimal) => decimal.fmt(f),
            Self::Word(word) => word.fmt(f),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut space = "";
        if let Some(min) = &self.min {
            write!(f, "≥ {min}")?;
            space = " ";
        }
        if let Some(max) = &self.max {
            write!(f, "{space}≤ {max}")?;
            space = " ";
        }
        if let Some(values) = &self.one_of {
            write!(f, "{space}in")?;
            for value in values {
                write!(f, " {value}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Quantity {
        text.parse().map(Quantity::Whole).unwrap_or_else(|_| Quantity::Decimal(Decimal::new(text).unwrap()))
    }

    #[test]
    fn numbers_are_ordered_exactly() {
        let ascending = [
            "-9007199254740992",
            "-10",
            "-9.5",
            "-9",
            "-0.5",
            "0",
            "0.05",
            "0.5",
            "9",
            "9.5",
            "10",
            "10.01",
            "9007199254740993",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(number(a).number_cmp(&number(b)), Some(i.cmp(&j)), "{a} {b}");
            }
        }
    }

    #[test]
    fn a_limit_is_within_another_only_if_no_value_escapes() {
        let max = |text| Limit { max: Some(number(text)), ..Limit::default() };
        let one_of = |words: &[&str]| Limit {
            one_of: Some(words.iter().map(|word| Quantity::Word(Line::new(*word).unwrap())).collect()),
            ..Limit::default()
        };
        assert!(max("100").within(&max("100")));
        assert!(!max("100.01").within(&max("100")));
        assert!(!Limit { min: Some(number("1")), ..Limit::default() }.within(&max("100")));
        assert!(one_of(&["EUR"]).within(&one_of(&["EUR", "USD"])));
        assert!(!one_of(&["EUR", "GBP"]).within(&one_of(&["EUR", "USD"])));
        assert!(!max("1").within(&one_of(&["EUR"])));
    }
}
