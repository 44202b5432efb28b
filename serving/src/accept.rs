//! The accept loop. `axum::serve` never times out a silent client; this one does.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use crate::limits::{CONNECTIONS_MAX, HEADERS_MAX, READ_BUFFER_BYTES, STOP_TIMEOUT, Timeouts};
use crate::stall::Stall;

/// How long to wait after the system refused to accept a connection.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// Whether the server was told to stop, in the extensions of each request: for answers that have no end of their own.
#[derive(Clone, Debug)]
pub struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Returns once it was.
    pub async fn wait(&mut self) {
        // Where nobody can tell any more, the server is gone.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}

/// Serves connections until `stop` ends, then lets open requests finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    timeouts: Timeouts,
    stop: impl Future<Output = ()>,
) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (stopping, told) = watch::channel(false);
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let (stream, permit) = accepted;
        let (router, told) = (router.clone(), told.clone());
        tokio::spawn(async move {
            connection(stream, router, timeouts, told).await;
            drop(permit);
        });
    }
    // Nobody is accepted any more; those who wait see a closed port.
    drop(listener);
    stopping.send_replace(true);
    drop(told);
    if timeout(STOP_TIMEOUT, stopping.closed()).await.is_err() {
        tracing::warn!(seconds = STOP_TIMEOUT.as_secs(), "connections were still open; they are cut");
    }
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, impl Drop + Send + use<>) {
    loop {
        let Ok(permit) = Arc::clone(connections).acquire_owned().await else {
            sleep(ACCEPT_PAUSE).await;
            continue;
        };
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            // Out of file descriptors, or the client is gone: both pass.
            Err(error) => {
                tracing::debug!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router, timeouts: Timeouts, mut told: watch::Receiver<bool>) {
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let stopping = Stopping(told.clone());
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let router = router.clone();
        request.extensions_mut().insert(stopping.clone());
        async move {
            let answer = router.oneshot(request.map(axum::body::Body::new) as Request).await;
            Ok::<_, Infallible>(answer.unwrap_or_else(|never| match never {}))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.head)
        .max_headers(HEADERS_MAX)
        .max_buf_size(READ_BUFFER_BYTES)
        .keep_alive(true)
        .serve_connection(TokioIo::new(Stall::new(stream, timeouts.write)), service);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
            return;
        }
        _ = told.wait_for(|stopping| *stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended early while stopping");
    }
}
