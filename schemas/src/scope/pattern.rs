//! Patterns over names: what a grant allows, and which principals a role is about.
//!
//! `:` and `/` separate segments and equal only themselves. Segments compare bytewise and may be empty. `*` is one whole
//! segment; a final `**` is zero or more. A literal `*` or `%` is written `%2A` or `%25`. `.` and `..` segments are refused.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::{PATTERN_BYTES_MAX, PATTERN_SEGMENTS_MAX};

/// Why text is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// A `*` that is neither a whole segment nor a final `**`.
    #[error(
        "segment `{segment}` of pattern `{pattern}`: `*` stands only as a whole segment, `**` only as the last; write a literal one as %2A"
    )]
    Star {
        /// The whole text.
        pattern: String,
        /// The segment at fault.
        segment: String,
    },
    /// A `%` that begins neither `%2A` nor `%25`.
    #[error("segment `{segment}` of pattern `{pattern}`: `%` stands only in %2A and %25")]
    Percent {
        /// The whole text.
        pattern: String,
        /// The segment at fault.
        segment: String,
    },
    /// A `.` or `..` segment, which other systems resolve to another name.
    #[error("pattern `{pattern}` has a `.` or `..` segment")]
    Dots {
        /// The whole text.
        pattern: String,
    },
    /// Empty, too long, or with a control character.
    #[error(
        "a pattern has 1 to {PATTERN_BYTES_MAX} bytes in at most {PATTERN_SEGMENTS_MAX} segments and no control characters; got {bytes} bytes"
    )]
    Shape {
        /// Length met.
        bytes: usize,
    },
}

/// A pattern that keeps the grammar.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String);

impl Pattern {
    /// Takes the text if it keeps the grammar.
    pub fn new(text: impl Into<String>) -> Result<Self, PatternError> {
        let pattern = text.into();
        let shape = PatternError::Shape { bytes: pattern.len() };
        if pattern.is_empty() || pattern.len() > PATTERN_BYTES_MAX || pattern.chars().any(char::is_control) {
            return Err(shape);
        }
        let count = segments(&pattern).count();
        if count > PATTERN_SEGMENTS_MAX {
            return Err(shape);
        }
        for (number, segment) in (1..).zip(segments(&pattern)) {
            check_segment(&pattern, segment.text, number == count)?;
        }
        Ok(Self(pattern))
    }

