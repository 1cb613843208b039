//! Timeline entries: everything durable that happened in a conversation.

use crate::base::{
    Actor, Audience, DraftId, FileId, RecordId, RuleId, SequenceId, SequenceRunId, StaffId, Timestamp, TurnId,
};
use crate::protocol::{Decision, Owner, RejectReason};

/// Something durable that happened in a conversation.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct Entry {
    /// Position in the conversation: rises by one per entry, starting with 1.
    pub seq: i64,
    /// The `seq` of the entry before this one that the same audience can see; 0 for the first.
    pub prev: i64,
    /// Who may see it.
    pub audience: Audience,
    /// Who did it.
    pub actor: Actor,
    /// The actor's name as shown at the time.
    pub author: String,
    /// The text of a message or note, or the words beside a rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What happened.
    pub content: Content,
    /// The client's own id of a message or note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// What an entry says happened.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A message; its text is the entry's body.
    Message {
        /// Attached files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Attachment>,
        /// The draft that was approved and sent as this message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        draft: Option<DraftId>,
    },
    /// A private note; its text is the entry's body.
    Note {
        /// Staff who are mentioned.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<StaffId>,
    },
    /// A turn produced a draft that waits for a person.
    DraftProposed {
        /// Which draft.
        draft: DraftId,
        /// The turn that wrote it.
        turn: TurnId,
        /// Its first words.
        gist: String,
        /// Why it waits, in plain words.
        waits_because: Vec<String>,
    },
    /// Somebody decided a draft, or a newer one replaced it.
    DraftDecided {
        /// Which draft.
        draft: DraftId,
        /// What was decided.
        decision: Decision,
        /// Why it was rejected.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<RejectReason>,
        /// In own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A field of a context record changed.
    FieldChanged {
        /// Which record.
        record: RecordId,
        /// The field's key.
        field: String,
        /// The field's name as shown.
        label: String,
        /// The value before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Object)]
        from: Option<serde_json::Value>,
        /// The value now; absent when it was cleared.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Object)]
        to: Option<serde_json::Value>,
        /// How sure the machine is, 0 to 1; 1 for a person.
        confidence: f64,
        /// Where the value comes from.
        origin: FieldOrigin,
        /// The words it was read from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<String>,
    },
    /// The conversation moved in its workflow.
    StatusMoved {
        /// The status before.
        from: String,
        /// The status now.
        to: String,
    },
    /// The conversation was assigned.
    Assigned {
        /// To whom; absent for nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<StaffId>,
        /// Their name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// Who answers changed: the agent or a person.
    OwnerChanged {
        /// Who answers now.
        owner: Owner,
    },
    /// Labels were added or removed.
    LabelsChanged {
        /// Added labels.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        added: Vec<String>,
        /// Removed labels.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        removed: Vec<String>,
    },
    /// A rule matched and acted.
    RuleFired {
        /// Which rule.
        rule: RuleId,
        /// Its name at the time.
        name: String,
        /// Its version at the time.
        version: i64,
        /// What each action did.
        receipts: Vec<Receipt>,
    },
    /// A sequence began, did a step, or ended.
    SequenceMoved {
        /// Its run.
        run: SequenceRunId,
        /// Which sequence.
        sequence: SequenceId,
        /// Its name at the time.
        name: String,
        /// The version of it that runs.
        version: i64,
        /// What it did.
        moved: SequenceMove,
        /// How many of its steps are done.
        step: i64,
        /// How many it has.
        of: i64,
        /// What each action of the step did.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        receipts: Vec<Receipt>,
        /// Why it stopped, in plain words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// What a draft wanted to have done was done, once, after a person approved it.
    ProposalsDone {
        /// Which draft.
        draft: DraftId,
        /// What became of each.
        receipts: Vec<Receipt>,
    },
    /// The conversation got another title.
    TitleChanged {
        /// The new title.
        title: String,
    },
    /// The customer asked for a person.
    PersonRequested,
    /// The conversation was closed as done, or opened again.
    ResolvedChanged {
        /// Whether it is resolved now.
        resolved: bool,
    },
    /// What was said in a voice message is known, or will not be; the text is the entry's body. The newest
    /// entry of a file counts: a person's correction replaces what a machine heard.
    Transcribed {
        /// The recording.
        file: FileId,
        /// The message it belongs to.
        of: i64,
        /// What became of it.
        state: TranscriptState,
        /// The words in order, with their times; none after a correction.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        words: Vec<SpokenWord>,
        /// The language, as a code of two letters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
        /// Which engine listened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        engine: Option<String>,
        /// The recording goes on after what was listened to.
        #[serde(default)]
        cut: bool,
    },
    /// A model translated what was said in a voice message, for staff; the translation is the entry's body.
    /// One that is older than the recording's newest transcript is out of date.
    Translated {
        /// The recording.
        file: FileId,
        /// The message it belongs to.
        of: i64,
        /// Into which language, as a tag.
        language: String,
        /// Which provider and model.
        engine: String,
    },
    /// The customer rated how a resolution went; their own words are the entry's body. A later one for the
    /// same resolution replaces it.
    Rated {
        /// From 1 to 5.
        score: i64,
        /// The entry that closed the conversation.
        resolution: i64,
    },
    /// Another system called a hook.
    HookReceived {
        /// The word that rules know the hook by.
        key: String,
        /// Its name then.
        name: String,
        /// What it took out of the call.
        values: std::collections::BTreeMap<String, serde_json::Value>,
    },
    /// The conversation was put away until a time, or came back.
    Snoozed {
        /// Until when; absent when it came back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// What brought it back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        woken_by: Option<WokenBy>,
    },
    /// A turn ended without a draft.
    TurnFailed {
        /// Which turn.
        turn: TurnId,
        /// What went wrong, in plain words.
        why: String,
    },
}

impl Content {
    /// The word stored in the `kind` column.
    pub const fn kind(&self) -> &'static str {
        match self {
            Content::Message { .. } => "message",
            Content::Note { .. } => "note",
            Content::DraftProposed { .. } => "draft_proposed",
            Content::DraftDecided { .. } => "draft_decided",
            Content::FieldChanged { .. } => "field_changed",
            Content::StatusMoved { .. } => "status_moved",
            Content::Assigned { .. } => "assigned",
            Content::OwnerChanged { .. } => "owner_changed",
            Content::LabelsChanged { .. } => "labels_changed",
            Content::RuleFired { .. } => "rule_fired",
            Content::SequenceMoved { .. } => "sequence_moved",
            Content::ProposalsDone { .. } => "proposals_done",
            Content::TitleChanged { .. } => "title_changed",
            Content::PersonRequested => "person_requested",
            Content::ResolvedChanged { .. } => "resolved_changed",
            Content::Transcribed { .. } => "transcribed",
            Content::Translated { .. } => "translated",
            Content::Rated { .. } => "rated",
            Content::HookReceived { .. } => "hook_received",
            Content::Snoozed { .. } => "snoozed",
            Content::TurnFailed { .. } => "turn_failed",
        }
    }

    /// Whether rules look at it: an event that is not a message, which has its turn.
    pub const fn is_event(&self) -> bool {
        matches!(
            self,
            Content::FieldChanged { .. }
                | Content::StatusMoved { .. }
                | Content::DraftDecided { .. }
                | Content::ResolvedChanged { .. }
                | Content::Rated { .. }
                | Content::HookReceived { .. }
        )
    }

    /// Whether this is something a person said to another: it counts as unread.
    pub const fn is_message(&self) -> bool {
        matches!(self, Content::Message { .. })
    }
}

/// A file that belongs to a message.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct Attachment {
    /// Which file; its bytes are at `/v1/files/{id}`.
    pub id: FileId,
    /// The name it was uploaded with.
    pub name: String,
    /// The media type found in its content.
    pub media_type: String,
    /// Size in bytes.
    pub size: i64,
    /// For voice messages: whether there will be a transcript. What became of it is told by an entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<TranscriptState>,
    /// For voice messages that can be read: how they look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<Wave>,
}

