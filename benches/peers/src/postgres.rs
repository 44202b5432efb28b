//! PostgreSQL: a server of its own in a folder of its own, on a Unix socket alone, ended on every path.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail, ensure};
use futures_util::future::try_join_all;
use tokio::runtime::Runtime;
use tokio::task::block_in_place;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, NoTls, Statement as Prepared};

use crate::corpus::{Corpus, check_all};
use crate::measure::{Plan, Told, Way};

/// Who the server runs as where this program is root, which it refuses to be.
const USER: &str = "postgres";

/// How long a server may take to start or to stop.
const START_TIME_MAX: Duration = Duration::from_secs(60);

/// The chain is made under a lock that is held to the end of the transaction: the order of the chain is then that of commits.
const TABLE: &str = "
    DROP TABLE IF EXISTS log;
    CREATE TABLE log (seq bigint PRIMARY KEY, id bytea NOT NULL, principal text NOT NULL, task text NOT NULL,
        chain bytea NOT NULL, statement bytea NOT NULL);
    ALTER TABLE log ALTER COLUMN statement SET STORAGE PLAIN;
    CREATE UNIQUE INDEX ON log (id);
    CREATE INDEX ON log (principal);
    CREATE INDEX ON log (task);
    CREATE OR REPLACE FUNCTION log_lock() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$;
    CREATE OR REPLACE FUNCTION log_chain() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE last record;
        BEGIN
            SELECT seq, chain INTO last FROM log ORDER BY seq DESC LIMIT 1;
            NEW.seq := coalesce(last.seq + 1, 0);
            NEW.chain := sha256(coalesce(last.chain, '') || NEW.statement);
            RETURN NEW;
        END $$;
    CREATE OR REPLACE FUNCTION log_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE 'append-only'; END $$;
    CREATE TRIGGER log_lock BEFORE INSERT ON log FOR EACH STATEMENT EXECUTE FUNCTION log_lock();
    CREATE TRIGGER log_chain BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION log_chain();
    CREATE TRIGGER log_keeps BEFORE UPDATE OR DELETE OR TRUNCATE ON log EXECUTE FUNCTION log_keeps();";

const INSERT: &str = "INSERT INTO log (id, principal, task, statement) VALUES ($1, $2, $3, $4)";
const COPY: &str = "COPY log (id, principal, task, statement) FROM STDIN BINARY";

/// Every way.
pub fn measure(corpus: &Corpus, plan: &Plan, folder: &Path, programs: &Path) -> Result<Told> {
    let server = Server::start(folder, programs)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut measured = Vec::new();
    for checked in [false, true] {
        for (clients, batch) in [(1, 1), (64, 1), (1, 256), (4, 256), (1, 4_096)] {
            let way = Way { clients, batch, checked };
            measured.push(plan.measure(way, |seconds| server.round(&runtime, corpus, way, seconds))?);
        }
    }
    let settings = "fsync, full_page_writes and synchronous_commit on, shared_buffers 1 GiB, max_wal_size 16 GiB; Unix socket; prepared \
        inserts or COPY BINARY; three indexes (id, principal, task) beside the primary key; SHA-256 chain by trigger under an advisory lock; \
        signatures checked by ed25519-dalek in the client before it sends, of batches on all cores";
    let client = runtime.block_on(server.connect())?;
    let version: String = runtime.block_on(client.query_one("SHOW server_version", &[]))?.get(0);
    let version = version.split(' ').next().unwrap_or_default().to_owned();
    Ok(Told { schema: "writ.peer/1", peer: "PostgreSQL", version, settings: settings.into(), measured })
}

