// Generated from schemas/protocol.json by scripts/generate-protocol.mjs. Do not edit.

/** Who did something. */
export type Actor = { readonly kind: "contact"; readonly id: ContactId; } | { readonly kind: "staff"; readonly id: StaffId; } | { readonly kind: "agent"; } | { readonly kind: "rule"; readonly id: RuleId; } | { readonly kind: "system"; };

/** What kind of being acted. */
export type ActorKind = "contact" | "staff" | "agent" | "rule" | "system";

/** A file that belongs to a message. */
export type Attachment = { readonly id: FileId; readonly name: string; readonly media_type: string; readonly size: number; readonly transcript?: TranscriptState; readonly wave?: Wave; };

/** Who may see a timeline entry. */
export type Audience = "everyone" | "staff";

/** What autopilot did with a draft. */
export type AutopilotMark = "sample" | "sent" | "stopped";

/** Why a draft must not go out by itself, in plain words. */
export type Blocker = { readonly kind: BlockerKind; readonly says: string; };

/** Why a draft must not go out by itself. */
export type BlockerKind = "missing_fact" | "missing_knowledge" | "contradiction" | "sensitive" | "unverified_identity" | "steering" | "rule_requires" | "not_trusted_yet" | "person_requested" | "unsupported" | "low_confidence" | "review_sample" | "has_effect" | "person_writes";

/** A source of a draft, numbered as in its text. */
export type Citation = { readonly number: number; readonly passage: PassageId; readonly document: DocumentId; readonly title: string; readonly heading?: string; readonly start: number; readonly end: number; readonly quote: string; readonly score: number; };

/** What a client may ask for. Every command is authorised on its own. */
export type Command = { readonly cmd: "hello"; readonly token?: string; } | { readonly cmd: "join"; readonly conversation: ConversationId; readonly after?: number; readonly epoch?: string; } | { readonly cmd: "leave"; readonly conversation: ConversationId; } | { readonly cmd: "send"; readonly conversation?: ConversationId; readonly client_id: string; readonly body?: string; readonly files?: readonly FileId[]; } | { readonly cmd: "note"; readonly conversation: ConversationId; readonly client_id: string; readonly body: string; readonly mentions?: readonly StaffId[]; } | { readonly cmd: "typing"; readonly conversation: ConversationId; readonly on: boolean; } | { readonly cmd: "read"; readonly conversation: ConversationId; readonly seq: number; } | { readonly cmd: "inbox"; readonly on: boolean; } | { readonly cmd: "edit"; readonly draft: DraftId; readonly revision: number; readonly text: string; } | { readonly cmd: "approve"; readonly draft: DraftId; readonly revision: number; readonly hash: string; readonly text?: string; } | { readonly cmd: "reject"; readonly draft: DraftId; readonly revision: number; readonly reason: RejectReason; readonly note?: string; readonly rewrite?: boolean; } | { readonly cmd: "undo"; readonly draft: DraftId; } | { readonly cmd: "take_over"; readonly conversation: ConversationId; } | { readonly cmd: "hand_back"; readonly conversation: ConversationId; } | { readonly cmd: "ask_for_person"; readonly conversation: ConversationId; } | { readonly cmd: "rate"; readonly conversation: ConversationId; readonly score: number; readonly words?: string; } | { readonly cmd: "assign"; readonly conversation: ConversationId; readonly staff?: StaffId; } | { readonly cmd: "label"; readonly conversation: ConversationId; readonly add?: readonly string[]; readonly remove?: readonly string[]; } | { readonly cmd: "set_status"; readonly conversation: ConversationId; readonly status: string; } | { readonly cmd: "correct_transcript"; readonly file: FileId; readonly text: string; } | { readonly cmd: "snooze"; readonly conversation: ConversationId; readonly until?: Timestamp; } | { readonly cmd: "lease"; readonly conversation: ConversationId; readonly on: boolean; readonly take?: boolean; } | { readonly cmd: "edit_field"; readonly conversation: ConversationId; readonly field: string; readonly on: boolean; } | { readonly cmd: "ping"; };

