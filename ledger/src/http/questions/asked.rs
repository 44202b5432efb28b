//! What the questions share that are about everything that fits a query.

use questions::asked::{Asked, Begun};
use schemas::query::{Query, What};
use schemas::time::{Index, Time};

use super::{pinned, wrong_cursor};
use crate::clock::{Clock, SystemClock};
use crate::http::problem::Problem;
use crate::http::query::Params;
use crate::http::search::in_words;
use crate::kept::Pinned;
use crate::read::Reader;

/// Parameters of every such question.
pub(super) const PARAMETERS: [&str; 4] = ["q", "since", "until", "cursor"];

/// A question as it came in.
pub(super) struct Incoming {
    words: Vec<String>,
    text: String,
    query: Query,
    now: Time,
    begun: Option<Begun>,
}

impl Incoming {
    /// Reads the question `name`, which is also asked with the parameters `more`.
    pub(super) fn read(name: &str, params: &Params, more: &[&str]) -> Result<Self, Problem> {
        let asked = ["q", "since", "until"].iter().chain(more);
        let asked = asked.map(|name| params.text(name).unwrap_or_default());
        let words: Vec<String> = [name].into_iter().chain(asked).map(str::to_owned).collect();
        let cursor = params.text("cursor");
        let begun = cursor.map(|text| Begun::parse(text, &words).ok_or_else(wrong_cursor)).transpose()?;
        let now = begun.map_or_else(|| SystemClock::new().now(), |begun| begun.now);
        let text = params.text("q").unwrap_or_default().to_owned();
        let query = in_words(&text, now)?
            .with(params.number("since")?.map(Time).map(What::Since))
            .with(params.number("until")?.map(Time).map(What::Until));
        Ok(Self { words, text, query, now, begun })
    }

    /// The question, and the log at the size that it is asked of.
    pub(super) fn pinned<'r, 'l>(self, reader: &'r Reader<'l>) -> Result<(Asked, Pinned<'r, 'l>), Problem> {
        let (log, from) = pinned(reader, self.begun.map(|begun| begun.cursor))?;
        let Self { words, text, query, now, .. } = self;
        Ok((Asked { words, text, query, now, from: Index(from) }, log))
    }
}
