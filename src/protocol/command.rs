//! What a client may ask for.

use crate::base::{ConversationId, DraftId, FileId, StaffId, Timestamp};
use crate::protocol::RejectReason;

/// A command with the reference its reply will echo.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct CommandFrame {
    /// Chosen by the client, at most 64 bytes; the reply carries the same.
    #[serde(rename = "ref")]
    pub reference: String,
    /// What is asked for.
    #[serde(flatten)]
    pub command: Command,
}

/// What a client may ask for. Every command is authorised on its own.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "cmd", rename_all = "snake_case")]
pub enum Command {
    /// First command of every connection, within 5 seconds. Visitors give their token; staff are known
    /// by their session cookie and leave it out.
    Hello {
        /// The visitor's short-lived token from `POST /v1/widget/{workspace}/sessions`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// Follow a conversation: the reply holds the entries after `after`, oldest first. While `more` is
    /// true, join again after the last one; when it is false, live events follow without a gap.
    Join {
        /// Which conversation.
        conversation: ConversationId,
        /// The last `seq` the client has; 0 for everything.
        #[serde(default)]
        after: i64,
        /// The epoch that `after` belongs to; another epoch means a full resync.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        epoch: Option<String>,
    },
    /// Stop following a conversation.
    Leave {
        /// Which conversation.
        conversation: ConversationId,
    },
    /// Post a message. Without `conversation` a visitor's open conversation is used, or a new one begun.
    Send {
        /// Which conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
        /// Chosen by the client and unique in the conversation: a resend returns the first result. One that
        /// begins with the time, as a UUID of version 7 does, is stored at least cost.
        client_id: String,
        /// The text, at most 10,000 characters; may be empty when files are attached.
        #[serde(default)]
        body: String,
        /// Files uploaded before.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<FileId>,
    },
    /// Write a private note (staff).
    Note {
        /// Which conversation.
        conversation: ConversationId,
        /// As in `send`.
        client_id: String,
        /// The text; `@name` mentions are given in `mentions`.
        body: String,
        /// Staff who are mentioned.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<StaffId>,
    },
    /// Say that the person behind this connection is typing, or has stopped.
    Typing {
        /// Which conversation.
        conversation: ConversationId,
        /// Typing or not. It lapses by itself after 6 seconds.
        on: bool,
    },
    /// Mark everything up to `seq` as read.
    Read {
        /// Which conversation.
        conversation: ConversationId,
        /// The last entry seen.
        seq: i64,
    },
    /// Follow the workspace's inbox as summary signals (staff).
    Inbox {
        /// Follow or stop.
        on: bool,
    },
    /// Keep an edit of a pending draft without deciding it (staff).
    Edit {
        /// Which draft.
        draft: DraftId,
        /// The revision the edit was made on.
        revision: i64,
        /// The whole edited text.
        text: String,
    },
    /// Approve a draft, as it is or edited (staff).
    Approve {
        /// Which draft.
        draft: DraftId,
        /// The revision that was shown.
        revision: i64,
        /// `DraftView::hash` of the draft that was shown.
        hash: String,
        /// The edited text, if a person changed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// Reject a draft; unless told otherwise a new one is written (staff).
    Reject {
        /// Which draft.
        draft: DraftId,
        /// The revision that was shown.
        revision: i64,
        /// Why.
        reason: RejectReason,
        /// What to do better, in own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// Write a new draft.
        #[serde(default = "yes")]
        rewrite: bool,
    },
    /// Take an approval back before it was sent (staff).
    Undo {
        /// Which draft.
        draft: DraftId,
    },
    /// Answer in person: the agent drafts no more in this conversation (staff).
    TakeOver {
        /// Which conversation.
        conversation: ConversationId,
    },
    /// Give the conversation back to the agent (staff).
    HandBack {
        /// Which conversation.
        conversation: ConversationId,
    },
    /// Ask for a person instead of the agent (visitor).
    AskForPerson {
        /// Which conversation.
        conversation: ConversationId,
    },
    /// Rate how the newest resolution went (visitor). Another rating replaces it.
    Rate {
        /// Which conversation.
        conversation: ConversationId,
        /// From 1 to 5.
        score: i64,
        /// In own words, at most 1,000 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    },
    /// Assign the conversation to a colleague, or to nobody (staff).
    Assign {
        /// Which conversation.
        conversation: ConversationId,
        /// To whom.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        staff: Option<StaffId>,
    },
    /// Add and remove labels (staff).
    Label {
        /// Which conversation.
        conversation: ConversationId,
        /// Labels to add.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        add: Vec<String>,
        /// Labels to remove.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        remove: Vec<String>,
    },
    /// Move the conversation to another status of its workflow (staff).
    SetStatus {
        /// Which conversation.
        conversation: ConversationId,
        /// The key of the status.
        status: String,
    },
    /// Correct what was heard in a voice message; the turn runs again with it unless it was answered (staff).
    CorrectTranscript {
        /// The recording.
        file: FileId,
        /// What was said.
        text: String,
    },
    /// Put the conversation away until a time, or bring it back (staff). The customer's next message brings
    /// it back as well.
    Snooze {
        /// Which conversation.
        conversation: ConversationId,
        /// Until when; absent to bring it back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// Hold the conversation's draft so that colleagues know who is on it, renew the hold, or let it go
    /// (staff who joined it). It lapses by itself; whoever leaves the conversation lets go.
    Lease {
        /// Which conversation.
        conversation: ConversationId,
        /// Hold it, or let it go.
        on: bool,
        /// Take it from the colleague who holds it.
        #[serde(default)]
        take: bool,
    },
    /// Say that the person behind this connection edits a field of what is known, or has stopped (staff who
    /// joined it).
    EditField {
        /// Which conversation.
        conversation: ConversationId,
        /// Key of the field, at most 64 characters.
        field: String,
        /// Editing it or not. It lapses by itself after 20 seconds.
        on: bool,
    },
    /// Ask for nothing; the reply proves that the line works both ways.
    Ping,
}

/// The fields of `Command::Send`, which is most of what comes.
#[derive(serde::Deserialize)]
struct SendFields {
    #[serde(default)]
    conversation: Option<ConversationId>,
    client_id: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    files: Vec<FileId>,
}

impl Command {
    /// Reads a command from the frame it came in. Whoever reads a `Command` without knowing its name keeps all
    /// fields until the name comes; what is said most is spared that.
    pub fn read(name: CommandName, frame: &str) -> Result<Command, serde_json::Error> {
        if name != CommandName::Send {
            return serde_json::from_str(frame);
        }
        let SendFields { conversation, client_id, body, files } = serde_json::from_str(frame)?;
        Ok(Command::Send { conversation, client_id, body, files })
    }
}

const fn yes() -> bool {
    true
}

macro_rules! command_names {
    ($($variant:ident = $name:literal, $audience:ident;)+) => {
        /// The commands by name, with who may use them: the list a test walks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum CommandName { $(#[doc = $name] $variant),+ }

        impl CommandName {
            /// Every command.
            pub const ALL: &'static [CommandName] = &[$(CommandName::$variant),+];

            /// The word in the `cmd` field.
            pub const fn as_str(self) -> &'static str {
                match self { $(CommandName::$variant => $name),+ }
            }

            /// The command of this name.
            pub fn of(name: &str) -> Option<CommandName> {
                CommandName::ALL.iter().copied().find(|known| known.as_str() == name)
            }

            /// Whether only staff may use it.
            pub const fn staff_only(self) -> bool {
                match self { $(CommandName::$variant => command_names!(@staff $audience)),+ }
            }
        }

        impl Command {
            /// The command's name.
            pub const fn name(&self) -> CommandName {
                match self { $(Command::$variant { .. } => CommandName::$variant),+ }
            }
        }
    };
    (@staff staff) => { true };
    (@staff anyone) => { false };
}

command_names! {
    Hello = "hello", anyone;
    Join = "join", anyone;
    Leave = "leave", anyone;
    Send = "send", anyone;
    Note = "note", staff;
    Typing = "typing", anyone;
    Read = "read", anyone;
    Inbox = "inbox", staff;
    Edit = "edit", staff;
    Approve = "approve", staff;
    Reject = "reject", staff;
    Undo = "undo", staff;
    TakeOver = "take_over", staff;
    HandBack = "hand_back", staff;
    AskForPerson = "ask_for_person", anyone;
    Rate = "rate", anyone;
    Assign = "assign", staff;
    Label = "label", staff;
    SetStatus = "set_status", staff;
    CorrectTranscript = "correct_transcript", staff;
    Snooze = "snooze", staff;
    Lease = "lease", staff;
    EditField = "edit_field", staff;
    Ping = "ping", anyone;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn field() -> impl Strategy<Value = Option<Value>> {
        let words = ["hello", "", "cnv_01KE70EHJ4G3365C0SN0KYB27A", "fil_01KE70EHJ4G3365C0SN0KYB27A"];
        let value = prop_oneof![
            proptest::sample::select(words.to_vec()).prop_map(|word| json!(word)),
            Just(Value::Null),
            Just(json!(7)),
            Just(json!([])),
            Just(json!([words[3]])),
        ];
        proptest::option::of(value)
    }

    proptest! {
        #[test]
        fn what_is_said_most_is_read_as_everything_else(
            fields in [field(), field(), field(), field(), field()],
            late in any::<bool>(),
        ) {
            let names = ["conversation", "client_id", "body", "files", "other"];
            let mut frame: Vec<String> = names.iter().zip(&fields)
                .filter_map(|(name, value)| Some(format!("{name:?}:{}", value.as_ref()?)))
                .collect();
            frame.insert(if late { frame.len() } else { 0 }, "\"cmd\":\"send\"".to_owned());
            let frame = format!("{{{}}}", frame.join(","));
            let read = Command::read(CommandName::Send, &frame).ok();
            prop_assert_eq!(read, serde_json::from_str::<Command>(&frame).ok(), "{}", frame);
        }
    }
}
