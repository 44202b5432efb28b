use schemas::tree::TreeHash;

use super::*;
use crate::schema::tests::assert_described;
use crate::testlog::TestLog;

fn log() -> TestLog {
    let mut log = TestLog::new();
    for at in 1..5 {
        let statement = log.note_by_registrar(at, "more");
        log.append(&statement);
    }
    log
}

/// The exit for what `log` hands out about an entry, judged by keys of `keys` and the trust file of `trust`.
struct Asked<'a> {
    log: &'a TestLog,
    receipt: Receipt,
    keys: Option<&'a TestLog>,
    trust: Option<&'a TestLog>,
    checkpoint: Option<Note>,
}

impl<'a> Asked<'a> {
    fn of(log: &'a TestLog) -> Self {
        Asked { log, receipt: log.receipt(3, 5), keys: Some(log), trust: Some(log), checkpoint: None }
    }

    fn judge(&self) -> (Document, String) {
        let trust = self.trust.map(TestLog::trust);
        let keys = self.keys.map(|keys| logkey::open(&keys.statement(0), trust.as_ref()).unwrap());
        let (statement, checkpoint) = (self.log.statement(3), self.checkpoint.clone());
        let given =
            Given { receipt: &self.receipt, statement: &statement, keys, checkpoint, trust: trust.as_ref() };
        let unpinned = if self.trust.is_some() { Exit::Ok } else { Exit::Untrusted };
        let (document, text) = judge(&given, unpinned).unwrap();
        assert_described(&document);
        assert_eq!(text.contains("PROVED: "), document.ok, "{text}");
        (document, text)
    }

    fn exit(&self) -> u8 {
        self.judge().0.exit
    }
}

#[test]
fn a_receipt_of_the_pinned_log_proves_its_statement() {
    let log = log();
    let (document, text) = Asked::of(&log).judge();
    assert_eq!((document.exit, document.index, document.size_confirmed), (0, 3, false));
    assert!(text.contains("at size 5 (unconfirmed)") && text.contains("nobody's word"), "{text}");
}

#[test]
fn a_checkpoint_settles_the_size_or_contradicts_it() {
    let log = log();
    let with = |note| Asked { checkpoint: Some(note), ..Asked::of(&log) }.judge().0;
    let settled = with(log.head(5));
    assert_eq!((settled.exit, settled.size_confirmed), (0, true));
    let other = with(log.head(4));
    assert_eq!((other.exit, other.size_confirmed), (0, false));
    assert_eq!(with(log.sign_head(5, TreeHash::EMPTY_ROOT)).exit, 10);
    assert_eq!(with(TestLog::new().head(1)).exit, 13);
}

#[test]
fn without_a_pin_or_a_key_nothing_is_proved() {
    let (log, other) = (log(), TestLog::new());
    assert_eq!(Asked { trust: None, ..Asked::of(&log) }.exit(), 13);
    assert_eq!(Asked { keys: None, ..Asked::of(&log) }.exit(), 13);
    assert_eq!(Asked { trust: Some(&other), ..Asked::of(&log) }.exit(), 13);
    assert_eq!(Asked { keys: Some(&other), ..Asked::of(&log) }.exit(), 13);
}

#[test]
fn another_statement_place_or_path_is_tampering() {
    let log = log();
    let other = log.receipt(2, 5);
    assert_eq!(Asked { receipt: other, ..Asked::of(&log) }.exit(), 10);
    let whole = log.receipt(3, 5);
    let mut refused = 0;
    for at in 0..whole.bytes().len() {
        let mut bytes = whole.bytes().to_vec();
        bytes[at] ^= 1;
        let Ok(receipt) = Receipt::decode(&bytes) else { continue };
        let (document, _) = Asked { receipt, ..Asked::of(&log) }.judge();
        assert_ne!(document.exit, 0, "byte {at}");
        refused += 1;
    }
    assert!(refused > 200, "{refused}");
}