/** A command with the reference its reply will echo. */
export type CommandFrame = ({ readonly cmd: "hello"; readonly token?: string; } | { readonly cmd: "join"; readonly conversation: ConversationId; readonly after?: number; readonly epoch?: string; } | { readonly cmd: "leave"; readonly conversation: ConversationId; } | { readonly cmd: "send"; readonly conversation?: ConversationId; readonly client_id: string; readonly body?: string; readonly files?: readonly FileId[]; } | { readonly cmd: "note"; readonly conversation: ConversationId; readonly client_id: string; readonly body: string; readonly mentions?: readonly StaffId[]; } | { readonly cmd: "typing"; readonly conversation: ConversationId; readonly on: boolean; } | { readonly cmd: "read"; readonly conversation: ConversationId; readonly seq: number; } | { readonly cmd: "inbox"; readonly on: boolean; } | { readonly cmd: "edit"; readonly draft: DraftId; readonly revision: number; readonly text: string; } | { readonly cmd: "approve"; readonly draft: DraftId; readonly revision: number; readonly hash: string; readonly text?: string; } | { readonly cmd: "reject"; readonly draft: DraftId; readonly revision: number; readonly reason: RejectReason; readonly note?: string; readonly rewrite?: boolean; } | { readonly cmd: "undo"; readonly draft: DraftId; } | { readonly cmd: "take_over"; readonly conversation: ConversationId; } | { readonly cmd: "hand_back"; readonly conversation: ConversationId; } | { readonly cmd: "ask_for_person"; readonly conversation: ConversationId; } | { readonly cmd: "rate"; readonly conversation: ConversationId; readonly score: number; readonly words?: string; } | { readonly cmd: "assign"; readonly conversation: ConversationId; readonly staff?: StaffId; } | { readonly cmd: "label"; readonly conversation: ConversationId; readonly add?: readonly string[]; readonly remove?: readonly string[]; } | { readonly cmd: "set_status"; readonly conversation: ConversationId; readonly status: string; } | { readonly cmd: "correct_transcript"; readonly file: FileId; readonly text: string; } | { readonly cmd: "snooze"; readonly conversation: ConversationId; readonly until?: Timestamp; } | { readonly cmd: "lease"; readonly conversation: ConversationId; readonly on: boolean; readonly take?: boolean; } | { readonly cmd: "edit_field"; readonly conversation: ConversationId; readonly field: string; readonly on: boolean; } | { readonly cmd: "ping"; }) & { readonly ref: string; };

export type ContactId = string;

/** The customer in an inbox row. */
export type ContactSummary = { readonly id: ContactId; readonly name: string; };

/** What an entry says happened. */
export type Content = { readonly kind: "message"; readonly files?: readonly Attachment[]; readonly draft?: DraftId; } | { readonly kind: "note"; readonly mentions?: readonly StaffId[]; } | { readonly kind: "draft_proposed"; readonly draft: DraftId; readonly turn: TurnId; readonly gist: string; readonly waits_because: readonly string[]; } | { readonly kind: "draft_decided"; readonly draft: DraftId; readonly decision: Decision; readonly reason?: RejectReason; readonly note?: string; } | { readonly kind: "field_changed"; readonly record: RecordId; readonly field: string; readonly label: string; readonly from?: unknown; readonly to?: unknown; readonly confidence: number; readonly origin: FieldOrigin; readonly evidence?: string; } | { readonly kind: "status_moved"; readonly from: string; readonly to: string; } | { readonly kind: "assigned"; readonly to?: StaffId; readonly name?: string; } | { readonly kind: "owner_changed"; readonly owner: Owner; } | { readonly kind: "labels_changed"; readonly added?: readonly string[]; readonly removed?: readonly string[]; } | { readonly kind: "rule_fired"; readonly rule: RuleId; readonly name: string; readonly version: number; readonly receipts: readonly Receipt[]; } | { readonly kind: "sequence_moved"; readonly run: SequenceRunId; readonly sequence: SequenceId; readonly name: string; readonly version: number; readonly moved: SequenceMove; readonly step: number; readonly of: number; readonly receipts?: readonly Receipt[]; readonly because?: string; } | { readonly kind: "proposals_done"; readonly draft: DraftId; readonly receipts: readonly Receipt[]; } | { readonly kind: "title_changed"; readonly title: string; } | { readonly kind: "person_requested"; } | { readonly kind: "resolved_changed"; readonly resolved: boolean; } | { readonly kind: "transcribed"; readonly file: FileId; readonly of: number; readonly state: TranscriptState; readonly words?: readonly SpokenWord[]; readonly language?: string; readonly engine?: string; readonly cut?: boolean; } | { readonly kind: "translated"; readonly file: FileId; readonly of: number; readonly language: string; readonly engine: string; } | { readonly kind: "rated"; readonly score: number; readonly resolution: number; } | { readonly kind: "hook_received"; readonly key: string; readonly name: string; readonly values: Readonly<Record<string, unknown>>; } | { readonly kind: "snoozed"; readonly until?: Timestamp; readonly woken_by?: WokenBy; } | { readonly kind: "turn_failed"; readonly turn: TurnId; readonly why: string; };

