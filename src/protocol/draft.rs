//! Drafts as staff see them.

use crate::base::{ConversationId, DocumentId, DraftId, PassageId, Role, StaffId, Timestamp, TurnId};

crate::word_enum! {
    /// Where a draft stands.
    pub enum DraftStatus {
        /// Being written.
        Writing = "writing",
        /// Waits for a person.
        Pending = "pending",
        /// Approved; it is sent at `send_at` unless undone.
        Approved = "approved",
        /// The customer has it.
        Sent = "sent",
        /// A person refused it.
        Rejected = "rejected",
        /// A newer draft took its place, or a person answered instead.
        Superseded = "superseded",
        /// Writing it failed.
        Failed = "failed",
    }
}

crate::word_enum! {
    /// What was decided about a draft.
    pub enum Decision {
        /// Approved as it was written.
        Approved = "approved",
        /// Sent by an intent's autopilot, which a manager turned on: nobody looked at it.
        AutoApproved = "auto_approved",
        /// Approved with a person's own words in it.
        ApprovedEdited = "approved_edited",
        /// Approved by one of several people that a rule asks for.
        ApprovedInPart = "approved_in_part",
        /// Not to be sent.
        Rejected = "rejected",
        /// An approval was taken back before the send.
        Undone = "undone",
        /// A newer draft took its place.
        Superseded = "superseded",
        /// It reached the customer.
        Sent = "sent",
    }
}

crate::word_enum! {
    /// Why a person rejected a draft.
    pub enum RejectReason {
        /// Something in it is not so.
        Wrong = "wrong",
        /// Something is missing.
        Incomplete = "incomplete",
        /// Right, but not how we speak.
        Tone = "tone",
        /// Nothing should be said yet.
        NotNow = "not_now",
        /// What the note says.
        Other = "other",
    }
}

crate::word_enum! {
    /// Why a draft must not go out by itself.
    pub enum BlockerKind {
        /// The customer has to tell something first.
        MissingFact = "missing_fact",
        /// The knowledge base does not answer this.
        MissingKnowledge = "missing_knowledge",
        /// Two sources, or a source and the record, disagree.
        Contradiction = "contradiction",
        /// The topic always needs a person.
        Sensitive = "sensitive",
        /// Who the customer is has not been checked.
        UnverifiedIdentity = "unverified_identity",
        /// The message tries to steer the agent.
        Steering = "steering",
        /// A rule asks for approval.
        RuleRequires = "rule_requires",
        /// The agent is not trusted to answer this by itself yet.
        NotTrustedYet = "not_trusted_yet",
        /// The customer asked for a person.
        PersonRequested = "person_requested",
        /// A sentence rests on nothing that is known.
        Unsupported = "unsupported",
        /// The agent is less sure than its autopilot asks for.
        LowConfidence = "low_confidence",
        /// Autopilot would send it; it is one of those that a person looks at all the same.
        ReviewSample = "review_sample",
        /// It wants something to be done, which a person approves.
        HasEffect = "has_effect",
        /// A person is answering.
        PersonWrites = "person_writes",
    }
}

/// Why a draft must not go out by itself, in plain words.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct Blocker {
    /// Which sort of reason.
    pub kind: BlockerKind,
    /// The reason as staff read it.
    pub says: String,
}

/// A source of a draft, numbered as in its text.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct Citation {
    /// The number shown, from 1.
    pub number: i64,
    /// The passage.
    pub passage: PassageId,
    /// The document it belongs to.
    pub document: DocumentId,
    /// The document's title.
    pub title: String,
    /// The heading above the passage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading: Option<String>,
    /// First character of the passage in the document's text, in Unicode scalar values.
    pub start: i64,
    /// One past its last character.
    pub end: i64,
    /// The cited words.
    pub quote: String,
    /// How well it answers the question, 0 to 1.
    pub score: f64,
}

crate::word_enum! {
    /// What a sentence of a draft rests on.
    pub enum Support {
        /// A cited passage.
        Cited = "cited",
        /// A value of the context record.
        Context = "context",
        /// Courtesy or a question: it claims nothing.
        Phrase = "phrase",
        /// Nothing: check it.
        Unsupported = "unsupported",
    }
}

