-- The desk: conversations put away, notices, saved views, profiles, and the words of messages.

ALTER TABLE conversations ADD COLUMN snoozed_until BIGINT;
ALTER TABLE conversations ADD COLUMN snoozed_by TEXT;
CREATE INDEX conversations_snoozed ON conversations (snoozed_until) WHERE snoozed_until IS NOT NULL;

-- One letter per field of the context record: what a row of the inbox shows without another read.
ALTER TABLE conversations ADD COLUMN stitch TEXT;

-- When people were told that a draft waits for too long; told once.
ALTER TABLE drafts ADD COLUMN waits_told_at BIGINT;
CREATE INDEX drafts_untold ON drafts (created_at) WHERE status = 'pending' AND waits_told_at IS NULL;

ALTER TABLE staff ADD COLUMN hue BIGINT;
ALTER TABLE staff ADD COLUMN picture TEXT;
ALTER TABLE staff ADD COLUMN language TEXT;
ALTER TABLE sessions ADD COLUMN agent TEXT;

-- What one person is told of, numbered per person.
CREATE TABLE notices (
    staff_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    contact TEXT NOT NULL,
    author TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (staff_id, seq)
);

-- Unread is `top` less `seen`, so it cannot drift.
CREATE TABLE notice_marks (
    staff_id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    top BIGINT NOT NULL,
    seen BIGINT NOT NULL
);

-- A view without an owner is everybody's.
CREATE TABLE views (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    owner_id TEXT,
    made_by TEXT NOT NULL,
    name TEXT NOT NULL,
    filter TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX views_by_workspace ON views (workspace_id, created_at, id);

-- Entries up to here are in the index of words. The two columns are the queue of what is to be read.
ALTER TABLE conversations ADD COLUMN indexed_seq BIGINT NOT NULL DEFAULT 0;
CREATE INDEX conversations_to_index ON conversations (updated_at) WHERE indexed_seq < last_seq;

CREATE TABLE entry_words (
    workspace_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    words TSVECTOR NOT NULL,
    PRIMARY KEY (conversation_id, seq)
);
CREATE INDEX entry_words_by_word ON entry_words USING gin (words);
