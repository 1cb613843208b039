//! Accepts connections: no more than the process can hold, and only from peers that get on with it.
//!
//! axum's own loop waits for a request's head for ever and takes connections until the system has no more
//! file handles, which then are missing for files, models and health checks too.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Layer as _;

/// A peer has so long for the head of a request.
const HEAD: Duration = Duration::from_secs(10);

/// And so long on a connection beyond the limit.
const SPARE_HEAD: Duration = Duration::from_secs(2);

/// Connections beyond the limit that are taken all the same: they are told to come back, and health checks
/// are answered.
const SPARE: usize = 32;

/// File handles that are kept for the store, uploads, models and other servers.
const OTHER_FILES: u64 = 96;

/// Connections held where the system does not say how many files a process may open.
const USUAL: usize = 20_000;

/// How long it waits when the system cannot give it a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// What is served: everything, and what is left when there is no room.
pub(super) struct Server {
    /// All routes.
    pub(super) routes: Router,
    /// Routes for connections beyond the limit.
    pub(super) crowded: Router,
    /// Connections held at once.
    pub(super) places: usize,
}

impl Server {
    /// Accepts until it is stopped; each connection is a task, which ends after the request in hand.
    pub(super) async fn run(self, listener: TcpListener, tasks: TaskTracker, stopped: CancellationToken) {
        let places = Arc::new(Semaphore::new(self.places));
        let spare = Arc::new(Semaphore::new(SPARE));
        loop {
            let accepted = tokio::select! {
                biased;
                () = stopped.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause(&error).await;
                    continue;
                }
            };
            let (place, routes, head) = match places.clone().try_acquire_owned() {
                Ok(place) => (place, &self.routes, HEAD),
                // Not even that many: the peer sees a closed connection.
                Err(_) => match spare.clone().try_acquire_owned() {
                    Ok(place) => (place, &self.crowded, SPARE_HEAD),
                    Err(_) => {
                        metrics::counter!("concierge_connections_refused_total").increment(1);
                        continue;
                    }
                },
            };
            let service = TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(routes.clone()));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(head)
                .serve_connection(TokioIo::new(Kept { stream, _place: place }), service)
                .with_upgrades();
            let stopped = stopped.clone();
            tasks.spawn(async move {
                let mut connection = std::pin::pin!(connection);
                let ended = tokio::select! {
                    ended = connection.as_mut() => ended,
                    () = stopped.cancelled() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                };
                if let Err(error) = ended {
                    tracing::debug!(error = &error as &dyn std::error::Error, "connection ended");
                }
            });
        }
    }
}

/// How many connections fit: as many as files may be opened, less those that are needed elsewhere. Asks the
/// system for as many as it gives.
pub(super) fn places() -> usize {
    let limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })
    {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    let files = getrlimit(Resource::Nofile).current;
    let places = files.map(|files| files.saturating_sub(OTHER_FILES).max(files / 4));
    places
        .and_then(|places| usize::try_from(places).ok())
        .map_or(USUAL, |places| places.min(Semaphore::MAX_PERMITS))
}

/// Waits after the system could not give a connection; a peer that went away is no reason to.
async fn pause(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::warn!(error = error as &dyn std::error::Error, "no connection can be accepted now");
        tokio::time::sleep(PAUSE).await;
    }
}

/// A connection and its place, which is free when the connection ends: also one that became a socket.
struct Kept {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

impl Kept {
    fn stream(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        Pin::new(&mut self.get_mut().stream)
    }
}

impl AsyncRead for Kept {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_read(cx, into)
    }
}

impl AsyncWrite for Kept {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream().poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(cx)
    }
}
