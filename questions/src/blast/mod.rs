//! How far something reached: what was done on the strength of it, what of that cannot be undone, who got authority from it,
//! and what it could still do.

mod count;
mod open;
mod text;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use schemas::ids::StatementId;
use schemas::kinds::Outcome;
use schemas::time::{Index, Time};
use serde::{Deserialize, Serialize};
use verifier::gather::GatherError;

use crate::kept::{AsOf, Evidential, KeptError};
use crate::page::{Cursor, Page};
use crate::reach::{Reach, Subject};
use count::Counts;
pub use open::{Hop, OPEN_JUDGED_MAX, OPEN_JUDGED_OF_MANY_MAX, Open};
pub(crate) use text::named;

/// Name of the JSON form.
pub const BLAST_SCHEMA: &str = "writ.blast/1";

/// Most irreversible effects, principals downstream and open delegations that an answer lists; all are counted.
pub const LISTED_MAX: usize = 50;

/// Digits of a moment in a cursor.
const TIME_DIGITS: usize = 16;

/// Which actions are asked about, by the moment at which each was attempted. Both ends count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// From then on.
    pub since: Option<Time>,
    /// Until then.
    pub until: Option<Time>,
}

/// How far something reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blast {
    /// [`BLAST_SCHEMA`].
    pub schema: String,
    /// What was asked about.
    pub of: Of,
    /// Only what was attempted then or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Only what was attempted then or before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// How many statements were looked at.
    pub examined: usize,
    /// Whether those are all that had to be: at most [`EXAMINED_MAX`](crate::reach::EXAMINED_MAX).
    pub complete: bool,
    /// All actions together.
    pub total: Total,
    /// What cannot be undone.
    pub irreversible: Irreversible,
    /// Who got authority from it.
    pub downstream: Downstream,
    /// What it could still do.
    pub open: Open,
    /// How many rows are on this page.
    pub count: usize,
    /// Whether there are more.
    pub truncated: bool,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Actions by resource and action name, most first.
    pub rows: Vec<Row>,
    /// Under which head.
    pub as_of: AsOf,
}

/// What was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Of {
    /// `principal`, `key`, `policy`, `foreign`, or the kind of a statement.
    pub sort: String,
    /// Its name.
    pub name: String,
    /// The tenant within which the name is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The `credential` statement that was asked about, where it was by that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementId>,
}

/// How actions ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcomes {
    /// Done.
    pub completed: u64,
    /// Tried, and failed.
    pub failed: u64,
    /// Never carried out.
    pub suppressed: u64,
    /// Refused.
    pub denied: u64,
    /// No outcome is logged: whether they were done is not known.
    pub unknown: u64,
    /// Rulings other than permits that no action names: requests that went no further.
    pub refused: u64,
}

/// All actions together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Total {
    /// Actions, each once, however many resources it touched.
    pub actions: u64,
    /// How they ended.
    pub outcomes: Outcomes,
    /// Resources that they touched or were refused.
    pub resources: u64,
    /// Rows on all pages.
    pub rows: u64,
    /// When the last was attempted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Time>,
}

/// The actions of one name on one resource. An action that touched several is counted at each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The resource; absent where the actions name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The action.
    pub action: String,
    /// How many.
    pub actions: u64,
    /// How they ended.
    pub outcomes: Outcomes,
    /// When the last was attempted or refused.
    pub last: Time,
    /// Where the last stands.
    pub index: Index,
}

/// What cannot be undone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Irreversible {
    /// Actions with such an effect or of such a class, without those that were denied or suppressed.
    pub total: u64,
    /// Actions of which nobody says whether an effect can be undone.
    pub unknown: u64,
    /// The last of them, at most [`LISTED_MAX`].
    pub listed: Vec<Undoable>,
}

