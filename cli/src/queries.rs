//! Queries as options and words of the command line say them, refused before anybody is asked.

use schemas::query;
use schemas::time::Time;

use crate::failure::Failure;
use crate::moment;

/// A query with the span that options name, all in words.
pub(crate) fn span(words: &str, since: Option<&str>, until: Option<&str>) -> Result<String, Failure> {
    let mut words = words.to_owned();
    for (name, text) in [("since", since), ("until", until)] {
        let (time, more) = bound(name, text)?;
        words.push_str(&more);
        words.push_str(&time.map(|time| format!(" {name}:{}", time.0)).unwrap_or_default());
    }
    Ok(words)
}

/// A moment that an option names: as a time, or in words where the server is to tell it from its now on every page alike.
pub(crate) fn bound(name: &str, text: Option<&str>) -> Result<(Option<Time>, String), Failure> {
    match text {
        None => Ok((None, String::new())),
        Some(text) if query::Moment::parse(text).is_some() => Ok((None, format!(" {name}:\"{text}\""))),
        Some(text) => Ok((Some(moment::parse(text)?), String::new())),
    }
}

/// Refuses what is no query before anybody is asked.
pub(crate) fn check(words: &str) -> Result<query::Query, Failure> {
    parsed(words, moment::now())
}

/// The query as of a moment.
pub(crate) fn parsed(words: &str, now: Time) -> Result<query::Query, Failure> {
    query::parse(words, now).map_err(|fault| {
        Failure::usage("bad-query", format!("the query goes wrong at byte {}: {}", fault.at, fault.what))
            .marked(fault.at, fault.marked(words))
            .next(format!("writ search '{}'", fault.example))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::schema::tests::assert_described;

    #[test]
    fn a_query_is_refused_with_a_mark_under_its_fault() {
        let failure = check("agent:a toool:b").unwrap_err();
        assert_eq!((failure.code.as_str(), failure.exit), ("bad-query", Exit::Usage));
        assert_eq!(failure.more.position, Some(8));
        assert_eq!(failure.more.marked.as_deref(), Some("agent:a toool:b\n        ^"));
        assert_described(&failure.document());
    }

    #[test]
    fn a_span_stays_in_words_so_that_each_page_means_the_same_moment() {
        assert_eq!(bound("since", Some("2h")).unwrap(), (None, " since:\"2h\"".into()));
        let (time, words) = bound("since", Some("2 hours")).unwrap();
        assert!(time.is_some() && words.is_empty());
        assert_eq!(bound("since", Some("yesterday")).unwrap_err().code, "time-form");
    }
}
