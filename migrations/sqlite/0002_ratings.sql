-- How a customer found a resolution, one row for each. `resolution_seq` is the entry that closed the
-- conversation: closed again, it can be rated again.
CREATE TABLE ratings (
    conversation_id TEXT NOT NULL,
    resolution_seq BIGINT NOT NULL,
    workspace_id TEXT NOT NULL,
    score BIGINT NOT NULL,
    words TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, resolution_seq)
) WITHOUT ROWID;
CREATE INDEX ratings_by_time ON ratings (workspace_id, updated_at);