export type ConversationId = string;

/** A conversation in one row of the inbox. */
export type ConversationSummary = { readonly id: ConversationId; readonly contact: ContactSummary; readonly title: string; readonly status: string; readonly resolved: boolean; readonly owner: Owner; readonly assignee?: StaffId; readonly labels: readonly string[]; readonly last_seq: number; readonly last_public_seq: number; readonly inbound_count: number; readonly outbound_count: number; readonly unread: number; readonly last_message?: LastMessage; readonly waiting_since?: Timestamp; readonly draft?: DraftHint; readonly snoozed_until?: Timestamp; readonly stitch?: string; readonly created_at: Timestamp; };

/** What was decided about a draft. */
export type Decision = "approved" | "auto_approved" | "approved_edited" | "approved_in_part" | "rejected" | "undone" | "superseded" | "sent";

export type DocumentId = string;

/** Where a document of the knowledge base stands. */
export type DocumentStatus = "waiting" | "reading" | "ready" | "failed" | "deleted";

/** One person's approval of a draft that needs several. */
export type DraftApproval = { readonly by: StaffId; readonly name: string; readonly at: Timestamp; };

/** The open draft in an inbox row. */
export type DraftHint = { readonly id: DraftId; readonly status: DraftStatus; readonly gist: string; readonly waits_because: readonly string[]; };

export type DraftId = string;

/** A colleague is on a draft: others leave it to them, or ask before they decide it. */
export type DraftLease = { readonly holder: Person; readonly until: Timestamp; };

/** Where a draft stands. */
export type DraftStatus = "writing" | "pending" | "approved" | "sent" | "rejected" | "superseded" | "failed";

/** A draft as staff see it. */
export type DraftView = { readonly id: DraftId; readonly conversation: ConversationId; readonly turn: TurnId; readonly revision: number; readonly status: DraftStatus; readonly for_seq: number; readonly text: string; readonly edited_text?: string; readonly edited_by?: StaffId; readonly hash: string; readonly citations: readonly Citation[]; readonly sentences: readonly Sentence[]; readonly blockers: readonly Blocker[]; readonly intent?: string; readonly confidence: number; readonly required_role?: Role; readonly required_people?: number; readonly approvals?: readonly DraftApproval[]; readonly model?: string; readonly fallback?: string; readonly proposals?: readonly Proposal[]; readonly autopilot?: AutopilotMark; readonly decided_by?: StaffId; readonly decided_by_name?: string; readonly send_at?: Timestamp; readonly sent_seq?: number; readonly created_at: Timestamp; };

/** Something durable that happened in a conversation. */
export type Entry = { readonly seq: number; readonly prev: number; readonly audience: Audience; readonly actor: Actor; readonly author: string; readonly body?: string; readonly content: Content; readonly client_id?: string; readonly at: Timestamp; };

