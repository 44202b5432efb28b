//! Runs of the programs over a log that is there: each a whole process, as a user starts it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::http::{Connection, get};
use crate::process::{self, Ran};
use crate::server::Server;

/// Exit codes of `writ verify log` of a log that holds: all well, or numbers of an emitter are missing, as where only some of
/// its chains were posted.
const VERIFIED: &[i32] = &[0, 12];

/// Copies the log that is served into a folder, or brings the copy up to date.
pub fn mirror(server: &Server, folder: &Path) -> Result<Ran> {
    let address = format!("http://{}", server.address());
    let mut command = writ(server)?;
    command.arg("mirror").arg(folder).args(["--server", &address, "--trust"]).arg(server.trust_file());
    process::run(&mut command, &[0])
}

/// `writ verify log` of such a copy.
pub fn verify(server: &Server, folder: &Path, size: u64) -> Result<Ran> {
    let mut command = writ(server)?;
    command.args(["verify", "log", "--json", "--mirror"]).arg(folder).arg("--trust").arg(server.trust_file());
    let ran = process::run(&mut command, VERIFIED)?;
    let said: Value = serde_json::from_str(&ran.stdout)?;
    ensure!(said["size"].as_u64() == Some(size), "writ verify log: {said}");
    Ok(ran)
}

/// `writd fsck` of a stopped log.
pub fn fsck(server: &Server, size: u64) -> Result<Ran> {
    let mut command = Command::new(server.writd());
    command.args(["fsck", "--json", "--data"]).arg(server.data()).arg("--anchor").arg(server.anchor());
    let ran = process::run(&mut command, &[0])?;
    let said: Value = serde_json::from_str(&ran.stdout)?;
    ensure!(said["size"].as_u64() == Some(size) && said["ok"] == true, "writd fsck: {said}");
    Ok(ran)
}

/// What a compaction left.
#[derive(Clone, Debug)]
pub struct Compacted {
    /// Bytes of all files of the store.
    pub bytes: u64,
    /// Bytes of each column's files.
    pub columns: Vec<(String, u64)>,
    /// What it took.
    pub ran: Ran,
}

/// `writd compact` of a stopped log.
pub fn compact(server: &Server) -> Result<Compacted> {
    let mut command = Command::new(server.writd());
    let ran = process::run(command.args(["compact", "--json", "--data"]).arg(server.data()), &[0])?;
    let said: Value = serde_json::from_str(&ran.stdout)?;
    let column = |column: &Value| Some((column["column"].as_str()?.to_owned(), column["bytes"].as_u64()?));
    let columns = said["columns"].as_array().context("no columns")?.iter().filter_map(column).collect();
    Ok(Compacted { bytes: said["after"].as_u64().context("no size")?, columns, ran })
}

/// Bytes of all files in a folder and in those below it.
pub fn bytes_of(folder: &Path) -> Result<u64> {
    let (mut bytes, mut waiting) = (0, vec![folder.to_path_buf()]);
    while let Some(folder) = waiting.pop() {
        for item in fs::read_dir(folder)? {
            let item = item?;
            let is = item.metadata()?;
            if is.is_dir() {
                waiting.push(item.path());
            } else {
                bytes += is.len();
            }
        }
    }
    Ok(bytes)
}

/// Starts a log that was stopped cleanly; seconds from starting the program to its first answer.
pub fn start(server: &Server) -> Result<f64> {
    let begun = Instant::now();
    server.serve()?;
    let mut connection = Connection::open(server.address())?;
    let answer = connection.exchange(&get("/readyz"))?;
    let took = begun.elapsed().as_secs_f64();
    ensure!(answer.status == 200, "/readyz: status {}", answer.status);
    Ok(took)
}

/// `writ`, whose state lies with the server's.
fn writ(server: &Server) -> Result<Command> {
    let path = server.writd().with_file_name("writ");
    ensure!(path.is_file(), "no writ beside writd; run: cargo build --release -p cli");
    let mut command = Command::new(path);
    command.env("XDG_STATE_HOME", server.folder()).env("RUST_LOG", "warn");
    Ok(command)
}
