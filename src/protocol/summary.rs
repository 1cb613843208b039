//! A conversation in one row of the inbox.

use crate::base::{ActorKind, ContactId, ConversationId, DraftId, StaffId, Timestamp};
use crate::protocol::DraftStatus;

crate::word_enum! {
    /// Who answers in a conversation.
    pub enum Owner {
        /// The agent drafts, people approve.
        Agent = "agent",
        /// A person answers; the agent is silent.
        Person = "person",
    }
}

/// The customer in an inbox row.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct ContactSummary {
    /// Which contact.
    pub id: ContactId,
    /// Their name, or a stand-in such as "Visitor 4F2K".
    pub name: String,
}

/// The newest message in an inbox row.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct LastMessage {
    /// Its first 140 characters.
    pub text: String,
    /// Who wrote it.
    pub by: ActorKind,
    /// When.
    pub at: Timestamp,
}

/// The open draft in an inbox row.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct DraftHint {
    /// Which draft.
    pub id: DraftId,
    /// Where it stands.
    pub status: DraftStatus,
    /// Its first words.
    pub gist: String,
    /// Why it waits, in plain words.
    pub waits_because: Vec<String>,
}

/// A conversation in one row of the inbox.
#[derive(
    Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
pub struct ConversationSummary {
    /// Which conversation.
    pub id: ConversationId,
    /// The customer.
    pub contact: ContactSummary,
    /// What it is about.
    pub title: String,
    /// Key of its status in the workflow.
    pub status: String,
    /// Whether it is done.
    pub resolved: bool,
    /// Who answers.
    pub owner: Owner,
    /// Who looks after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<StaffId>,
    /// Labels, sorted.
    pub labels: Vec<String>,
    /// The newest entry.
    pub last_seq: i64,
    /// The newest entry the customer can see.
    pub last_public_seq: i64,
    /// Messages of the customer so far. Unread for a colleague is this minus what they have read.
    pub inbound_count: i64,
    /// Messages to the customer so far.
    pub outbound_count: i64,
    /// Messages the reader has not seen yet; 0 in signals, which go to everybody.
    pub unread: i64,
    /// The newest message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<LastMessage>,
    /// Since when the customer has been waiting for an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_since: Option<Timestamp>,
    /// The open draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<DraftHint>,
    /// Until when it is put away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<Timestamp>,
    /// One letter per field of its context record: `k` known, `i` inferred, `m` missing. Absent while
    /// nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stitch: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
}
