//! What part of a log a question is about, and where its next page begins.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use schemas::query::Query;
use schemas::time::{Index, Time};

use crate::page::Cursor;

/// Digits of a moment before a cursor.
const MOMENT_DIGITS: usize = 16;

/// A question about every statement that fits a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The question and everything that it was asked with, which its pages are bound to.
    pub words: Vec<String>,
    /// The query as it was typed.
    pub text: String,
    /// The query.
    pub query: Query,
    /// The moment that `since:2h` is told from: on every page that of the first.
    pub now: Time,
    /// The first entry that the page is about.
    pub from: Index,
}

/// Where a page begins, and when its question was first asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The moment of the first page.
    pub now: Time,
    /// Size of the log, and the next index.
    pub cursor: Cursor,
}

impl Asked {
    /// The text by which the next page is asked for: of a log of this size, from this index on.
    pub fn next(&self, size: u64, next: Index) -> String {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        format!("{:016x}{}", self.now.0, Cursor { size, next: next.0 }.to_text(&words))
    }
}

impl Begun {
    /// Reads what [`Asked::next`] wrote for the same words; nothing where it is of another question.
    pub fn parse(text: &str, words: &[String]) -> Option<Self> {
        let (now, cursor) = text.split_at_checked(MOMENT_DIGITS)?;
        let plain = now.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let now = u64::from_str_radix(now, 16).ok().filter(|_| plain)?;
        Some(Self { now: Time(now), cursor: Cursor::parse(cursor, &words)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_page_means_the_moment_of_the_first() {
        let words = Vec::from([String::from("coverage"), String::from("since:2h")]);
        let (text, query) = (String::new(), Query::default());
        let asked = Asked { words: words.clone(), text, query, now: Time(77), from: Index(0) };
        let next = asked.next(9, Index(5));
        let begun = Begun { now: Time(77), cursor: Cursor { size: 9, next: 5 } };
        assert_eq!(Begun::parse(&next, &words), Some(begun));
        assert_eq!(Begun::parse(&next, &words[..1]), None, "of another question");
        assert_eq!(Begun::parse(&next[1..], &words), None);
        assert_eq!(Begun::parse(&format!("+{}", &next[1..]), &words), None);
    }
}
