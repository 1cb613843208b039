//! Ephemeral news: may be dropped, never numbered.

use crate::base::{Actor, ConversationId, DocumentId, DraftId, FileId, StaffId, Timestamp, TurnId};
use crate::protocol::{ConversationSummary, DraftView};

/// A staff member who looks at a conversation.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Person {
    /// Who.
    pub id: StaffId,
    /// Their name.
    pub name: String,
}

crate::word_enum! {
    /// Where filling the past with a schema stands.
    pub enum FillState {
        /// It goes on by itself.
        Running = "running",
        /// Everything was read.
        Done = "done",
        /// Somebody stopped it.
        Stopped = "stopped",
    }
}

/// How far filling the past with a schema got.
#[derive(
    Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct Fill {
    /// The schema's key.
    pub schema: String,
    /// Where it stands.
    pub state: FillState,
    /// Conversations that were read.
    pub done: i64,
    /// How many there were when it began.
    pub total: i64,
    /// Values that were added or replaced.
    pub changed: i64,
    /// Who began it.
    pub started_by: String,
    /// When.
    pub started_at: Timestamp,
}

/// A colleague is on a draft: others leave it to them, or ask before they decide it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct DraftLease {
    /// Who.
    pub holder: Person,
    /// When it lapses unless they renew it.
    pub until: Timestamp,
}

crate::word_enum! {
    /// What somebody is told of.
    pub enum NoticeKind {
        /// A note mentions them.
        Mention = "mention",
        /// A conversation was given to them.
        Assigned = "assigned",
        /// A conversation they put away is back.
        SnoozeOver = "snooze_over",
        /// A draft waits for too long.
        DraftWaits = "draft_waits",
        /// An intent's autopilot has ended.
        AutopilotOff = "autopilot_off",
    }
}

/// Something one person is told of, kept until they look.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct Notice {
    /// Position among this person's notices: rises by one, starting with 1.
    pub seq: i64,
    /// What it is about.
    pub kind: NoticeKind,
    /// Where.
    pub conversation: ConversationId,
    /// The customer's name at the time.
    pub contact: String,
    /// Who caused it; empty when time did.
    pub by: String,
    /// The first words of the note, the title or the draft.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

crate::word_enum! {
    /// The stages of a turn, in order.
    pub enum StageName {
        /// Makes text of what was spoken.
        Transcribe = "transcribe",
        /// Finds what the customer wants.
        Classify = "classify",
        /// Finds the passages that answer it.
        Retrieve = "retrieve",
        /// Finds facts for the context record.
        Extract = "extract",
        /// Decides which rules apply.
        Rules = "rules",
        /// Writes the reply.
        Draft = "draft",
        /// Says what keeps the reply from going out by itself.
        Gate = "gate",
    }
}

crate::word_enum! {
    /// Where a stage stands.
    pub enum StageState {
        /// It runs.
        Started = "started",
        /// It ended well.
        Done = "done",
        /// The stage had nothing to do, or used its fallback.
        Skipped = "skipped",
        /// It did not work.
        Failed = "failed",
    }
}

crate::word_enum! {
    /// Where a document of the knowledge base stands.
    pub enum DocumentStatus {
        /// It will be read.
        Waiting = "waiting",
        /// It is being read.
        Reading = "reading",
        /// Its text is there to answer from.
        Ready = "ready",
        /// It could not be read; a text of before is still there.
        Failed = "failed",
        /// It was deleted.
        Deleted = "deleted",
    }
}

/// Ephemeral news. A client that misses one fetches the state or waits for the next.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "signal", rename_all = "snake_case")]
pub enum Signal {
    /// Somebody types, or has stopped.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        actor: Actor,
        /// Their name.
        name: String,
        /// Typing or not; it lapses after 6 seconds.
        on: bool,
    },
    /// Somebody read up to `seq`.
    Read {
        /// Where.
        conversation: ConversationId,
        /// Who.
        actor: Actor,
        /// The last entry they saw.
        seq: i64,
    },
    /// Who is in a conversation right now: to staff with the colleagues' names, to the customer only
    /// whether somebody of the business is there.
    Presence {
        /// Where.
        conversation: ConversationId,
        /// Colleagues who have it open; always empty for customers.
        viewers: Vec<Person>,
        /// Whether the customer is connected.
        contact_online: bool,
        /// Whether any staff member has it open.
        staff_online: bool,
    },
    /// A voice message is being listened to.
    Transcribing {
        /// Where.
        conversation: ConversationId,
        /// The recording.
        file: FileId,
        /// How far it is, in percent.
        percent: u8,
    },
    /// A stage of a turn began or ended (staff).
    Stage {
        /// Where.
        conversation: ConversationId,
        /// Which turn.
        turn: TurnId,
        /// Which stage.
        stage: StageName,
        /// Where it stands.
        state: StageState,
        /// How long it took, in microseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        micros: Option<i64>,
        /// What came out, in a few words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
    },
    /// A piece of a draft that is being written (staff).
    DraftDelta {
        /// Where.
        conversation: ConversationId,
        /// Which draft.
        draft: DraftId,
        /// Where the piece begins, in UTF-16 code units. At 0 the text begins anew, as another model or the
        /// built-in engine goes on; at another place than the end of what the client has, it waits for
        /// `draft`.
        offset: i64,
        /// The piece.
        text: String,
    },
    /// A draft as it is now: begun, finished, edited, decided (staff).
    Draft {
        /// The draft.
        draft: Box<DraftView>,
    },
    /// A conversation changed: its inbox row as it is now (staff who follow the inbox).
    Inbox {
        /// The row.
        conversation: Box<ConversationSummary>,
    },
    /// A document of the knowledge base changed, or reading it got further (staff who follow the inbox).
    Document {
        /// Which one.
        document: DocumentId,
        /// Where it stands.
        status: DocumentStatus,
        /// Pages that are read.
        page: i64,
        /// How many pages it has, once that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pages: Option<i64>,
    },
    /// Filling the past with a schema got further (staff who follow the inbox).
    Fill {
        /// How far.
        fill: Fill,
    },
    /// Who holds a conversation's draft changed (staff who follow the inbox).
    Lease {
        /// Where.
        conversation: ConversationId,
        /// The hold; absent when nobody has it any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<DraftLease>,
    },
    /// A colleague edits a field of what is known, or has stopped (staff who follow the conversation).
    EditingField {
        /// Where.
        conversation: ConversationId,
        /// Who.
        person: Person,
        /// Key of the field.
        field: String,
        /// Editing it or not; it lapses after 20 seconds, and when they leave.
        on: bool,
    },
    /// This person is told something (staff, wherever they are).
    Notice {
        /// What.
        notice: Box<Notice>,
        /// Notices they have not looked at.
        unread: i64,
    },
    /// This person looked at their notices, here or in another window.
    NoticesSeen {
        /// The last one they saw.
        seq: i64,
        /// Notices they have not looked at.
        unread: i64,
    },
    /// Signals were dropped for this connection: fetch the inbox again.
    InboxStale,
    /// The hub stops for a moment: come back after this many milliseconds.
    Draining {
        /// How long to wait, already jittered per connection.
        retry_after_ms: u64,
    },
}
