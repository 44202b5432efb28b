//! Words that say how something stands.

use alloc::format;
use alloc::string::String;

/// A word that says how something stands, with the sign that goes before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It holds.
    Good,
    /// It does not hold.
    Bad,
    /// It is not there.
    Missing,
    /// It holds, with a reservation.
    Warning,
    /// It was not looked at.
    Skipped,
}

impl Mark {
    /// The sign alone.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "✗",
            Self::Missing => "?",
            Self::Warning => "!",
            Self::Skipped => "–",
        }
    }

    /// Sign and word: `✓ VALID`.
    pub fn plain(self, word: &str) -> String {
        format!("{} {word}", self.sign())
    }

    /// The same in the colour of the sign, for a terminal (ECMA-48 SGR: green, red, yellow, bright black).
    pub fn word(self, word: &str) -> String {
        let colour = match self {
            Self::Good => 32,
            Self::Bad => 31,
            Self::Missing | Self::Warning => 33,
            Self::Skipped => 90,
        };
        format!("\u{1b}[{colour}m{}\u{1b}[0m", self.plain(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_its_word_whatever_the_colour() {
        for mark in [Mark::Good, Mark::Bad, Mark::Missing, Mark::Warning, Mark::Skipped] {
            assert!(mark.word("WORD").contains(&mark.plain("WORD")));
            assert!(mark.plain("WORD").starts_with(mark.sign()) && mark.plain("WORD").ends_with(" WORD"));
        }
    }
}