/// One action that cannot be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undoable {
    /// The action's id.
    pub id: StatementId,
    /// Where it stands.
    pub index: Index,
    /// When it was attempted, as its signer says.
    pub at: Time,
    /// Who acted.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// What was changed for good: the effects' targets, or the resources where only the class says so.
    pub targets: Vec<String>,
    /// Whether any of it lies outside the organisation.
    pub external: bool,
    /// What came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// Who got authority from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Downstream {
    /// How many principals.
    pub total: u64,
    /// The nearest, at most [`LISTED_MAX`].
    pub listed: Vec<Heir>,
}

/// A principal that got authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heir {
    /// Who.
    pub principal: String,
    /// From whom, by its nearest hop.
    pub from: String,
    /// That hop.
    pub hop: StatementId,
    /// Where it stands.
    pub index: Index,
    /// How many hops are above it.
    pub above: u64,
    /// How many of the counted actions are its own.
    pub actions: u64,
}

/// How far `subject` reached within a span of time, one page of its rows.
pub fn blast<L: Evidential>(
    subject: &Subject,
    span: Span,
    page: Page,
    log: &L,
) -> Result<Blast, KeptError<L::Error>> {
    let Reach { hops, acts, refusals, examined, complete } =
        Reach::of(subject, log).map_err(GatherError::Source)?;
    let as_of = log.as_of();
    let open = Open::among(&hops, examined, log)?;
    let mut counts = Counts::default();
    acts.iter().filter(|act| span.holds(act.at)).for_each(|act| counts.add(act));
    refusals.iter().filter(|refusal| span.holds(refusal.at)).for_each(|refusal| counts.refuse(refusal));
    let downstream = counts.downstream(subject, &hops);
    let (total, irreversible, rows) = counts.finish();
    let from = usize::try_from(page.from).unwrap_or(usize::MAX);
    let end = from.saturating_add(page.limit);
    let truncated = rows.len() > end;
    let rows: Vec<Row> = rows.into_iter().skip(from).take(page.limit).collect();
    let next = truncated.then_some(Cursor { size: as_of.size, next: end as u64 });
    Ok(Blast {
        schema: BLAST_SCHEMA.into(),
        of: Of::from(subject),
        since: span.since,
        until: span.until,
        examined,
        complete,
        total,
        irreversible,
        downstream,
        open,
        count: rows.len(),
        truncated,
        next: next.map(|next| write_cursor(next, span, subject)),
        rows,
        as_of,
    })
}

impl Span {
    /// Whether a moment is within it.
    pub fn holds(&self, moment: Time) -> bool {
        self.since.is_none_or(|since| moment >= since) && self.until.is_none_or(|until| moment <= until)
    }
}

impl From<&Subject> for Of {
    fn from(subject: &Subject) -> Self {
        let statement = match subject {
            Subject::Foreign { statement, .. } => *statement,
            _ => None,
        };
        let tenant = subject.tenant().map(ToString::to_string);
        Self { sort: subject.sort().into(), name: subject.name(), tenant, statement }
    }
}

/// A cursor carries the span too: "two hours ago" is another moment by the time the next page is asked for.
fn write_cursor(cursor: Cursor, span: Span, subject: &Subject) -> String {
    let since = span.since.unwrap_or_default();
    let until = span.until.unwrap_or(Time(u64::MAX));
    let span = alloc::format!("{:016x}{:016x}", since.0, until.0);
    let rest = cursor.to_text(&["blast", subject.sort(), &subject.name(), &span]);
    alloc::format!("{span}{rest}")
}

/// The span, the size and the row of a cursor; nothing where it is none of this question's.
pub fn read_cursor(text: &str, subject: &Subject) -> Option<(Span, Cursor)> {
    let (span, rest) = text.split_at_checked(TIME_DIGITS.saturating_mul(2))?;
    let (since, until) = span.split_at_checked(TIME_DIGITS)?;
    let cursor = Cursor::parse(rest, &["blast", subject.sort(), &subject.name(), span])?;
    let time = |digits: &str| u64::from_str_radix(digits, 16).ok().map(Time);
    let since = time(since)?;
    let until = time(until)?;
    let since = (since != Time::default()).then_some(since);
    Some((Span { since, until: (until != Time(u64::MAX)).then_some(until) }, cursor))
}