/** Stable codes for everything that can be refused. Clients may rely on them; the texts may change. */
export type ErrorCode = "malformed_frame" | "unknown_command" | "invalid_field" | "empty_text" | "text_too_long" | "control_character" | "too_large" | "unauthenticated" | "wrong_credentials" | "forbidden" | "not_found" | "method_not_allowed" | "origin_not_allowed" | "rate_limited" | "busy" | "storage_full" | "hello_first" | "already_greeted" | "not_joined" | "draft_already_decided" | "draft_changed" | "draft_stale" | "draft_still_writing" | "needs_second_person" | "already_sent" | "illegal_move" | "invalid_value" | "conflict" | "unsupported_file" | "unsupported_version" | "internal";

/** Where a field's value comes from; a weaker origin never replaces a stronger one. */
export type FieldOrigin = "extracted" | "rule" | "person";

export type FileId = string;

/** How far filling the past with a schema got. */
export type Fill = { readonly schema: string; readonly state: FillState; readonly done: number; readonly total: number; readonly changed: number; readonly started_by: string; readonly started_at: Timestamp; };

/** Where filling the past with a schema stands. */
export type FillState = "running" | "done" | "stopped";

/** Why a command was refused. */
export type FrameError = { readonly code: ErrorCode; readonly message: string; readonly retry_after_ms?: number; };

/** An approved draft that waits for its moment: it can be undone until `send_at`. */
export type Held = { readonly draft: DraftId; readonly send_at: Timestamp; };

/** The entries after `after`, oldest first. */
export type Joined = { readonly conversation: ConversationId; readonly epoch: string; readonly resync: boolean; readonly entries: readonly Entry[]; readonly more: boolean; readonly summary?: ConversationSummary; readonly draft?: DraftView; readonly lease?: DraftLease; readonly reads?: readonly ReadMark[]; };

/** The newest message in an inbox row. */
export type LastMessage = { readonly text: string; readonly by: ActorKind; readonly at: Timestamp; };

/** Something one person is told of, kept until they look. */
export type Notice = { readonly seq: number; readonly kind: NoticeKind; readonly conversation: ConversationId; readonly contact: string; readonly by: string; readonly text: string; readonly at: Timestamp; };

/** What somebody is told of. */
export type NoticeKind = "mention" | "assigned" | "snooze_over" | "draft_waits" | "autopilot_off";

/** What a command gave. */
export type Outcome = Welcome & { readonly is: "welcome"; } | Joined & { readonly is: "joined"; } | Posted & { readonly is: "posted"; } | Held & { readonly is: "held"; } | { readonly is: "draft"; readonly draft: DraftView; } | { readonly is: "lease"; readonly lease?: DraftLease; } | { readonly is: "done"; };

/** Who answers in a conversation. */
export type Owner = "agent" | "person";

export type PassageId = string;

/** A staff member who looks at a conversation. */
export type Person = { readonly id: StaffId; readonly name: string; };

/** A message or note is on disk. */
export type Posted = { readonly conversation: ConversationId; readonly seq: number; readonly duplicate: boolean; };

/** Something a draft wants to have done: nothing of it happens before a person approves the draft, and then it happens once. */
export type Proposal = { readonly number: number; readonly tool: string; readonly arguments: unknown; readonly says: string; readonly state: ProposalState; readonly receipt?: string; readonly at?: Timestamp; };

/** What became of something a draft wants to have done. */
export type ProposalState = "proposed" | "dropped" | "waiting" | "begun" | "done" | "skipped" | "failed";

/** How far somebody has read. */
export type ReadMark = { readonly actor: Actor; readonly seq: number; };

/** What one action of a rule did. */
export type Receipt = { readonly action: string; readonly state: ReceiptState; readonly because?: string; };

/** What became of an action. */
export type ReceiptState = "done" | "waiting" | "skipped" | "failed";

export type RecordId = string;

/** Why a person rejected a draft. */
export type RejectReason = "wrong" | "incomplete" | "tone" | "not_now" | "other";