/// One sentence of a draft and what it rests on.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct Sentence {
    /// First character in the draft's text, in UTF-16 code units (as browsers count).
    pub start: i64,
    /// One past its last character, in UTF-16 code units.
    pub end: i64,
    /// What it rests on.
    pub support: Support,
    /// The numbers of the citations it uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<i64>,
}

/// One person's approval of a draft that needs several.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct DraftApproval {
    /// Who.
    pub by: StaffId,
    /// Their name.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

crate::word_enum! {
    /// What became of something a draft wants to have done.
    pub enum ProposalState {
        /// It is done when the draft is sent.
        Proposed = "proposed",
        /// A person took it off the draft.
        Dropped = "dropped",
        /// It was approved, and is on its way to a server elsewhere.
        Waiting = "waiting",
        /// The server elsewhere was called; its answer is not here yet. It is not called again.
        Begun = "begun",
        /// It was done.
        Done = "done",
        /// It was not done; the receipt says why.
        Skipped = "skipped",
        /// It was tried and did not work, or it is not known whether it did; the receipt says so.
        Failed = "failed",
    }
}

/// Something a draft wants to have done: nothing of it happens before a person approves the draft, and then
/// it happens once.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct Proposal {
    /// Its number on the draft, from 1.
    pub number: i64,
    /// The tool that does it.
    pub tool: String,
    /// What the tool is given.
    #[schema(value_type = Object)]
    pub arguments: serde_json::Value,
    /// What will be done, in exact words.
    pub says: String,
    /// What became of it.
    pub state: ProposalState,
    /// What was done, or why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

crate::word_enum! {
    /// What autopilot did with a draft.
    pub enum AutopilotMark {
        /// It would have sent it, and held it for a person to look at.
        Sample = "sample",
        /// It sends it, or has sent it.
        Sent = "sent",
        /// A person stopped it.
        Stopped = "stopped",
    }
}

/// A draft as staff see it.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct DraftView {
    /// Which draft.
    pub id: DraftId,
    /// The conversation it answers.
    pub conversation: ConversationId,
    /// The turn that wrote it.
    pub turn: TurnId,
    /// Rises with every kept edit; a decision names it.
    pub revision: i64,
    /// Where it stands.
    pub status: DraftStatus,
    /// The customer entry it answers.
    pub for_seq: i64,
    /// What the agent wrote.
    pub text: String,
    /// What it says with the edits people made; absent while nobody changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_text: Option<String>,
    /// Who edited it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_by: Option<StaffId>,
    /// Hash of the text that would be sent (edited, else written); a decision names it.
    pub hash: String,
    /// Sources, numbered as in the text.
    pub citations: Vec<Citation>,
    /// What each sentence rests on.
    pub sentences: Vec<Sentence>,
    /// Why it waits.
    pub blockers: Vec<Blocker>,
    /// The intent it answers; absent for none of the known ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<String>,
    /// How sure the agent is, 0 to 1.
    pub confidence: f64,
    /// The least role that may approve it, where a rule asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_role: Option<Role>,
    /// How many different people must approve it.
    #[serde(default = "one")]
    pub required_people: i64,
    /// Who has approved the text as it stands, while more are needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<DraftApproval>,
    /// The model that wrote it; absent for the built-in engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Why the built-in engine wrote it although a model is set up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// What is to be done when it is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<Proposal>,
    /// What autopilot did with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autopilot: Option<AutopilotMark>,
    /// Who decided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<StaffId>,
    /// Their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by_name: Option<String>,
    /// When an approved draft goes out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_at: Option<Timestamp>,
    /// The message it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_seq: Option<i64>,
    /// When it was begun.
    pub created_at: Timestamp,
}

fn one() -> i64 {
    1
}

/// An approved draft that waits for its moment: it can be undone until `send_at`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    utoipa::ToSchema,
)]
pub struct Held {
    /// Which draft.
    pub draft: DraftId,
    /// When it goes out.
    pub send_at: Timestamp,
}