    /// The pattern that matches exactly `name`.
    pub fn literal(name: &str) -> Result<Self, PatternError> {
        Self::new(name.replace('%', "%25").replace('*', "%2A"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `name`, a literal name, is one that this pattern allows. Names with `.` or `..` segments never are.
    pub fn matches(&self, name: &str) -> bool {
        if segments(name).any(|segment| matches!(segment.text, "." | "..")) {
            return false;
        }
        let mut names = segments(name);
        for segment in segments(&self.0) {
            if segment.is_rest() {
                // Zero or more: either the name is at its end, or it goes on behind the same separator.
                return names.next().is_none_or(|next| next.separator == segment.separator);
            }
            let Some(next) = names.next() else { return false };
            if next.separator != segment.separator || !(segment.text == "*" || segment.literal() == next.text)
            {
                return false;
            }
        }
        names.next().is_none()
    }

    /// Whether every name that this pattern allows is allowed by `parent`. Exact: never yes wrongly, never no wrongly.
    pub fn within(&self, parent: &Self) -> bool {
        let mut children = segments(&self.0);
        for segment in segments(&parent.0) {
            if segment.is_rest() {
                return children.next().is_none_or(|next| next.separator == segment.separator);
            }
            let Some(next) = children.next() else { return false };
            let text_within = match segment.text {
                "*" => !next.is_rest(),
                _ => segment.text == next.text,
            };
            if next.separator != segment.separator || !text_within {
                return false;
            }
        }
        children.next().is_none()
    }

    /// The pattern of the names that both allow; nothing where there are none. Exact, but for one longer than a pattern may be.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let (mut ours, mut theirs) = (segments(&self.0), segments(&other.0));
        let mut common = String::with_capacity(self.0.len().max(other.0.len()));
        let mut take = |segment: Segment<'_>| {
            common.extend(segment.separator);
            common.push_str(segment.text);
        };
        loop {
            let (rest, next, further) = match (ours.next(), theirs.next()) {
                (None, None) => break,
                (Some(our), Some(their)) if our.is_rest() => (our, their, &mut theirs),
                (Some(our), Some(their)) if their.is_rest() => (their, our, &mut ours),
                (Some(our), Some(their)) => {
                    let both = match (our.text, their.text) {
                        ("*", _) => their,
                        (_, "*") => our,
                        (a, b) if a == b => our,
                        _ => return None,
                    };
                    if our.separator != their.separator {
                        return None;
                    }
                    take(both);
                    continue;
                }
                (Some(rest), None) | (None, Some(rest)) if rest.is_rest() => break,
                _ => return None,
            };
            // Zero or more on the one side: what the other goes on with, where it goes on behind the same separator.
            if next.separator == rest.separator {
                take(next);
                further.for_each(&mut take);
            } else if !next.is_rest() {
                return None;
            }
            break;
        }
        Self::new(common).ok()
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;
    fn try_from(text: String) -> Result<Self, PatternError> {
        Self::new(text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// A segment and the separator in front of it; the first has none.
#[derive(Clone, Copy)]
struct Segment<'a> {
    separator: Option<char>,
    text: &'a str,
}

impl<'a> Segment<'a> {
    fn is_rest(self) -> bool {
        self.text == "**"
    }

    /// The segment's text with `%2A` and `%25` read.
    fn literal(self) -> Cow<'a, str> {
        if self.text.contains('%') {
            Cow::Owned(self.text.replace("%2A", "*").replace("%25", "%"))
        } else {
            Cow::Borrowed(self.text)
        }
    }
}

fn segments(text: &str) -> impl Iterator<Item = Segment<'_>> {
    let mut separator = None;
    text.split_inclusive([':', '/']).chain(text.ends_with([':', '/']).then_some("")).map(move |piece| {
        let text = piece.strip_suffix([':', '/']).unwrap_or(piece);
        let segment = Segment { separator, text };
        separator = piece.chars().next_back().filter(|last| matches!(last, ':' | '/'));
        segment
    })
}

fn check_segment(pattern: &str, text: &str, last: bool) -> Result<(), PatternError> {
    if matches!(text, "." | "..") {
        return Err(PatternError::Dots { pattern: pattern.into() });
    }
    if text.contains('*') && text != "*" && !(text == "**" && last) {
        return Err(PatternError::Star { pattern: pattern.into(), segment: text.into() });
    }
    let escape_holds = |(at, _)| matches!(text.as_bytes().get(at..), Some([b'%', b'2', b'A' | b'5', ..]));
    if !text.match_indices('%').all(escape_holds) {
        return Err(PatternError::Percent { pattern: pattern.into(), segment: text.into() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text).unwrap()
    }

    #[test]
    fn a_star_is_one_whole_segment_and_two_are_the_rest() {
        for (text, name, expected) in [
            ("payments:*", "payments:refund", true),
            ("payments:*", "payments:", true),
            ("payments:*", "payments", false),
            ("payments:*", "payments:refund:all", false),
            ("payments:*", "payments/refund", false),
            ("payments:**", "payments", true),
            ("payments:**", "payments:refund/7:x", true),
            ("payments:**", "paymentsx", false),
            ("payments:**", "payments/refund", false),
            ("**", "anything:at/all", true),
            ("a::b", "a::b", true),
            ("a::b", "a:b", false),
            ("a:%2A", "a:*", true),
            ("a:%2A", "a:b", false),
            ("a:%252A", "a:%2A", true),
            ("a/**", "a/../b", false),
            ("a/*", "a/.", false),
        ] {
            assert_eq!(pattern(text).matches(name), expected, "{text} on {name}");
        }
    }

    #[test]
    fn text_outside_the_grammar_is_no_pattern() {
        for text in ["", "a*", "a:**:b", "***", "a:%", "a:%2a", "%%2A25", "a/./b", "..", "a\nb"] {
            let text = text.replace("\\n", "\n");
            assert!(Pattern::new(text.clone()).is_err(), "{text:?}");
        }
        assert!(Pattern::new("a:".repeat(PATTERN_SEGMENTS_MAX - 1) + "a").is_ok());
        assert!(Pattern::new("a:".repeat(PATTERN_SEGMENTS_MAX) + "a").is_err());
    }

    fn names() -> impl Strategy<Value = String> {
        "(a|b)?([:/](a|b)?){0,3}".prop_filter("names are not empty", |name| !name.is_empty())
    }
    fn patterns() -> impl Strategy<Value = Pattern> {
        "(a|b|\\*)?([:/](a|b|\\*)?){0,2}([:/]\\*\\*)?"
            .prop_filter_map("within the grammar", |text| Pattern::new(text).ok())
    }

    proptest! {
        #[test]
        fn what_a_pattern_within_another_matches_the_other_matches(child in patterns(), parent in patterns(), name in names()) {
            if child.within(&parent) && child.matches(&name) {
                prop_assert!(parent.matches(&name), "{child} within {parent}, {name}");
            }
        }

        #[test]
        fn a_pattern_not_within_another_matches_a_name_that_the_other_does_not(child in patterns(), parent in patterns()) {
            if !child.within(&parent) {
                let witness = all_names().into_iter().find(|name| child.matches(name) && !parent.matches(name));
                prop_assert!(witness.is_some(), "{child} is not within {parent}, yet no short name shows it");
            }
        }

        #[test]
        fn a_literal_pattern_matches_its_name_alone(name in "[a*%:/]{1,6}", other in "[a*%:/]{1,6}") {
            let literal = Pattern::literal(&name).unwrap();
            prop_assert!(literal.matches(&name));
            prop_assert_eq!(literal.matches(&other), name == other);
        }
    }

    /// Every name of up to five segments over two letters, a third that no pattern names, and nothing.
    fn all_names() -> Vec<String> {
        let mut names: Vec<String> = ["a", "b", "c", ""].map(String::from).to_vec();
        let mut longest = names.clone();
        for _ in 0..4 {
            longest = longest
                .iter()
                .flat_map(|name| {
                    [":a", ":b", ":c", ":", "/a", "/b", "/c", "/"].map(|next| format!("{name}{next}"))
                })
                .collect();
            names.extend(longest.iter().cloned());
        }
        names.retain(|name| !name.is_empty());
        names
    }
}
