-- Times are UTC microseconds since 1970. Identifiers are prefixed text. Documents are JSON text.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE workspaces (
    id TEXT PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    agent_key TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE staff (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id),
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    disabled_at BIGINT,
    UNIQUE (workspace_id, email)
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    token_hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_staff ON sessions (staff_id);

CREATE TABLE contacts (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    name TEXT,
    email TEXT,
    phone TEXT,
    locale TEXT,
    note TEXT,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT
);
CREATE INDEX contacts_by_time ON contacts (workspace_id, created_at, id);

CREATE TABLE visitor_keys (
    key_hash TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    contact_id TEXT NOT NULL REFERENCES contacts (id),
    created_at BIGINT NOT NULL
);

CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL,
    owner TEXT NOT NULL,
    assignee_id TEXT,
    last_seq BIGINT NOT NULL,
    last_public_seq BIGINT NOT NULL,
    prev_public_seq BIGINT NOT NULL,
    inbound_count BIGINT NOT NULL,
    outbound_count BIGINT NOT NULL,
    customer_seq BIGINT NOT NULL,
    answered_seq BIGINT NOT NULL,
    turn_lease_by TEXT,
    turn_lease_until BIGINT,
    last_message_text TEXT,
    last_message_by TEXT,
    last_message_at BIGINT,
    waiting_since BIGINT,
    draft_hint TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    resolved_at BIGINT
);
CREATE INDEX conversations_by_time ON conversations (workspace_id, updated_at, id);
CREATE INDEX conversations_by_contact ON conversations (contact_id, created_at);
CREATE INDEX conversations_owing_a_turn ON conversations (updated_at) WHERE customer_seq > answered_seq;

CREATE TABLE entries (
    workspace_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    prev_public_seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    audience TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    author TEXT NOT NULL,
    body TEXT,
    content TEXT NOT NULL,
    client_id TEXT,
    inbound_count BIGINT NOT NULL,
    outbound_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, seq)
);
CREATE UNIQUE INDEX entries_by_client_id ON entries (conversation_id, client_id) WHERE client_id IS NOT NULL;

CREATE TABLE read_marks (
    conversation_id TEXT NOT NULL,
    reader TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    inbound_count BIGINT NOT NULL,
    outbound_count BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, reader)
);

CREATE TABLE labels (
    conversation_id TEXT NOT NULL,
    label TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    PRIMARY KEY (conversation_id, label)
);
CREATE INDEX labels_by_workspace ON labels (workspace_id, label);

CREATE TABLE turns (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    for_seq BIGINT NOT NULL,
    status TEXT NOT NULL,
    draft_id TEXT,
    started_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX turns_by_conversation ON turns (conversation_id, started_at);

CREATE TABLE turn_stages (
    turn_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    workspace_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    state TEXT NOT NULL,
    summary TEXT NOT NULL,
    input_hash TEXT NOT NULL,
    output TEXT NOT NULL,
    confidence DOUBLE PRECISION,
    model TEXT,
    prompt_hash TEXT,
    micros BIGINT NOT NULL,
    PRIMARY KEY (turn_id, position)
);

CREATE TABLE drafts (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    turn_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    status TEXT NOT NULL,
    for_seq BIGINT NOT NULL,
    text TEXT NOT NULL,
    edited_text TEXT,
    edited_by TEXT,
    carried_base TEXT,
    carried_edit TEXT,
    citations TEXT NOT NULL,
    sentences TEXT NOT NULL,
    blockers TEXT NOT NULL,
    intent TEXT,
    confidence DOUBLE PRECISION NOT NULL,
    required_role TEXT,
    decided_by TEXT,
    decided_by_name TEXT,
    decision TEXT,
    decided_at BIGINT,
    reason TEXT,
    note TEXT,
    send_at BIGINT,
    sent_seq BIGINT,
    sent_text TEXT,
    edit_distance DOUBLE PRECISION,
    created_at BIGINT NOT NULL
);
CREATE INDEX drafts_by_conversation ON drafts (conversation_id, created_at);
CREATE INDEX drafts_waiting ON drafts (workspace_id, created_at) WHERE status IN ('writing', 'pending');
CREATE UNIQUE INDEX drafts_one_open ON drafts (conversation_id) WHERE status IN ('writing', 'pending');

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    lease_until BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'ready';

CREATE TABLE documents (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    title TEXT NOT NULL,
    -- The title in folded words, to find it whatever the case and the accents.
    title_key TEXT NOT NULL,
    body TEXT NOT NULL,
    language TEXT NOT NULL,
    hash TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, hash)
);
CREATE INDEX documents_by_workspace ON documents (workspace_id, updated_at, id);
CREATE INDEX documents_by_title ON documents (workspace_id, title_key);

CREATE TABLE passages (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    document_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    heading TEXT,
    start_char BIGINT NOT NULL,
    end_char BIGINT NOT NULL,
    text TEXT NOT NULL,
    -- Each word as the search compares it (folded and stemmed): title A, heading B, text D.
    words TSVECTOR NOT NULL
);
CREATE INDEX passages_by_document ON passages (document_id, position);
CREATE INDEX passages_by_workspace ON passages (workspace_id);
CREATE INDEX passages_by_words ON passages USING GIN (words);

CREATE TABLE schemas (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    key TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT,
    UNIQUE (workspace_id, key, version)
);
CREATE UNIQUE INDEX schemas_one_active ON schemas (workspace_id, key) WHERE retired_at IS NULL;

-- One per conversation and schema key: a new version of a schema keeps what is known.
CREATE TABLE records (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    schema_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (conversation_id, schema_key)
);

CREATE TABLE record_fields (
    record_id TEXT NOT NULL,
    field TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    value TEXT,
    confidence DOUBLE PRECISION NOT NULL,
    origin TEXT NOT NULL,
    evidence TEXT,
    evidence_seq BIGINT,
    locked_at BIGINT,
    proposal TEXT,
    revision BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (record_id, field)
);

CREATE TABLE rules (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    trigger_kind TEXT NOT NULL,
    priority BIGINT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    enabled_at BIGINT,
    UNIQUE (workspace_id, key)
);
CREATE INDEX rules_by_trigger ON rules (workspace_id, trigger_kind, priority);

-- `seq` is the entry that made the rule run: running again for the same entry changes nothing.
CREATE TABLE rule_runs (
    conversation_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    rule_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    turn_id TEXT,
    version BIGINT NOT NULL,
    matched BOOLEAN NOT NULL,
    stopped_by TEXT,
    tree TEXT NOT NULL,
    receipts TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, seq, rule_id)
);
CREATE INDEX rule_runs_by_rule ON rule_runs (workspace_id, rule_id, created_at);

CREATE TABLE files (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    conversation_id TEXT,
    uploaded_by_kind TEXT NOT NULL,
    uploaded_by_id TEXT,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    hash TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
