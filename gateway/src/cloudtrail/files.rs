//! From paths to events: folders, plain and compressed log files, and the list of records in each.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use schemas::payload::Payload;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use thiserror::Error;

use super::report::{EventName, Failure, Report, Why};
use super::{Context, drafts};

/// Largest log file, in bytes once decompressed. One file is held in memory at a time; CloudTrail writes one every few
/// minutes and splits them far below this.
pub const LOG_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The first bytes of a gzip member (RFC 1952 §2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What in a folder is taken for a log file.
const LOG_ENDINGS: [&str; 2] = [".json", ".json.gz"];

/// Why a file, or the rest of it, was not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FileError {
    /// The system does not hand it out.
    #[error("cannot be read: {}", plain(*.0))]
    Unreadable(io::ErrorKind),
    /// The compression is broken.
    #[error("broken gzip: {0}")]
    Gzip(io::ErrorKind),
    /// More than [`LOG_BYTES_MAX`].
    #[error("more than {LOG_BYTES_MAX} bytes once decompressed")]
    TooLarge,
    /// Broken JSON; events before that point were read.
    #[error("{}broken JSON at line {line}, column {column}", cut_short(*events))]
    Json {
        /// Events before that point.
        events: u64,
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1.
        column: usize,
    },
    /// JSON, but without a list `Records`.
    #[error("no CloudTrail log: it has no list `Records`")]
    NoRecords,
}

fn cut_short(events: u64) -> String {
    match events {
        0 => String::new(),
        1 => "cut short after 1 event: ".into(),
        _ => format!("cut short after {events} events: "),
    }
}

/// The system's reason as a person would say it.
fn plain(kind: io::ErrorKind) -> String {
    match kind {
        io::ErrorKind::NotFound => "no such file or folder".into(),
        other => other.to_string(),
    }
}

impl FileError {
    /// Whether a part of the file was read.
    pub fn is_cut_short(&self) -> bool {
        matches!(self, Self::Json { events: 1.., .. })
    }

    /// Stable name of this refusal.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "file-unreadable",
            Self::Gzip(_) => "file-gzip-broken",
            Self::TooLarge => "file-too-large",
            Self::Json { .. } => "file-json-broken",
            Self::NoRecords => "file-not-a-log",
        }
    }
}

/// Reads every log file at or below `paths` and hands each draft to `visit`, those of one event together and in order.
///
/// A file or event that cannot be read is named in the report and the rest goes on: of a file whose JSON breaks off, the
/// events before that point; of a compressed one whose checksum does not hold, none, since any of them may be altered. Stops
/// where `visit` fails; the report then covers what was visited until there.
pub fn read<E>(
    paths: &[PathBuf],
    context: &Context,
    mut visit: impl FnMut(Payload) -> Result<(), E>,
) -> (Report, Result<(), E>) {
    let mut report = Report::default();
    let mut waiting: Vec<(PathBuf, Given)> =
        paths.iter().rev().map(|path| (path.clone(), Given::ByName)).collect();
    while let Some((path, given)) = waiting.pop() {
        match look(&path, given) {
            Ok(Found::Folder(within)) => {
                waiting.extend(within.into_iter().rev().map(|path| (path, Given::InFolder)))
            }
            Ok(Found::Other) => report.files_ignored += 1,
            Ok(Found::Log) => {
                if let Err(stop) = read_file(&path, context, &mut report, &mut visit) {
                    return (report, Err(stop));
                }
            }
            Err(error) => report.file_failed(&path, FileError::Unreadable(error.kind())),
        }
    }
    (report, Ok(()))
}

/// How a path came to be read.
#[derive(Clone, Copy, PartialEq)]
enum Given {
    /// The caller named it: a file is taken for a log whatever it is called, links are followed.
    ByName,
    /// It lay in a folder: only what looks like a log is read, and no link to a folder is followed, which could lead in circles.
    InFolder,
}

enum Found {
    Folder(Vec<PathBuf>),
    Log,
    Other,
}

