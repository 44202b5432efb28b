use std::path::PathBuf;
use std::sync::Arc;

use serving::address::{AddressError, addresses};
use serving::limits::Timeouts;
use serving::listen::{listen, start_logging};
use witness::{Witness, http, watch};

use witness::folder::Folder;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::moment;

/// Cosign over HTTP until SIGTERM or SIGINT (C2SP tlog-witness)
///
/// POST /add-checkpoint for logs; GET /SHA256(ORIGIN)/checkpoint for monitors; /livez, /readyz and /metrics for whoever
/// runs it. What is cosigned is on the disk before the answer leaves.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  writ witness serve /var/lib/witness --listen 127.0.0.1:8378")]
pub(crate) struct Args {
    /// Folder of the witness
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Address to listen on, or a host name with a port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8378")]
    listen: String,
    /// Listen on an address that others can reach, although nothing is encrypted
    #[arg(long)]
    insecure_listen: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let addresses = addresses(&args.listen, args.insecure_listen)?;
    start_logging("info");
    http::install_metrics();
    let folder = Folder::new(&args.folder);
    let witness = Arc::new(Witness::open(&folder, super::cosigner(&folder, context)?, seconds)?);
    if witness.follows() == 0 {
        context.output.warn(
            "witness-no-logs",
            "it follows no log yet: `writ witness add DIR VKEY`, which it takes up by itself",
        );
    }
    watch(&witness).map_err(|error| Failure::new("witness-threads", error.to_string()))?;
    let (name, follows) = (witness.key().name().clone(), witness.follows());
    let announce = |address| format!("writ: witness {name} follows {follows} logs on http://{address}");
    let timeouts = Timeouts::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new("witness-threads", error.to_string()))?;
    let served = runtime.block_on(listen(
        &addresses,
        http::router(Arc::clone(&witness), timeouts),
        timeouts,
        announce,
    ));
    // Waits for what was begun: a request is either remembered and answered, or neither.
    drop(runtime);
    served.map_err(|error| {
        Failure::new("witness-listen", format!("the address cannot be listened on: {error}"))
            .next("another --listen")
    })?;
    Ok(Exit::Ok)
}

/// Seconds since the epoch.
fn seconds() -> u64 {
    moment::now().0 / 1_000
}

impl From<AddressError> for Failure {
    fn from(error: AddressError) -> Self {
        let failure = Self::usage("witness-listen", error.to_string());
        match error {
            AddressError::Unreadable { .. } => {
                failure.next("an address or a host name with a port, such as 127.0.0.1:8378")
            }
            AddressError::Reachable { .. } => {
                failure.next("127.0.0.1 behind a proxy that encrypts, or --insecure-listen")
            }
        }
    }
}