/** What a staff member may do; each role may do everything the one below may. */
export type Role = "viewer" | "staff" | "manager" | "owner";

export type RuleId = string;

/** One sentence of a draft and what it rests on. */
export type Sentence = { readonly start: number; readonly end: number; readonly support: Support; readonly citations?: readonly number[]; };

export type SequenceId = string;

/** What a sequence did. */
export type SequenceMove = "started" | "stepped" | "finished" | "stopped";

export type SequenceRunId = string;

/** What the hub sends. */
export type ServerFrame = { readonly type: "reply"; readonly ref: string; readonly ok?: Outcome; readonly error?: FrameError; } | { readonly type: "event"; readonly conversation: ConversationId; readonly entry: Entry; } | Signal & { readonly type: "signal"; };

/** Ephemeral news. A client that misses one fetches the state or waits for the next. */
export type Signal = { readonly signal: "typing"; readonly conversation: ConversationId; readonly actor: Actor; readonly name: string; readonly on: boolean; } | { readonly signal: "read"; readonly conversation: ConversationId; readonly actor: Actor; readonly seq: number; } | { readonly signal: "presence"; readonly conversation: ConversationId; readonly viewers: readonly Person[]; readonly contact_online: boolean; readonly staff_online: boolean; } | { readonly signal: "transcribing"; readonly conversation: ConversationId; readonly file: FileId; readonly percent: number; } | { readonly signal: "stage"; readonly conversation: ConversationId; readonly turn: TurnId; readonly stage: StageName; readonly state: StageState; readonly micros?: number; readonly summary?: string; } | { readonly signal: "draft_delta"; readonly conversation: ConversationId; readonly draft: DraftId; readonly offset: number; readonly text: string; } | { readonly signal: "draft"; readonly draft: DraftView; } | { readonly signal: "inbox"; readonly conversation: ConversationSummary; } | { readonly signal: "document"; readonly document: DocumentId; readonly status: DocumentStatus; readonly page: number; readonly pages?: number; } | { readonly signal: "fill"; readonly fill: Fill; } | { readonly signal: "lease"; readonly conversation: ConversationId; readonly lease?: DraftLease; } | { readonly signal: "editing_field"; readonly conversation: ConversationId; readonly person: Person; readonly field: string; readonly on: boolean; } | { readonly signal: "notice"; readonly notice: Notice; readonly unread: number; } | { readonly signal: "notices_seen"; readonly seq: number; readonly unread: number; } | { readonly signal: "inbox_stale"; } | { readonly signal: "draining"; readonly retry_after_ms: number; };

/** A word of a recording. */
export type SpokenWord = { readonly text: string; readonly start_ms: number; readonly end_ms: number; readonly confidence?: number; };

export type StaffId = string;

/** The stages of a turn, in order. */
export type StageName = "transcribe" | "classify" | "retrieve" | "extract" | "rules" | "draft" | "gate";

/** Where a stage stands. */
export type StageState = "started" | "done" | "skipped" | "failed";

/** What a sentence of a draft rests on. */
export type Support = "cited" | "context" | "phrase" | "unsupported";

export type Timestamp = string;

/** What is known of a voice message's words. */
export type TranscriptState = "not_transcribed" | "waiting" | "done" | "silent" | "failed" | "corrected";

export type TurnId = string;

/** How a recording looks. */
export type Wave = { readonly millis: number; readonly cut?: boolean; readonly peaks: readonly number[]; };

/** `hello` was accepted. */
export type Welcome = { readonly you: You; readonly workspace: WorkspaceId; readonly epoch: string; readonly ping_ms: number; };

/** What brought a snoozed conversation back. */
export type WokenBy = "time" | "customer" | "person";

export type WorkspaceId = string;

/** Who the hub takes this connection for. */
export type You = { readonly as: "staff"; readonly id: StaffId; readonly name: string; readonly role: Role; } | { readonly as: "contact"; readonly id: ContactId; readonly conversation?: ConversationId; };