fn look(path: &Path, given: Given) -> io::Result<Found> {
    let is_link = fs::symlink_metadata(path)?.is_symlink();
    let file_type = fs::metadata(path)?.file_type();
    let is_log = given == Given::ByName
        || path
            .file_name()
            .is_some_and(|name| LOG_ENDINGS.iter().any(|end| name.to_string_lossy().ends_with(end)));
    if file_type.is_dir() && !(is_link && given == Given::InFolder) {
        let mut within =
            fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        within.sort();
        Ok(Found::Folder(within))
    } else if file_type.is_file() && is_log {
        Ok(Found::Log)
    } else {
        Ok(Found::Other)
    }
}

fn read_file<E>(
    path: &Path,
    context: &Context,
    report: &mut Report,
    visit: &mut impl FnMut(Payload) -> Result<(), E>,
) -> Result<(), E> {
    let bytes = match bytes_of(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            report.file_failed(path, error);
            return Ok(());
        }
    };
    let log = records(&bytes);
    if log.is_digest {
        report.files_ignored += 1;
        return Ok(());
    }
    for (number, event) in (1..).zip(&log.events) {
        match drafts(event.get(), context) {
            Ok(drafts) if drafts.is_empty() => report.events_ignored += 1,
            Ok(drafts) => {
                for draft in drafts {
                    let kind = draft.kind;
                    visit(draft)?;
                    *report.statements.entry(kind).or_default() += 1;
                }
                report.events_imported += 1;
            }
            Err(error) => {
                let event = EventName::of(number, event.get());
                report.failed(Failure { file: path.to_owned(), event: Some(event), why: Why::Event(error) });
            }
        }
    }
    match log.error {
        Some(error) => report.file_failed(path, error),
        None => report.files_read += 1,
    }
    Ok(())
}

/// The file's bytes, decompressed where its first bytes say that it is compressed, whatever its name says.
fn bytes_of(path: &Path) -> Result<Vec<u8>, FileError> {
    let unreadable = |error: io::Error| FileError::Unreadable(error.kind());
    let mut head = Vec::new();
    let mut file = File::open(path).map_err(unreadable)?;
    file.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut head).map_err(unreadable)?;
    let is_gzip = head == GZIP_MAGIC;
    let whole = io::Cursor::new(head).chain(file);
    let mut bytes = Vec::new();
    // One byte more than the bound shows that there is more.
    if is_gzip {
        let broken = |error: io::Error| FileError::Gzip(error.kind());
        MultiGzDecoder::new(whole).take(LOG_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(broken)?;
    } else {
        whole.take(LOG_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if bytes.len() as u64 > LOG_BYTES_MAX { Err(FileError::TooLarge) } else { Ok(bytes) }
}

/// The events of one log file, each exactly as it stands there.
#[derive(Default)]
struct Records<'a> {
    events: Vec<&'a RawValue>,
    /// CloudTrail's signed list of log files, which lies in folders beside them.
    is_digest: bool,
    /// Where the list breaks off, if it does.
    error: Option<FileError>,
}

fn records(bytes: &[u8]) -> Records<'_> {
    let mut records = Records::default();
    let mut found = false;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = json
        .deserialize_map(LogVisitor { records: &mut records, found: &mut found })
        .and_then(|()| json.end());
    records.error = match read {
        Err(error) if error.is_data() => Some(FileError::NoRecords),
        Err(error) => Some(FileError::Json {
            events: records.events.len() as u64,
            line: error.line(),
            column: error.column(),
        }),
        Ok(()) if !found && !records.is_digest => Some(FileError::NoRecords),
        Ok(()) => None,
    };
    records
}

struct LogVisitor<'r, 'a> {
    records: &'r mut Records<'a>,
    found: &'r mut bool,
}

impl<'a> Visitor<'a> for LogVisitor<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with a list `Records`")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "Records" => {
                    map.next_value_seed(EventList(&mut self.records.events))?;
                    *self.found = true;
                }
                "digestS3Object" => {
                    map.next_value::<IgnoredAny>()?;
                    self.records.is_digest = true;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Keeps what it has read when the list breaks off.
struct EventList<'r, 'a>(&'r mut Vec<&'a RawValue>);

impl<'a> DeserializeSeed<'a> for EventList<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for EventList<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(event) = list.next_element()? {
            self.0.push(event);
        }
        Ok(())
    }
}
