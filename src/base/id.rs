//! Prefixed, sortable identifiers: `cnv_01JD…`.
//!
//! A ULID (48 bits of milliseconds, 80 random bits) behind a three-letter prefix that names the kind.
//! They are `Copy`, sort by creation time, and a wrong prefix does not parse.

use std::fmt;
use std::str::FromStr;

use ulid::Ulid;

use super::Timestamp;

/// What all identifiers have in common; lets the store write them without knowing each kind.
pub trait Id: Copy + fmt::Display + FromStr<Err = InvalidId> {
    /// The three letters before the underscore.
    const PREFIX: &'static str;

    /// Makes an identifier from a time and 80 random bits (the low bits of `random`).
    fn from_parts(at: Timestamp, random: u128) -> Self;

    /// Uses its text, which is kept on the stack.
    fn with_text<T>(&self, with: impl FnOnce(&str) -> T) -> T;

    /// Its 128 bits, for vendors whose identifiers are numbers.
    fn to_bits(self) -> u128;
}

/// Bytes of an identifier's text: three letters, the underscore, 26 characters of Crockford's base 32.
const TEXT: usize = 30;

/// Whether each identifier has this text alone: in capitals, and of no more than 128 bits.
fn is_canonical(text: &str) -> bool {
    text.starts_with(|first: char| first <= '7') && !text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// A text that is not an identifier of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}_ identifier")]
pub struct InvalidId(pub &'static str);

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Ulid);

        impl Id for $name {
            const PREFIX: &'static str = $prefix;

            fn from_parts(at: Timestamp, random: u128) -> Self {
                $name(Ulid::from_parts(at.as_millis_unsigned(), random))
            }

            fn with_text<T>(&self, with: impl FnOnce(&str) -> T) -> T {
                with(self.text(&mut [0; TEXT]))
            }

            fn to_bits(self) -> u128 {
                self.0.into()
            }
        }

        impl $name {
            /// Its text. Identifiers are written several times for every message, so nothing is formatted.
            fn text(self, buffer: &mut [u8; TEXT]) -> &str {
                let (prefix, rest) = buffer.split_at_mut(4);
                prefix.copy_from_slice(concat!($prefix, "_").as_bytes());
                self.0.array_to_str(rest.try_into().expect("26 bytes"));
                std::str::from_utf8(buffer).expect("letters and digits")
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text(&mut [0; TEXT]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .filter(|rest| is_canonical(rest))
                    .and_then(|rest| Ulid::from_string(rest).ok())
                    .map($name)
                    .ok_or(InvalidId($prefix))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text(&mut [0; TEXT]))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": concat!("^", $prefix, "_[0-9A-HJKMNP-TV-Z]{26}$"),
                })
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-9A-HJKMNP-TV-Z]{26}$")))
                    .build()
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )+};
}

ids! {
    /// A business: the tenant that owns every other row.
    WorkspaceId = "wsp",
    /// A person of the business.
    StaffId = "stf",
    /// A signed-in browser of a staff member.
    SessionId = "ses",
    /// A customer.
    ContactId = "ctc",
    /// A conversation between a contact and the business.
    ConversationId = "cnv",
    /// One run of the pipeline.
    TurnId = "trn",
    /// A proposed reply.
    DraftId = "drf",
    /// A knowledge document.
    DocumentId = "doc",
    /// A stretch of a document that can be cited.
    PassageId = "psg",
    /// A context schema.
    SchemaId = "sch",
    /// A context record: one schema filled in for one conversation.
    RecordId = "rec",
    /// A business rule.
    RuleId = "rul",
    /// A durable side effect.
    JobId = "job",
    /// Something that an agent must get right.
    EvalCaseId = "evc",
    /// One call of a model.
    ModelUseId = "mdu",
    /// An uploaded file.
    FileId = "fil",
    /// An upload that comes in pieces.
    UploadId = "upl",
    /// A question that nothing answers.
    GapId = "gap",
    /// An address that another system calls.
    HookId = "hok",
    /// Steps that follow each other in time.
    SequenceId = "sqn",
    /// A sequence on its way in a conversation.
    SequenceRunId = "sqr",
    /// A saved filter of contacts.
    SegmentId = "seg",
    /// A saved view of the inbox.
    ViewId = "viw",
    /// A saved reply.
    SnippetId = "snp",
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_survives_text_and_refuses_other_prefixes() {
        let id = ConversationId::from_parts(Timestamp::from_micros(1_700_000_000_000_000), 42);
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.parse::<ContactId>(), Err(InvalidId("ctc")));
        assert_eq!(text.to_lowercase().parse::<ConversationId>(), Err(InvalidId("cnv")));
    }

    #[test]
    fn ids_sort_by_time() {
        let earlier = DraftId::from_parts(Timestamp::from_micros(1_000_000), u128::MAX);
        let later = DraftId::from_parts(Timestamp::from_micros(2_000_000), 0);
        assert!(earlier < later);
        assert!(earlier.to_string() < later.to_string());
    }

    proptest! {
        #[test]
        fn an_id_has_one_text(rest in "[0-9A-HJKMNP-TV-Z]{26}|[0-9A-Za-z]{26}|[7-9a-f!][0-9A-F]{25}") {
            let text = format!("cnv_{rest}");
            if let Ok(id) = text.parse::<ConversationId>() {
                prop_assert_eq!(id.to_string(), text);
            } else {
                prop_assert!(rest.as_str() > "8" || !rest.bytes().all(is_of_base_32));
            }
        }
    }

    fn is_of_base_32(byte: u8) -> bool {
        byte.is_ascii_digit() || (byte.is_ascii_uppercase() && !b"ILOU".contains(&byte))
    }
}
