//! What the questions share that are about everything that fits a query: their options, and asking a mirror.

use std::path::PathBuf;

use gateway::client::Query;
use questions::asked::{Asked, Begun};
use schemas::query::What;
use schemas::time::{Index, Time};
use verifier::evidence::Evidence;

use super::question::no_such_page;
use crate::failure::Failure;
use crate::moment;
use crate::queries::{bound, check, parsed};

/// What the question is about, and where it is asked.
#[derive(clap::Args, Debug)]
pub(super) struct About {
    /// Words and qualifiers, as of `writ search`
    #[arg(value_name = "QUERY", default_value = "", hide_default_value = true)]
    query: String,
    /// From then on, as the statements say: a moment, or so long ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Until then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Where to go on, as the answer before said
    #[arg(long, value_name = "CURSOR")]
    page: Option<String>,
    /// Read every entry from a mirror of the log (`writ mirror`), not from its server
    #[arg(long, value_name = "DIR")]
    pub(super) mirror: Option<PathBuf>,
}

/// The same, understood.
pub(super) struct Question<'a> {
    name: &'static str,
    about: &'a About,
    text: String,
    since: Option<Time>,
    until: Option<Time>,
    /// Further parameters that the answer depends on, in the order in which the server counts them.
    more: Vec<(&'static str, Option<String>)>,
}

impl About {
    /// The question `name` about it, with further parameters that the answer depends on.
    pub(super) fn question(
        &self,
        name: &'static str,
        more: Vec<(&'static str, Option<String>)>,
    ) -> Result<Question<'_>, Failure> {
        let (since, words_since) = bound("since", self.since.as_deref())?;
        let (until, words_until) = bound("until", self.until.as_deref())?;
        check(&self.query)?;
        let text = format!("{}{words_since}{words_until}", self.query).trim().to_owned();
        Ok(Question { name, about: self, text, since, until, more })
    }
}

impl Question<'_> {
    /// The parameters by which the server is asked.
    pub(super) fn query(&self) -> Query {
        self.query_at(None)
    }

    /// The same for the page that begins at a cursor; without one for the page that was asked for.
    pub(super) fn query_at(&self, page: Option<&str>) -> Query {
        let page = page.or(self.about.page.as_deref());
        let words = Some(&self.text).filter(|text| !text.is_empty());
        let millis = |time: Option<Time>| time.map(|time| time.0.to_string());
        let query = Query::default()
            .with_some("q", words)
            .with_some("since", millis(self.since))
            .with_some("until", millis(self.until))
            .with_some("cursor", page);
        self.more.iter().fold(query, |query, (name, value)| query.with_some(name, value.as_ref()))
    }

    /// The question as it is asked of every entry of a mirror.
    pub(super) fn of_mirror(&self, evidence: &Evidence) -> Result<Asked, Failure> {
        let size = evidence.head().size;
        let millis = |time: Option<Time>| time.map(|time| time.0.to_string()).unwrap_or_default();
        let asked = [self.name.to_owned(), self.text.clone(), millis(self.since), millis(self.until)];
        let more = self.more.iter().map(|(_, value)| value.clone().unwrap_or_default());
        let words: Vec<String> = asked.into_iter().chain(more).collect();
        let begun = self.about.page.as_ref().map(|text| {
            Begun::parse(text, &words)
                .ok_or_else(|| no_such_page("--page is not the `next` of an earlier page of this question"))
        });
        let begun = begun.transpose()?;
        if let Some(of) = begun.map(|begun| begun.cursor.size).filter(|of| *of != size) {
            return Err(no_such_page(format!(
                "that page is of a log of {of} entries, and the mirror holds {size}"
            )));
        }
        let now = begun.map_or_else(moment::now, |begun| begun.now);
        let query =
            parsed(&self.text, now)?.with(self.since.map(What::Since)).with(self.until.map(What::Until));
        let from = Index(begun.map_or(0, |begun| begun.cursor.next));
        Ok(Asked { words, text: self.text.clone(), query, now, from })
    }
}
