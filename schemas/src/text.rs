//! Text with a grammar: each type holds only text that keeps it.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use crate::checkpoint::Origin;
use crate::limits::{NAME_BYTES_MAX, PRINCIPAL_BYTES_MAX, TENANT_BYTES_MAX};

/// Text that does not keep its type's grammar.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{got}` is not {expected}")]
pub struct TextError {
    /// The grammar, in words.
    pub expected: &'static str,
    /// The text met, cut to its first 80 characters.
    pub got: String,
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $holds:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes the text if it keeps the grammar.
            pub fn new(text: impl Into<String>) -> Result<Self, TextError> {
                let text = text.into();
                let holds: fn(&str) -> bool = $holds;
                if holds(&text) {
                    Ok(Self(text))
                } else {
                    Err(TextError { expected: $expected, got: text.chars().take(80).collect() })
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;
            fn try_from(text: String) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl core::str::FromStr for $name {
            type Err = TextError;
            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    };
}

text_type!(
    /// URI of a principal: `user:alice@corp`, `spiffe://…`, `arn:…`, `agent:planner/7`. At most 2,048 bytes.
    PrincipalId, "a principal URI (scheme:name, no white space, at most 2,048 bytes)",
    |text| text.len() <= PRINCIPAL_BYTES_MAX && is_uri(text)
);
text_type!(
    /// URI of a system that issues foreign ids, or of an extension. At most 2,048 bytes.
    Uri, "a URI (scheme:rest, no white space, at most 2,048 bytes)",
    |text| text.len() <= PRINCIPAL_BYTES_MAX && is_uri(text)
);
text_type!(
    /// Label of a tenant inside a log: letters, digits, `.`, `_`, `-`; 1 to 64 bytes.
    Tenant, "a tenant label (letters, digits, `.`, `_`, `-`; 1 to 64 bytes)",
    |text| (1..=TENANT_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
);
text_type!(
    /// Short name of a type, limit, cause or format: lower-case letters, digits, `.`, `_`, `-`; 1 to 64 bytes.
    Name, "a name (lower-case letters, digits, `.`, `_`, `-`; 1 to 64 bytes)",
    |text| (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'))
);
text_type!(
    /// One line of text, 1 to 2,048 bytes, without control characters: names of actions and resources, foreign ids, task names.
    Line, "one line of text (1 to 2,048 bytes, no control characters)",
    |text| (1..=PRINCIPAL_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control)
);
text_type!(
    /// A decimal number as text, in its one form: no leading zeros, no trailing zeros behind the point, no `-0`, and no
    /// number that an integer within ±(2^53 − 1) could say.
    Decimal, "a decimal in canonical form (such as 4200.5; whole numbers within ±(2^53-1) are integers)",
    is_canonical_decimal
);

impl Tenant {
    /// The label of statements whose emitter names no tenant.
    pub fn default_label() -> Self {
        Self(String::from("default"))
    }
}

/// `scheme ":" rest` of RFC 3986 §3, with any printable characters in the rest.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let mut letters = scheme.bytes();
    letters.next().is_some_and(|b| b.is_ascii_lowercase())
        && letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.'))
        && !rest.is_empty()
        && !rest.chars().any(|c| c.is_control() || c.is_whitespace())
}

fn is_canonical_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let whole_holds = all_digits(whole) && (whole == "0" || !whole.starts_with('0'));
    let fits_integer = || whole.parse::<u64>().is_ok_and(|value| value <= crate::limits::INTEGER_MAX);
    text.len() <= NAME_BYTES_MAX
        && whole_holds
        && match fraction {
            Some(fraction) => all_digits(fraction) && !fraction.ends_with('0'),
            None => !fits_integer(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_one_form() {
        for good in ["0.5", "-0.5", "4200.01", "9007199254740992", "-9007199254740992"] {
            assert!(Decimal::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-", "1", "-0", "0.50", "00.5", ".5", "5.", "+1.5", "1e3", "9007199254740991", "1.5 "]
        {
            assert!(Decimal::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_principal_is_a_uri() {
        for good in ["user:alice@corp", "spiffe://corp/agents/a", "arn:aws:iam::1:user/b", "agent:planner/7"]
        {
            assert!(PrincipalId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "alice", ":x", "user:", "User:alice", "user:al ice", "user:a\nb"] {
            assert!(PrincipalId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_are_bounded_at_their_length() {
        assert!(Tenant::new("a".repeat(TENANT_BYTES_MAX)).is_ok());
        assert!(Tenant::new("a".repeat(TENANT_BYTES_MAX + 1)).is_err());
        assert!(Origin::new("o".repeat(crate::limits::KEY_NAME_BYTES_MAX)).is_ok());
        assert!(Origin::new("o".repeat(crate::limits::KEY_NAME_BYTES_MAX + 1)).is_err());
    }
}
