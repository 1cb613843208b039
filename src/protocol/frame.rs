//! What the hub sends.

use crate::base::{Actor, ContactId, ConversationId, Role, StaffId, WorkspaceId};
use crate::protocol::{ConversationSummary, DraftLease, DraftView, Entry, FrameError, Held, Signal};

/// What the hub sends.
#[expect(clippy::large_enum_variant, reason = "a frame is encoded at once and never kept")]
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The answer to one command: `ok` or `error`, never both.
    Reply {
        /// The command's reference; empty when the frame was too broken to have one.
        #[serde(rename = "ref")]
        reference: String,
        /// What the command gave.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ok: Option<Box<Outcome>>,
        /// Why it was refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<FrameError>,
    },
    /// A durable entry.
    Event {
        /// Where it happened.
        conversation: ConversationId,
        /// What happened.
        entry: Entry,
    },
    /// Ephemeral news.
    Signal(Signal),
}

/// What a command gave.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Outcome {
    /// `hello` was accepted.
    Welcome(Welcome),
    /// `join` gave these entries.
    Joined(Joined),
    /// `send` or `note` was stored.
    Posted(Posted),
    /// `approve`: it will be sent, and can be undone until then.
    Held(Held),
    /// `edit`, `reject`, `undo`, and an `approve` that needs another person as well: the draft as it is now.
    Draft {
        /// The draft.
        draft: Box<DraftView>,
    },
    /// `lease`: who holds the draft now.
    Lease {
        /// The hold; absent when nobody has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<DraftLease>,
    },
    /// Done; there is nothing more to say.
    Done,
}

/// Who the hub takes this connection for.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum You {
    /// A staff member.
    Staff {
        /// Which one.
        id: StaffId,
        /// Their name.
        name: String,
        /// What they may do.
        role: Role,
    },
    /// A customer.
    Contact {
        /// Which one.
        id: ContactId,
        /// Their open conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
    },
}

/// `hello` was accepted.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Welcome {
    /// Who the hub takes this connection for.
    pub you: You,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The store's epoch; changes when the store was restored.
    pub epoch: String,
    /// The hub pings after this many milliseconds of silence.
    pub ping_ms: u64,
}

/// The entries after `after`, oldest first.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Joined {
    /// Which conversation.
    pub conversation: ConversationId,
    /// The store's epoch.
    pub epoch: String,
    /// The client's position is not one of this timeline: forget what you have, these entries begin at
    /// the start.
    pub resync: bool,
    /// The missing entries.
    pub entries: Vec<Entry>,
    /// More follow: join again after the last of these. Live events come once this is false.
    pub more: bool,
    /// The conversation as it is now (staff).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Box<ConversationSummary>>,
    /// The open draft as it is now, also half written (staff).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Box<DraftView>>,
    /// Who holds the draft (staff).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<DraftLease>,
    /// How far the other side has read, once everything is read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<ReadMark>,
}

/// How far somebody has read.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct ReadMark {
    /// Who.
    pub actor: Actor,
    /// The last entry they saw.
    pub seq: i64,
}

/// A message or note is on disk.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct Posted {
    /// Where.
    pub conversation: ConversationId,
    /// Its position.
    pub seq: i64,
    /// It had been stored before under the same `client_id`.
    pub duplicate: bool,
}
