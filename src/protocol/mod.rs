//! What travels over a socket: commands, replies, events, signals and close codes.
//!
//! Pure data: no I/O, no database. The hub, the load tester, the command-line clients and the generated
//! documents (`schemas/protocol.json`, `schemas/asyncapi.json`, the TypeScript types) all use these types.
//!
//! - A **command** carries a `ref`; exactly one **reply** echoes it, with `ok` or `error`.
//! - An **event** is a durable timeline entry with its `seq`. `prev` is the `seq` of the entry before it
//!   that this audience can see: a reader whose last `seq` differs from `prev` has a hole and joins again.
//! - A **signal** is ephemeral (typing, presence, draft deltas, queue hints). It may be dropped.

mod close;
mod command;
mod draft;
mod entry;
mod error;
mod frame;
mod signal;
mod summary;

pub use close::Close;
pub use command::{Command, CommandFrame, CommandName};
pub use draft::{
    AutopilotMark, Blocker, BlockerKind, Citation, Decision, DraftApproval, DraftStatus, DraftView, Held,
    Proposal, ProposalState, RejectReason, Sentence, Support,
};
pub use entry::{
    Attachment, Content, Entry, FieldOrigin, Receipt, ReceiptState, SequenceMove, SpokenWord,
    TranscriptState, Wave, WokenBy,
};
pub use error::{ErrorCode, FrameError};
pub use frame::{Joined, Outcome, Posted, ReadMark, ServerFrame, Welcome, You};
pub use signal::{
    DocumentStatus, DraftLease, Fill, FillState, Notice, NoticeKind, Person, Signal, StageName, StageState,
};
pub use summary::{ContactSummary, ConversationSummary, DraftHint, LastMessage, Owner};

/// The largest frame a client may send, in bytes.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;

/// The longest message, note or edited draft, in Unicode scalar values.
pub const MAX_BODY_CHARS: usize = 10_000;

/// The most entries one `join` reply or one page of a timeline holds.
pub const MAX_PAGE: usize = 200;

/// The longest `ref` and `client_id`, in bytes.
pub const MAX_KEY_BYTES: usize = 64;
