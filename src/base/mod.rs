//! The smallest vocabulary: identifiers, points in time, and who acts.
//!
//! Nothing here does I/O or knows a vendor. Every other module may use it.

mod actor;
mod id;
mod text;
mod time;

pub use actor::{Actor, ActorKind, Audience, Role};
pub use id::{
    ContactId, ConversationId, DocumentId, DraftId, EvalCaseId, FileId, GapId, HookId, Id, InvalidId, JobId,
    ModelUseId, PassageId, RecordId, RuleId, SchemaId, SegmentId, SequenceId, SequenceRunId, SessionId,
    SnippetId, StaffId, TurnId, UploadId, ViewId, WorkspaceId,
};
pub use text::{Clean, TextFault, clean_text};
pub use time::Timestamp;

/// Declares an enum whose variants are stored and sent as fixed lower-case words.
///
/// Gives `as_str`, `Display`, `FromStr`, serde and schema support, so that the word is written once.
#[macro_export]
macro_rules! word_enum {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize, utoipa::ToSchema, schemars::JsonSchema,
        )]
        $vis enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every value, in the order it was declared.
            $vis const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word that is stored and sent.
            $vis const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::base::UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text).ok_or_else(|| {
                    $crate::base::UnknownWord { kind: stringify!($name), word: text.to_owned() }
                })
            }
        }
    };
}

/// A word that is not one of an enum's values.
#[derive(Debug, thiserror::Error)]
#[error("{word:?} is not a {kind}")]
pub struct UnknownWord {
    /// The enum that was asked for.
    pub kind: &'static str,
    /// The word that was given.
    pub word: String,
}
