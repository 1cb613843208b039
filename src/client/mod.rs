//! A client of the hub: HTTP and socket, as the command line, the demo and the tests use it.
//!
//! Knows only the protocol. One `Socket` is one connection; it matches replies to commands and keeps
//! everything else in the order it came.

mod http;
mod socket;

pub use http::{Http, Visit};
pub use socket::{Socket, Stream, connect};

/// Why talking to a hub failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The hub cannot be reached.
    #[error("cannot reach the hub at {0}")]
    Unreachable(String),
    /// The hub refused.
    #[error("{message} ({code})")]
    Refused {
        /// The stable code.
        code: String,
        /// What was wrong.
        message: String,
        /// The HTTP status; 0 over a socket.
        status: u16,
    },
    /// The socket was closed.
    #[error("the socket was closed ({code}): {reason}")]
    Closed {
        /// The close code; 1006 when there was none.
        code: u16,
        /// The reason given.
        reason: String,
    },
    /// Nothing came in time.
    #[error("nothing came within {0:?}")]
    TimedOut(std::time::Duration),
    /// The hub sent something that is not of this protocol.
    #[error("the hub sent something unreadable: {0}")]
    Unreadable(String),
}
