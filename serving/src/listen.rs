//! A server's life: bound, announced, served until SIGTERM or SIGINT, ended gracefully. And what it says meanwhile.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::accept::serve;
use crate::limits::Timeouts;

/// Serves on the first of the addresses that is free until the program is told to stop. Once it listens it prints the line that
/// `announce` makes of the address. An error says what the system said.
pub async fn listen(
    addresses: &[SocketAddr],
    router: Router,
    timeouts: Timeouts,
    announce: impl FnOnce(SocketAddr) -> String,
) -> io::Result<()> {
    listen_until(addresses, router, timeouts, announce, std::future::pending()).await
}

/// The same, which ends as well once `until` does.
pub async fn listen_until(
    addresses: &[SocketAddr],
    router: Router,
    timeouts: Timeouts,
    announce: impl FnOnce(SocketAddr) -> String,
    until: impl Future<Output = ()>,
) -> io::Result<()> {
    // Before the address is told to anybody: a signal from then on ends cleanly.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listener = TcpListener::bind(addresses).await?;
    let address = listener.local_addr()?;
    // Whoever started this may have closed the pipe; that is no reason not to serve.
    let _ = writeln!(io::stdout(), "{}", announce(address));
    let _ = io::stdout().flush();
    tracing::info!(%address, "serving");
    let stop = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = until => {}
        }
        tracing::info!("told to stop");
    };
    serve(listener, router, timeouts, stop).await;
    Ok(())
}

/// Logs to stderr: for people on a terminal, JSON elsewhere. `RUST_LOG` says how much, `default` where it does not.
pub fn start_logging(default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // stderr may be a file on a disk that is full. Complaining about that on stderr would end the thread.
    let builder = builder.log_internal_errors(false);
    if io::stderr().is_terminal() {
        builder.with_target(false).init();
    } else {
        builder.json().init();
    }
}
