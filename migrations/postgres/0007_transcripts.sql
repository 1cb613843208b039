-- How a recording looks (JSON), and whether there will be a transcript, as known when it was uploaded.
ALTER TABLE files ADD COLUMN wave TEXT;
ALTER TABLE files ADD COLUMN transcript TEXT;

-- What was said in a voice message: the queue of recordings to be listened to, and what became of each.
CREATE TABLE transcripts (
    workspace_id TEXT NOT NULL,
    file_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    -- The message it belongs to.
    seq BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    -- Until then somebody listens, or nobody tries again.
    lease_until BIGINT,
    body TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, file_id)
);

CREATE INDEX transcripts_waiting ON transcripts (created_at) WHERE state = 'waiting';
CREATE INDEX transcripts_conversation ON transcripts (workspace_id, conversation_id);
