//! The journal's lines, and what they add up to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use data_encoding::HEXLOWER;
use schemas::envelope::Statement;
use schemas::ids::{KeyId, LogId, StatementId, StreamId};
use schemas::text::Tenant;
use serde::{Deserialize, Serialize};

use super::{Fate, SpoolError, SpoolName, hex, io_error};

/// Version of the journal's form.
const VERSION: u64 = 1;

/// The journal's first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    v: u64,
    log: LogId,
    kid: KeyId,
    tenant: Tenant,
    pub(super) stream: StreamId,
    pub(super) next: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) refused: Vec<u64>,
}

impl Header {
    pub(super) fn new(name: &SpoolName, stream: StreamId) -> Self {
        let SpoolName { log, kid, tenant } = name.clone();
        Self { v: VERSION, log, kid, tenant, stream, next: 0, refused: Vec::new() }
    }

    pub(super) fn line(&self) -> String {
        let json =
            serde_json::to_string(self).unwrap_or_else(|e| unreachable!("a header has a JSON form: {e}"));
        json + "\n"
    }
}

pub(super) fn put_line(statement: &Statement) -> String {
    format!("put {} {}\n", statement.id(), hex(statement.envelope.bytes()))
}

pub(super) fn fate_line(id: &StatementId, fate: Fate) -> String {
    match fate {
        Fate::Logged => format!("end {id}\n"),
        Fate::Refused => format!("refused {id}\n"),
    }
}

/// What a journal adds up to.
pub(super) struct Journal {
    pub(super) header: Header,
    pub(super) next: u64,
    pub(super) unsent: BTreeMap<u64, Statement>,
    numbers: BTreeMap<StatementId, u64>,
    pub(super) refused: Vec<u64>,
    /// Where the last whole line ends, in bytes.
    pub(super) end: u64,
}

impl Journal {
    pub(super) fn read(path: &Path, name: &SpoolName) -> Result<Self, SpoolError> {
        let bytes = fs::read(path).map_err(|e| io_error(path, e))?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let corrupt = |line: usize, detail: String| SpoolError::Corrupt { path: path.into(), line, detail };
        let text = std::str::from_utf8(&bytes[..whole]).map_err(|e| corrupt(0, e.to_string()))?;
        let mut lines = text.lines();
        let header: Header =
            serde_json::from_str(lines.next().unwrap_or_default()).map_err(|e| corrupt(1, e.to_string()))?;
        if header.v != VERSION {
            return Err(corrupt(1, format!("version {}; this program knows version {VERSION}", header.v)));
        }
        if (&header.log, &header.kid, &header.tenant) != (&name.log, &name.kid, &name.tenant) {
            return Err(corrupt(1, "the spool is another log's, key's or tenant's".into()));
        }
        let (next, refused) = (header.next, header.refused.clone());
        let mut journal = Self {
            header,
            next,
            unsent: BTreeMap::new(),
            numbers: BTreeMap::new(),
            refused,
            end: whole as u64,
        };
        for (number, line) in (2..).zip(lines) {
            journal.add(line).map_err(|detail| corrupt(number, detail))?;
        }
        Ok(journal)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["put", id, bytes] => {
                let bytes = HEXLOWER.decode(bytes.as_bytes()).map_err(|e| e.to_string())?;
                let statement = Statement::decode(&bytes).map_err(|e| e.to_string())?;
                if statement.id().to_hex() != *id {
                    return Err(format!("the statement's id is {}, the line says {id}", statement.id()));
                }
                if statement.payload.seq != Some(self.next) {
                    return Err(format!("the number is {:?}, expected {}", statement.payload.seq, self.next));
                }
                self.numbers.insert(statement.id(), self.next);
                self.unsent.insert(self.next, statement);
                self.next = self.next.saturating_add(1);
                Ok(())
            }
            ["end", id] => self.settle(id, Fate::Logged),
            ["refused", id] => self.settle(id, Fate::Refused),
            _ => Err("not a line of a journal".into()),
        }
    }

    fn settle(&mut self, id: &str, fate: Fate) -> Result<(), String> {
        let id = StatementId::from_hex(id).ok_or("not a statement id")?;
        let seq = self.numbers.remove(&id).ok_or_else(|| format!("no statement {id} stands above"))?;
        self.unsent.remove(&seq);
        if fate == Fate::Refused {
            self.refused.push(seq);
        }
        Ok(())
    }
}
