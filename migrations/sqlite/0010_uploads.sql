-- Uploads that come in pieces: how far each is. The bytes so far are in the blob folder.
CREATE TABLE uploads (
    workspace_id TEXT NOT NULL,
    id TEXT NOT NULL,
    uploaded_by_kind TEXT NOT NULL,
    uploaded_by_id TEXT,
    name TEXT NOT NULL,
    -- The whole; not known while something is still recorded.
    length BIGINT,
    received BIGINT NOT NULL,
    -- What it became.
    file_id TEXT,
    created_at BIGINT NOT NULL,
    -- Forgotten then, unless another piece comes.
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);

CREATE INDEX uploads_expiry ON uploads (expires_at);