/// How a recording looks.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct Wave {
    /// How long it is, in milliseconds; the length that was looked at when it is cut.
    pub millis: u32,
    /// It goes on: this is only its beginning.
    #[serde(default)]
    pub cut: bool,
    /// The loudest moment of each part, from 0 to 100.
    pub peaks: Vec<u8>,
}

/// A word of a recording.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct SpokenWord {
    /// The word, with its punctuation.
    pub text: String,
    /// When it begins, in milliseconds.
    pub start_ms: u32,
    /// When it ends, in milliseconds.
    pub end_ms: u32,
    /// How sure the machine is, 0 to 1, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
}

crate::word_enum! {
    /// What is known of a voice message's words.
    pub enum TranscriptState {
        /// No transcription is set up: listen to it.
        NotTranscribed = "not_transcribed",
        /// It will be listened to.
        Waiting = "waiting",
        /// There is a transcript.
        Done = "done",
        /// Nobody speaks in it.
        Silent = "silent",
        /// It could not be transcribed: listen to it.
        Failed = "failed",
        /// A person wrote or corrected the transcript.
        Corrected = "corrected",
    }
}

crate::word_enum! {
    /// Where a field's value comes from; a weaker origin never replaces a stronger one.
    pub enum FieldOrigin {
        /// Read from the conversation by the pipeline.
        Extracted = "extracted",
        /// Set by a rule.
        Rule = "rule",
        /// Set by a person: locked until unlocked.
        Person = "person",
    }
}

crate::word_enum! {
    /// What brought a snoozed conversation back.
    pub enum WokenBy {
        /// The time came.
        Time = "time",
        /// The customer wrote.
        Customer = "customer",
        /// A colleague.
        Person = "person",
    }
}

crate::word_enum! {
    /// What a sequence did.
    pub enum SequenceMove {
        /// It began.
        Started = "started",
        /// A step was done.
        Stepped = "stepped",
        /// Its last step was done.
        Finished = "finished",
        /// Something stopped it.
        Stopped = "stopped",
    }
}

/// What one action of a rule did.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct Receipt {
    /// The action, in the words of the rule.
    pub action: String,
    /// What became of it.
    pub state: ReceiptState,
    /// Why it was skipped or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

crate::word_enum! {
    /// What became of an action.
    pub enum ReceiptState {
        /// It was carried out.
        Done = "done",
        /// It is on its way, or will be tried again.
        Waiting = "waiting",
        /// There was nothing to do, or it may not.
        Skipped = "skipped",
        /// It did not work.
        Failed = "failed",
    }
}
