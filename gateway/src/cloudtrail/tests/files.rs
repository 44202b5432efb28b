//! Which files are read, and what a broken one costs.

use std::convert::Infallible;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{bytes_of, context, read_all, sample};
use crate::cloudtrail::{FileError, LOG_BYTES_MAX, Why, read};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_folder_is_read_to_its_depth_and_what_is_no_log_is_counted() {
    let (report, _) = read_all(&[sample("log")]);
    assert!(report.is_whole(), "{:?}", report.failures);
    assert_eq!((report.files_read, report.files_ignored), (2, 2), "notes and a digest file are no logs");
    assert_eq!((report.events_imported, report.events_ignored), (9 + 14, 1), "an insight is about no call");
}

#[test]
fn broken_files_and_events_are_named_and_the_rest_is_imported() {
    let (report, drafts) = read_all(&[sample("corrupt")]);
    let told: Vec<String> = report
        .failures
        .iter()
        .map(|failure| format!("{}: {}", failure.why.code(), failure.to_string().rsplit_once('/').unwrap().1))
        .collect();
    assert_eq!(
        told,
        [
            "event-malformed: events.json, event 2: not a CloudTrail event: missing field `eventID` (line 1, column 635 of the event)",
            "event-malformed: events.json, event 3: not a CloudTrail event: not an object (line 1, column 1 of the event)",
            "event-time-invalid: events.json, event 4 (5a3f0033-0000-4000-8000-000000000033): `eventTime` is not a time",
            "event-type-unknown: events.json, event 5 (5a3f0034-0000-4000-8000-000000000034): `eventType` is none that this adapter knows",
            "event-malformed: events.json, event 6 (5a3f0035-0000-4000-8000-000000000035): not a CloudTrail event: a field holds another type (line 1, column 32 of responseElements)",
            "event-field-missing: events.json, event 7 (5a3f0036-0000-4000-8000-000000000036): `responseElements.credentials.expiration` is missing",
            "file-gzip-broken: half.json.gz: broken gzip: unexpected end of file",
            "file-not-a-log: no-records.json: no CloudTrail log: it has no list `Records`",
            "file-json-broken: truncated.json: cut short after 2 events: broken JSON at line 4, column 492",
        ]
    );
    assert_eq!((report.files_read, report.files_failed, report.events_failed), (1, 3, 6));
    assert_eq!(report.events_imported, 4, "two of the broken list, two before the cut");
    for event in ["5a3f0031-0000-4000-8000-000000000031", "5a3f0037-0000-4000-8000-000000000037"] {
        assert_eq!(drafts.parts(event), ["decision", "action"]);
    }
}

#[test]
fn files_are_told_apart_by_their_bytes_and_members_are_joined() {
    let folder = tempfile::tempdir().unwrap();
    let plain = fs::read(sample("log/2026/03/chain.json")).unwrap();
    let (first, second) = plain.split_at(plain.len() / 2);
    fs::write(folder.path().join("plain-by-content.json.gz"), &plain).unwrap();
    fs::write(folder.path().join("gzip-by-content.json"), gzip(&plain)).unwrap();
    fs::write(folder.path().join("members.json.gz"), [gzip(first), gzip(second)].concat()).unwrap();
    let (report, drafts) = read_all(&[folder.path().to_owned()]);
    assert_eq!((report.files_read, report.files_failed), (3, 0), "{:?}", report.failures);
    assert_eq!(bytes_of(&drafts), bytes_of(&read_all(&[sample("log/2026/03/chain.json")]).1));
}

#[test]
fn a_file_that_is_named_is_read_whatever_it_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trail.log");
    fs::copy(sample("log/2026/03/chain.json"), &path).unwrap();
    assert_eq!(read_all(&[path]).0.events_imported, 9);
    assert_eq!(read_all(&[folder.path().to_owned()]).0.files_ignored, 1);
}

#[test]
fn a_path_that_is_not_there_is_named() {
    let (report, _) = read_all(&[sample("no-such-file.json"), sample("log")]);
    let why = &report.failures[0].why;
    assert_eq!(why, &Why::File(FileError::Unreadable(std::io::ErrorKind::NotFound)));
    assert_eq!(report.files_read, 2);
}

#[test]
fn a_compressed_file_is_not_unfolded_without_bound() {
    let folder = tempfile::tempdir().unwrap();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let block = vec![b' '; 1024 * 1024];
    for _ in 0..=LOG_BYTES_MAX / block.len() as u64 {
        encoder.write_all(&block).unwrap();
    }
    fs::write(folder.path().join("bomb.json.gz"), encoder.finish().unwrap()).unwrap();
    let (report, _) = read_all(&[folder.path().to_owned()]);
    assert_eq!(report.failures[0].why, Why::File(FileError::TooLarge));
}

#[test]
#[cfg(unix)]
fn a_link_to_a_folder_within_a_folder_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("again.json")).unwrap();
    std::os::unix::fs::symlink(sample("log/2026/03/chain.json"), folder.path().join("link.json")).unwrap();
    let (report, _) = read_all(&[folder.path().to_owned()]);
    assert_eq!((report.files_read, report.files_ignored, report.files_failed), (1, 1, 0));
}

#[test]
fn order_and_repetition_change_no_statement() {
    let chain = sample("log/2026/03/chain.json");
    let services = sample("log/2026/03/services.json.gz");
    let once = bytes_of(&read_all(&[chain.clone(), services.clone()]).1);
    let again = bytes_of(&read_all(&[services, chain.clone(), sample("log"), chain]).1);
    assert_eq!(once, again);
}

#[test]
fn reading_stops_where_the_visitor_fails() {
    let paths: Vec<PathBuf> = vec![sample("log")];
    let mut visited = 0;
    let (report, end) = read(&paths, &context(), |_| {
        visited += 1;
        if visited == 6 { Err("full") } else { Ok(()) }
    });
    assert_eq!(end, Err("full"));
    assert_eq!(
        (report.statements_total(), report.events_imported),
        (5, 1),
        "four statements of one event, one of the next"
    );
    let unstopped: Result<(), Infallible> = read(&paths, &context(), |_| Ok(())).1;
    assert_eq!(unstopped, Ok(()));
}
