//! A witness in service takes up changes of its list of logs by itself.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::service::Witness;

/// How often it is looked whether the list was changed.
pub const REREAD_EVERY: Duration = Duration::from_secs(1);

/// Starts a thread that takes up each change of the list. It ends with the witness.
pub fn watch(witness: &Arc<Witness>) -> io::Result<()> {
    let watched = Arc::downgrade(witness);
    thread::Builder::new().name("logs".into()).spawn(move || {
        let mut failing = String::new();
        while let Some(witness) = watched.upgrade() {
            match witness.reread() {
                Ok(true) => tracing::info!(logs = witness.follows(), "the changed list of logs is taken up"),
                Ok(false) => {}
                // Told once, however often it is looked.
                Err(error) if error.to_string() != failing => {
                    failing = error.to_string();
                    tracing::error!(%error, "the changed list of logs is not taken up; the logs of before are followed on");
                }
                Err(_) => {}
            }
            drop(witness);
            thread::sleep(REREAD_EVERY);
        }
    })?;
    Ok(())
}
