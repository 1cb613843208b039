//! How our types are stored: identifiers and words as text, times as microseconds, documents as JSON text.

use std::fmt::{Display, Write};

use arrayvec::ArrayString;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

use crate::base;

/// Identifiers and words are no longer.
const SHORT: usize = 64;

/// Uses a value's text, which is kept on the stack where it is short.
pub fn with_text<T>(value: &impl Display, with: impl FnOnce(&str) -> T) -> T {
    let mut text = ArrayString::<SHORT>::new();
    match write!(text, "{value}") {
        Ok(()) => with(&text),
        Err(_) => with(&value.to_string()),
    }
}

/// Stores a type as text by its `Display` and `FromStr`; `ids:` those that know their text without formatting.
#[macro_export]
macro_rules! text_column {
    (ids: $($kind:ty),+ $(,)?) => {
        $($crate::text_column!(@by $crate::base::Id::with_text, $kind);)+
    };
    ($($kind:ty),+ $(,)?) => {
        $($crate::text_column!(@by $crate::ports::db::with_text, $kind);)+
    };
    (@by $with_text:path, $kind:ty) => {
        impl<DB: sqlx::Database> sqlx::Type<DB> for $kind where String: sqlx::Type<DB> {
            fn type_info() -> DB::TypeInfo {
                <String as sqlx::Type<DB>>::type_info()
            }

            fn compatible(info: &DB::TypeInfo) -> bool {
                <String as sqlx::Type<DB>>::compatible(info)
            }
        }

        impl<'q, DB: sqlx::Database> sqlx::Encode<'q, DB> for $kind
        where
            for<'t> &'t str: sqlx::Encode<'t, DB>,
        {
            fn encode_by_ref(
                &self,
                buffer: &mut <DB as sqlx::Database>::ArgumentBuffer,
            ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
                $with_text(self, |text| sqlx::Encode::<DB>::encode(text, buffer))
            }
        }

        impl<'r, DB: sqlx::Database> sqlx::Decode<'r, DB> for $kind where &'r str: sqlx::Decode<'r, DB> {
            fn decode(value: <DB as sqlx::Database>::ValueRef<'r>) -> Result<Self, sqlx::error::BoxDynError> {
                Ok(<&str as sqlx::Decode<DB>>::decode(value)?.parse()?)
            }
        }
    };
}

text_column!(
    ids: base::WorkspaceId,
    base::StaffId,
    base::SessionId,
    base::ContactId,
    base::ConversationId,
    base::TurnId,
    base::DraftId,
    base::EvalCaseId,
    base::DocumentId,
    base::PassageId,
    base::SchemaId,
    base::RecordId,
    base::RuleId,
    base::JobId,
    base::ModelUseId,
    base::FileId,
    base::UploadId,
    base::GapId,
    base::HookId,
    base::SequenceId,
    base::SequenceRunId,
    base::SegmentId,
    base::ViewId,
    base::SnippetId,
);

text_column!(
    base::Role,
    base::Audience,
    base::ActorKind,
    crate::protocol::Owner,
    crate::protocol::DraftStatus,
    crate::protocol::RejectReason,
    crate::protocol::Decision,
    crate::protocol::FieldOrigin,
    crate::protocol::StageName,
    crate::protocol::StageState,
    crate::protocol::DocumentStatus,
    crate::protocol::FillState,
    crate::reading::Kind,
    crate::protocol::NoticeKind,
    crate::protocol::AutopilotMark,
);

impl<DB: Database> Type<DB> for base::Timestamp
where
    i64: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <i64 as Type<DB>>::type_info()
    }

    fn compatible(info: &DB::TypeInfo) -> bool {
        <i64 as Type<DB>>::compatible(info)
    }
}

impl<'q, DB: Database> Encode<'q, DB> for base::Timestamp
where
    i64: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut <DB as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<DB>::encode(self.as_micros(), buffer)
    }
}

impl<'r, DB: Database> Decode<'r, DB> for base::Timestamp
where
    i64: Decode<'r, DB>,
{
    fn decode(value: <DB as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(base::Timestamp::from_micros(<i64 as Decode<DB>>::decode(value)?))
    }
}

/// A document stored as JSON text.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonText<T>(pub T);

impl<DB: Database, T> Type<DB> for JsonText<T>
where
    String: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <String as Type<DB>>::type_info()
    }

    fn compatible(info: &DB::TypeInfo) -> bool {
        <String as Type<DB>>::compatible(info)
    }
}

impl<'q, DB: Database, T: serde::Serialize> Encode<'q, DB> for JsonText<T>
where
    String: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut <DB as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<DB>::encode(serde_json::to_string(&self.0)?, buffer)
    }
}

impl<'r, DB: Database, T: serde::de::DeserializeOwned> Decode<'r, DB> for JsonText<T>
where
    &'r str: Decode<'r, DB>,
{
    fn decode(value: <DB as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(JsonText(serde_json::from_str(<&str as Decode<DB>>::decode(value)?)?))
    }
}

/// The pattern for `lower(x) LIKE … ESCAPE '\'` that finds a text anywhere, whatever characters it holds.
pub fn like_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.trim().to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}
