-- Sequences: steps that follow each other in time, and each run of one in a conversation.

CREATE TABLE sequences (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    key TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    enabled_at BIGINT,
    deleted_at BIGINT,
    UNIQUE (workspace_id, key)
);

-- A run keeps the version it began with.
CREATE TABLE sequence_versions (
    sequence_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    workspace_id TEXT NOT NULL,
    document TEXT NOT NULL,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (sequence_id, version)
);

CREATE TABLE sequence_runs (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    sequence_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    started_by TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    -- The next step, since when its wait counts, and when it is looked at next.
    step BIGINT NOT NULL,
    since BIGINT NOT NULL,
    look_at BIGINT NOT NULL,
    -- The last entry that was looked at for what stops it.
    looked_seq BIGINT NOT NULL,
    ended_at BIGINT,
    ending TEXT,
    ended_by TEXT
);
CREATE UNIQUE INDEX sequence_runs_once ON sequence_runs (conversation_id, sequence_id) WHERE ended_at IS NULL;
CREATE INDEX sequence_runs_due ON sequence_runs (look_at) WHERE ended_at IS NULL;
CREATE INDEX sequence_runs_by_sequence ON sequence_runs (workspace_id, sequence_id, started_at);
CREATE INDEX sequence_runs_by_conversation ON sequence_runs (workspace_id, conversation_id, started_at);

-- What each step of a run did, once.
CREATE TABLE sequence_steps (
    run_id TEXT NOT NULL,
    step BIGINT NOT NULL,
    workspace_id TEXT NOT NULL,
    receipts TEXT NOT NULL,
    failed BIGINT NOT NULL,
    done_at BIGINT NOT NULL,
    PRIMARY KEY (run_id, step)
);

-- Segments: saved filters of contacts, which rules can ask about.
CREATE TABLE segments (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    condition TEXT NOT NULL,
    version BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (workspace_id, key)
);

-- What happened to a contact that rules have not looked at: created, identified or changed.
ALTER TABLE contacts ADD COLUMN rules_change TEXT;

-- The first state of a workflow acts now when a conversation begins in it: workflows are made rules anew.
UPDATE schemas SET rules_at = NULL;
