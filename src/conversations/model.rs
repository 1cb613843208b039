//! What a conversation is.

use crate::base::{
    Actor, ActorKind, Audience, ContactId, ConversationId, FileId, StaffId, Timestamp, WorkspaceId,
    clean_text,
};
use crate::conversations::Error;
use crate::ports::Cx;
use crate::protocol::{
    ContactSummary, Content, ConversationSummary, DraftHint, Entry, LastMessage, MAX_BODY_CHARS,
    MAX_KEY_BYTES, Owner,
};

/// Characters of a message shown in the inbox.
const PREVIEW_CHARS: usize = 140;

/// Bytes of text on one page of a timeline, so that a page is no larger than what may wait for a reader.
const PAGE_BYTES: usize = 128 * 1024;

/// A conversation as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Its identifier.
    pub id: ConversationId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// The customer.
    pub contact: ContactSummary,
    /// What it is about.
    pub title: String,
    /// Key of its status in the workflow.
    pub status: String,
    /// Who answers.
    pub owner: Owner,
    /// Who looks after it.
    pub assignee: Option<StaffId>,
    /// Labels, sorted.
    pub labels: Vec<String>,
    /// The newest entry.
    pub last_seq: i64,
    /// The newest entry everyone may see.
    pub last_public_seq: i64,
    /// Messages of the customer.
    pub inbound_count: i64,
    /// Messages to the customer.
    pub outbound_count: i64,
    /// The newest customer message.
    pub customer_seq: i64,
    /// The newest customer message that a turn or a person has dealt with.
    pub answered_seq: i64,
    /// The newest message.
    pub last_message: Option<LastMessage>,
    /// Since when the customer has been waiting.
    pub waiting_since: Option<Timestamp>,
    /// The open draft.
    pub draft: Option<DraftHint>,
    /// When it began.
    pub created_at: Timestamp,
    /// When something last happened.
    pub updated_at: Timestamp,
    /// When it was closed as done.
    pub resolved_at: Option<Timestamp>,
    /// Until when it is put away.
    pub snoozed_until: Option<Timestamp>,
    /// How much of its context record is known, a letter per field.
    pub stitch: Option<String>,
}

/// A message to be posted.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMessage {
    /// Chosen by the client and unique in the conversation.
    pub client_id: String,
    /// The text; may be empty when files are attached.
    #[serde(default)]
    pub body: String,
    /// Files uploaded before.
    #[serde(default)]
    pub files: Vec<FileId>,
}

/// A private note to be written.
#[derive(Debug, Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNote {
    /// As in a message.
    pub client_id: String,
    /// The text.
    pub body: String,
    /// Staff who are mentioned.
    #[serde(default)]
    pub mentions: Vec<StaffId>,
}

/// Some entries of a timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelinePage {
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// Whether more follow.
    pub more: bool,
}

impl Conversation {
    /// The conversation in one row of the inbox, for a reader who has seen `read` messages of the other side.
    pub fn summarise(self, unread: i64) -> ConversationSummary {
        ConversationSummary {
            id: self.id,
            contact: self.contact,
            title: self.title,
            status: self.status,
            resolved: self.resolved_at.is_some(),
            owner: self.owner,
            assignee: self.assignee,
            labels: self.labels,
            last_seq: self.last_seq,
            last_public_seq: self.last_public_seq,
            inbound_count: self.inbound_count,
            outbound_count: self.outbound_count,
            unread,
            last_message: self.last_message,
            waiting_since: self.waiting_since,
            draft: self.draft,
            snoozed_until: self.snoozed_until,
            stitch: self.stitch,
            created_at: self.created_at,
        }
    }
}

/// The contact whose conversations alone the caller may see; none for the business's side.
pub(super) fn contact_scope(cx: &Cx) -> Option<ContactId> {
    match cx.actor {
        Actor::Contact { id } => Some(id),
        Actor::Staff { .. } | Actor::Agent | Actor::Rule { .. } | Actor::System => None,
    }
}

/// What the caller may see.
pub(super) fn audience_of(cx: &Cx) -> Audience {
    if contact_scope(cx).is_some() { Audience::Everyone } else { Audience::Staff }
}

/// The reader's name in `read_marks`: customers and staff have their own marks.
pub(super) fn reader_of(cx: &Cx) -> Option<String> {
    match cx.actor {
        Actor::Contact { id } => Some(id.to_string()),
        Actor::Staff { id } => Some(id.to_string()),
        Actor::Agent | Actor::Rule { .. } | Actor::System => None,
    }
}

/// The colleague who acts, if it is one.
pub(super) fn staff_of(cx: &Cx) -> Option<StaffId> {
    match cx.actor {
        Actor::Staff { id } => Some(id),
        Actor::Contact { .. } | Actor::Agent | Actor::Rule { .. } | Actor::System => None,
    }
}

/// Checks a client's own id: 1 to 64 printable ASCII characters.
pub(super) fn check_client_id(client_id: &str) -> Result<(), Error> {
    let printable = client_id.bytes().all(|byte| byte.is_ascii_graphic());
    if client_id.is_empty() || client_id.len() > MAX_KEY_BYTES || !printable {
        return Err(Error::Invalid {
            field: "client_id",
            problem: format!("must be 1 to {MAX_KEY_BYTES} printable ASCII characters without spaces"),
        });
    }
    Ok(())
}

/// Cleans a message's text; only files may go without one.
pub(super) fn message_body(body: &str, files: usize) -> Result<Option<String>, Error> {
    if files > 0 && body.trim().is_empty() {
        return Ok(None);
    }
    Ok(Some(clean_text(body, MAX_BODY_CHARS)?.into_string()))
}

/// How many of these entries, oldest first, make up a page by the length of their texts; never none.
pub(super) fn page_length(entries: &[Entry]) -> usize {
    let mut bytes = 0;
    let fits = |entry: &&Entry| {
        bytes += entry.body.as_deref().map_or(0, str::len) + words_length(entry);
        bytes <= PAGE_BYTES
    };
    entries.iter().take_while(fits).count().max(1)
}

/// Bytes that the words of a transcript take, about: each carries its times.
fn words_length(entry: &Entry) -> usize {
    const EACH: usize = 80;
    match &entry.content {
        Content::Transcribed { words, .. } => words.len() * EACH,
        _ => 0,
    }
}

/// The beginning of a text on one line, cut at a word where possible.
pub(super) fn preview(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        // However long the text is, no more of it is looked at.
        if line.len() > PREVIEW_CHARS * char::MAX_LEN_UTF8 {
            break;
        }
    }
    if line.chars().count() <= PREVIEW_CHARS {
        return line;
    }
    let cut: String = line.chars().take(PREVIEW_CHARS - 1).collect();
    let end = cut.rfind(' ').filter(|end| *end > PREVIEW_CHARS / 2).unwrap_or(cut.len());
    format!("{}…", &cut[..end])
}

/// Whether a message of this actor comes from the customer's side.
pub(super) const fn is_inbound(kind: ActorKind) -> bool {
    matches!(kind, ActorKind::Contact)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_client_id_is_short_and_printable() {
        assert!(check_client_id("a-1").is_ok());
        for wrong in ["", "a b", "ä", &"x".repeat(65)] {
            assert!(check_client_id(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn a_preview_is_short_and_on_one_line(text in "\\PC{0,400}") {
            let shown = preview(&text);
            prop_assert!(shown.chars().count() <= PREVIEW_CHARS);
            prop_assert!(!shown.contains('\n'));
        }
    }
}
