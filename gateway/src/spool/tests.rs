use std::os::unix::fs::PermissionsExt;

use schemas::payload::{Body, Payload};
use schemas::text::PrincipalId;

use super::*;
use crate::signer::Signer;
use keyfile::SecretKey;

struct Desk {
    root: tempfile::TempDir,
    signer: Signer,
    name: SpoolName,
}

impl Desk {
    fn new() -> Self {
        let signer = Signer::new(SecretKey::generate().unwrap(), PrincipalId::new("user:a").unwrap());
        let name =
            SpoolName { log: LogId::new([1; 32]), kid: *signer.kid(), tenant: Tenant::default_label() };
        Self { root: tempfile::tempdir().unwrap(), signer, name }
    }

    fn open(&self) -> Spool {
        Spool::open(self.root.path(), &self.name).unwrap()
    }

    fn journal(&self) -> PathBuf {
        let Spool { folder, .. } = self.open();
        folder.join("journal")
    }

    fn statement(&self, stream: StreamId, seq: u64) -> Statement {
        let json = serde_json::json!({
            "v": 1, "kind": "correction", "log": self.name.log, "tenant": "default", "at": 7, "vantage": "authority",
            "stream": stream, "seq": seq, "body": {"about": "cd".repeat(32), "note": format!("number {seq}")}
        });
        let payload: Payload<Body> = Payload::from_json(&json).unwrap();
        self.signer.sign(&payload).unwrap()
    }

    fn put(&self, spool: &mut Spool, count: u64) -> Vec<StatementId> {
        let (stream, next) = (spool.stream(), spool.next());
        let statements: Vec<_> = (next..next + count).map(|seq| self.statement(stream, seq)).collect();
        let ids = statements.iter().map(Statement::id).collect();
        spool.put(statements).unwrap();
        ids
    }
}

fn numbers(spool: &Spool) -> Vec<u64> {
    spool.unsent().map(|statement| statement.payload.seq.unwrap()).collect()
}

#[test]
fn what_was_put_is_there_after_reopening_with_the_same_bytes_and_numbers() {
    let desk = Desk::new();
    let mut spool = desk.open();
    let ids = desk.put(&mut spool, 3);
    let stream = spool.stream();
    drop(spool);
    let mut spool = desk.open();
    assert_eq!((spool.stream(), spool.next()), (stream, 3));
    assert_eq!(spool.unsent().map(Statement::id).collect::<Vec<_>>(), ids);
    spool.settle(&[(ids[1], Fate::Logged)]).unwrap();
    drop(spool);
    assert_eq!(numbers(&desk.open()), [0, 2]);
}

#[test]
fn numbers_go_on_after_everything_was_sent_and_the_journal_was_shortened() {
    let desk = Desk::new();
    let mut spool = desk.open();
    for id in desk.put(&mut spool, 2) {
        spool.settle(&[(id, Fate::Logged)]).unwrap();
    }
    spool.compact().unwrap();
    let ids = desk.put(&mut spool, 1);
    drop(spool);
    let spool = desk.open();
    assert_eq!((spool.next(), numbers(&spool)), (3, vec![2]));
    assert_eq!(spool.unsent().next().unwrap().id(), ids[0]);
}

#[test]
fn a_line_cut_short_by_a_crash_is_forgotten_and_its_number_used_again() {
    let desk = Desk::new();
    let mut spool = desk.open();
    desk.put(&mut spool, 2);
    drop(spool);
    let path = desk.journal();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
    let mut spool = desk.open();
    assert_eq!((spool.next(), numbers(&spool)), (1, vec![0]));
    desk.put(&mut spool, 1);
    drop(spool);
    assert_eq!(numbers(&desk.open()), [0, 1]);
}

#[test]
fn a_changed_line_stops_the_spool_instead_of_losing_a_statement() {
    let desk = Desk::new();
    let mut spool = desk.open();
    desk.put(&mut spool, 2);
    drop(spool);
    let path = desk.journal();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without_the_first_number = format!("{}\n{}\n", lines[0], lines[2]);
    let with_another_id = text.replacen("put ", "put 0", 1);
    for changed in [text.replacen("put ", "pit ", 1), with_another_id, without_the_first_number] {
        fs::write(&path, changed).unwrap();
        assert_eq!(Spool::open(desk.root.path(), &desk.name).unwrap_err().code(), "spool-corrupt");
    }
}

#[test]
fn refused_numbers_are_remembered_until_they_are_void() {
    let desk = Desk::new();
    let mut spool = desk.open();
    let ids = desk.put(&mut spool, 2);
    spool.settle(&[(ids[0], Fate::Refused), (ids[1], Fate::Logged)]).unwrap();
    drop(spool);
    let mut spool = desk.open();
    assert_eq!(spool.refused(), [0]);
    spool.compact().unwrap();
    drop(spool);
    let mut spool = desk.open();
    assert_eq!(spool.refused(), [0], "also from the first line alone");
    spool.voided(&[0]);
    spool.compact().unwrap();
    drop(spool);
    assert!(desk.open().refused().is_empty());
}

#[test]
fn a_second_process_is_kept_out() {
    let desk = Desk::new();
    let _first = desk.open();
    assert_eq!(Spool::open(desk.root.path(), &desk.name).unwrap_err().code(), "spool-busy");
}

#[test]
fn a_statement_with_another_number_or_stream_is_not_taken() {
    let desk = Desk::new();
    let mut spool = desk.open();
    let stream = spool.stream();
    assert_eq!(spool.put(vec![desk.statement(stream, 1)]).unwrap_err().code(), "spool-number");
    assert_eq!(
        spool.put(vec![desk.statement(StreamId::new([9; 16]), 0)]).unwrap_err().code(),
        "spool-number"
    );
    assert_eq!(spool.next(), 0);
}

#[test]
fn a_tenant_called_like_a_parent_folder_stays_inside() {
    let mut desk = Desk::new();
    desk.name.tenant = "..".parse().unwrap();
    assert_eq!(desk.journal().parent().unwrap().file_name().unwrap(), "tenant-..");
}

#[test]
fn nobody_else_can_read_the_spool() {
    let desk = Desk::new();
    let path = desk.journal();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
}
