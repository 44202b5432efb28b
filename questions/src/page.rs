//! Pages of an answer: where one begins, and the text that says where the next does.
//!
//! Every page of an answer is of the same size of the log, so that pages stay identical while the log grows.

use alloc::format;
use alloc::string::String;

/// Digits of the question's hash in a cursor: catches mistakes, protects nothing.
const QUESTION_DIGITS: usize = 16;

/// Digits of a number in a cursor.
const NUMBER_DIGITS: usize = 16;

/// Which part of an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The first place in the answer's order: an index of the log, or a row's number, as the question says.
    pub from: u64,
    /// Most rows on it.
    pub limit: usize,
}

/// Where an answer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The size of the log that the first page was of.
    pub size: u64,
    /// The next place.
    pub next: u64,
}

impl Cursor {
    /// The cursor as text, for the question made of these words.
    pub fn to_text(self, asked: &[&str]) -> String {
        format!("{:016x}{:016x}{}", self.size, self.next, mark(asked))
    }

    /// Reads a cursor; nothing where it is none of this question's.
    pub fn parse(text: &str, asked: &[&str]) -> Option<Self> {
        let (size, rest) = text.split_at_checked(NUMBER_DIGITS)?;
        let (next, marked) = rest.split_at_checked(NUMBER_DIGITS)?;
        let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = |digits: &str| u64::from_str_radix(digits, 16).ok();
        (plain && marked == mark(asked)).then_some(Self { size: number(size)?, next: number(next)? })
    }
}

/// A hash of the question's words, each with its length before it.
fn mark(asked: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for word in asked {
        hasher.update(&(word.len() as u64).to_be_bytes());
        hasher.update(word.as_bytes());
    }
    hasher.finalize().to_hex().chars().take(QUESTION_DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_by_its_own_question_alone() {
        let cursor = Cursor { size: 7, next: u64::MAX };
        let text = cursor.to_text(&["uses", "ab"]);
        assert_eq!(Cursor::parse(&text, &["uses", "ab"]), Some(cursor));
        for other in [&["uses", "ac"][..], &["usesab"], &["uses"], &["use", "sab"]] {
            assert_eq!(Cursor::parse(&text, other), None, "{other:?}");
        }
        let broken =
            [text.to_uppercase(), format!("{text}0"), text[1..].into(), String::new(), "é".repeat(24)];
        for broken in broken {
            assert_eq!(Cursor::parse(&broken, &["uses", "ab"]), None, "{broken}");
        }
    }
}
