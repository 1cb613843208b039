//! Why the hub closes a socket. 4000 to 4499: come back; 4500 to 4999: do not.

/// Why the hub closes a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Close {
    /// The hub stops or restarts: come back after the jittered delay it signalled.
    Draining,
    /// The reader was too slow: come back and resume.
    Slow,
    /// No pong within two periods.
    Unresponsive,
    /// The token ran out: fetch another and come back.
    TokenExpired,
    /// No `hello` in time.
    HelloTimeout,
    /// Too many broken or refused frames.
    Strikes,
    /// Not signed in, or the token is not valid.
    Unauthenticated,
    /// Signed out or revoked elsewhere.
    Revoked,
    /// A frame was larger than allowed.
    TooLarge,
    /// Our fault.
    Internal,
}

impl Close {
    /// Every reason.
    pub const ALL: &'static [Close] = &[
        Close::Draining,
        Close::Slow,
        Close::Unresponsive,
        Close::TokenExpired,
        Close::HelloTimeout,
        Close::Strikes,
        Close::Unauthenticated,
        Close::Revoked,
        Close::TooLarge,
        Close::Internal,
    ];

    /// The code in the close frame.
    pub const fn code(self) -> u16 {
        match self {
            Close::Draining => 4000,
            Close::TokenExpired => 4001,
            Close::Unresponsive => 4002,
            Close::Slow => 4008,
            Close::Internal => 4011,
            Close::HelloTimeout => 4500,
            Close::Strikes => 4501,
            Close::Unauthenticated => 4502,
            Close::Revoked => 4503,
            Close::TooLarge => 4509,
        }
    }

    /// The words in the close frame; at most 123 bytes (RFC 6455, 5.5).
    pub const fn reason(self) -> &'static str {
        match self {
            Close::Draining => "the hub restarts; come back and resume",
            Close::TokenExpired => "the token ran out; fetch another and resume",
            Close::Unresponsive => "no pong in time; come back and resume",
            Close::Slow => "reading too slowly; come back and resume",
            Close::Internal => "something failed here; come back and resume",
            Close::HelloTimeout => "no hello in time",
            Close::Strikes => "too many refused frames",
            Close::Unauthenticated => "not signed in",
            Close::Revoked => "signed out",
            Close::TooLarge => "the frame is larger than 65536 bytes",
        }
    }

    /// Whether the client should come back by itself.
    pub const fn come_back(self) -> bool {
        self.code() < 4500
    }
}