/// A server and its folder.
struct Server {
    process: Child,
    socket: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT is its fast shutdown. It may have ended by itself; either way it is gone afterwards.
        let _ = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        let begun = Instant::now();
        while begun.elapsed() < START_TIME_MAX {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start(folder: &Path, programs: &Path) -> Result<Self> {
        let (data, socket) = (folder.join("postgres"), folder.join("socket"));
        for made in [&data, &socket] {
            fs::create_dir(made)?;
            fs::set_permissions(made, fs::Permissions::from_mode(0o700))?;
        }
        let root = is_root()?;
        if root {
            let owned = Command::new("chown").arg(USER).args([&data, &socket]).status()?;
            ensure!(owned.success(), "there is no user {USER}");
        }
        let program = |name: &str| {
            let mut command =
                Command::new(if root { Path::new("setpriv").into() } else { programs.join(name) });
            if root {
                command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(programs.join(name));
            }
            command.current_dir(&data);
            command
        };
        let made =
            program("initdb").args(["--auth=trust", "-U", "peers", "--no-sync", "-D"]).arg(&data).output()?;
        ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let errors = fs::File::create(folder.join("postgres.log"))?;
        let settings = [
            "listen_addresses=",
            "fsync=on",
            "full_page_writes=on",
            "synchronous_commit=on",
            "shared_buffers=1GB",
            "max_wal_size=16GB",
            "checkpoint_timeout=30min",
            "max_connections=100",
        ];
        let mut command = program("postgres");
        command.arg("-D").arg(&data).arg("-k").arg(&socket);
        settings.iter().for_each(|setting| {
            command.args(["-c", setting]);
        });
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn()?;
        let mut server = Self { process, socket };
        let begun = Instant::now();
        while !server.socket.join(".s.PGSQL.5432").exists() {
            if let Some(status) = server.process.try_wait()? {
                bail!("postgres ended with {status}: {}", fs::read_to_string(folder.join("postgres.log"))?);
            }
            ensure!(begun.elapsed() < START_TIME_MAX, "postgres does not start");
            thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    async fn connect(&self) -> Result<Client> {
        let mut config = Config::new();
        config.host_path(&self.socket).user("peers").dbname("postgres");
        let begun = Instant::now();
        loop {
            match config.connect(NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    return Ok(client);
                }
                Err(error) if begun.elapsed() > START_TIME_MAX => return Err(error).context("connecting"),
                // The socket is there a moment before the server takes connections.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    fn round(
        &self,
        runtime: &Runtime,
        corpus: &Corpus,
        way: Way,
        seconds: Duration,
    ) -> Result<(usize, Duration)> {
        runtime.block_on(async {
            let mut clients = Vec::new();
            for _ in 0..way.clients {
                clients.push(self.connect().await?);
            }
            let first = clients.first().context("no client")?;
            first.batch_execute(TABLE).await?;
            let (next, stored) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let begun = Instant::now();
            let each =
                clients.iter().map(|client| append(client, corpus, way, begun + seconds, &next, &stored));
            // All in one task: as light for the machine as a client can be.
            try_join_all(each).await?;
            let (stored, took) = (stored.into_inner(), begun.elapsed());
            let rows: i64 = first.query_one("SELECT count(*) FROM log", &[]).await?.get(0);
            ensure!(rows == stored as i64, "{rows} rows after {stored} appends");
            Ok((stored, took))
        })
    }
}

/// Appends until the statements or the time are at their end.
async fn append(
    client: &Client,
    corpus: &Corpus,
    way: Way,
    deadline: Instant,
    next: &AtomicUsize,
    stored: &AtomicUsize,
) -> Result<()> {
    let insert = client.prepare(INSERT).await?;
    loop {
        let from = next.fetch_add(way.batch, Ordering::Relaxed);
        let end = (from + way.batch).min(corpus.statements.len());
        let Some(batch) = corpus.statements.get(from..end).filter(|batch| !batch.is_empty()) else {
            return Ok(());
        };
        if from > 0 && Instant::now() >= deadline {
            return Ok(());
        }
        if way.checked {
            block_in_place(|| check_all(batch))?;
        }
        match batch {
            [one] => insert_one(client, &insert, one).await?,
            many => copy(client, many).await?,
        }
        stored.fetch_add(batch.len(), Ordering::Relaxed);
    }
}

async fn insert_one(client: &Client, insert: &Prepared, one: &crate::corpus::Statement) -> Result<()> {
    client.execute(insert, &[&one.id, &one.principal, &one.task, &one.bytes]).await?;
    Ok(())
}

async fn copy(client: &Client, many: &[crate::corpus::Statement]) -> Result<()> {
    let sink = client.copy_in(COPY).await?;
    let writer = BinaryCopyInWriter::new(sink, &[Type::BYTEA, Type::TEXT, Type::TEXT, Type::BYTEA]);
    let mut writer = Box::pin(writer);
    for one in many {
        writer.as_mut().write(&[&one.id, &one.principal, &one.task, &one.bytes]).await?;
    }
    writer.as_mut().finish().await?;
    Ok(())
}

fn is_root() -> Result<bool> {
    let id = Command::new("id").arg("-u").output()?;
    Ok(id.stdout.trim_ascii() == b"0")
}
