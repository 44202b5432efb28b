//! What programs printed, held against what a document shows.

use regex::Regex;

/// The text without what differs from run to run: hashes, times of now, ports, the temporary folder.
pub(crate) fn normal(text: &str) -> String {
    let same = [
        (r"\S*/writ-demo\.\w+", "DIR"),
        (r"20(2[4-9]|[3-9]\d)-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{3})?Z", "TIME"),
        (r"\b\d+ (min|s|ms)( \d+ (s|ms))?\b", "SPAN"),
        (r"\b\d+ bytes\b", "N bytes"),
        (r"127\.0\.0\.1:\d+", "ADDRESS"),
        (r"\b[0-9a-f]{64}\b", "ID"),
        (r"\b[0-9a-f]{12}\b", "PREFIX"),
        (r"\+[0-9a-f]{8}\b", "+KEY"),
    ];
    same.iter().fold(text.to_owned(), |text, (form, name)| {
        Regex::new(form).unwrap().replace_all(&text, *name).into_owned()
    })
}

/// Whether `shown` is `whole`, where a line `…` stands for any number of lines.
pub(crate) fn shows(shown: &[&str], whole: &[&str]) -> bool {
    match shown.split_first() {
        None => whole.is_empty(),
        Some((&"…", rest)) => (0..=whole.len()).any(|skipped| shows(rest, &whole[skipped..])),
        Some((line, rest)) => {
            whole.split_first().is_some_and(|(first, behind)| first == line && shows(rest, behind))
        }
    }
}
