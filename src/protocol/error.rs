//! Why something was refused: stable codes shared by sockets and HTTP.

crate::word_enum! {
    /// Stable codes for everything that can be refused. Clients may rely on them; the texts may change.
    pub enum ErrorCode {
        /// Not JSON, or not an object.
        MalformedFrame = "malformed_frame",
        /// `cmd` is not a command of this protocol.
        UnknownCommand = "unknown_command",
        /// A field is missing, of the wrong type, or out of range.
        InvalidField = "invalid_field",
        /// The text is empty.
        EmptyText = "empty_text",
        /// The text is longer than allowed.
        TextTooLong = "text_too_long",
        /// The text holds a control character.
        ControlCharacter = "control_character",
        /// The request or frame is larger than allowed.
        TooLarge = "too_large",
        /// Nobody is signed in, or the token is not valid (any more).
        Unauthenticated = "unauthenticated",
        /// The e-mail address or the password is wrong.
        WrongCredentials = "wrong_credentials",
        /// Signed in, but not allowed to do this.
        Forbidden = "forbidden",
        /// It does not exist, at least not for you.
        NotFound = "not_found",
        /// The path knows other methods.
        MethodNotAllowed = "method_not_allowed",
        /// The origin of the page is not on the allow-list.
        OriginNotAllowed = "origin_not_allowed",
        /// Too many requests: wait for `retry_after_ms`.
        RateLimited = "rate_limited",
        /// The hub is at its limit: come back after `retry_after_ms`.
        Busy = "busy",
        /// The disk is full: nothing was stored.
        StorageFull = "storage_full",
        /// `hello` must come first.
        HelloFirst = "hello_first",
        /// `hello` was said already.
        AlreadyGreeted = "already_greeted",
        /// Join the conversation first.
        NotJoined = "not_joined",
        /// Somebody decided this draft before you.
        DraftAlreadyDecided = "draft_already_decided",
        /// The draft changed since it was shown.
        DraftChanged = "draft_changed",
        /// The customer wrote again: a new draft is on its way, with your edits.
        DraftStale = "draft_stale",
        /// The draft is still being written.
        DraftStillWriting = "draft_still_writing",
        /// You approved it already: a rule asks for another person as well.
        NeedsSecondPerson = "needs_second_person",
        /// It was sent already and cannot be taken back.
        AlreadySent = "already_sent",
        /// The workflow has no such move.
        IllegalMove = "illegal_move",
        /// A value is not valid for its field.
        InvalidValue = "invalid_value",
        /// It exists already.
        Conflict = "conflict",
        /// The file's type or content is not accepted.
        UnsupportedFile = "unsupported_file",
        /// The client speaks a version that is not spoken here; the answer says which are.
        UnsupportedVersion = "unsupported_version",
        /// Our fault; it was logged.
        Internal = "internal",
    }
}

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct FrameError {
    /// The stable code.
    pub code: ErrorCode,
    /// What was wrong and what to do, in plain words.
    pub message: String,
    /// When to try again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}
