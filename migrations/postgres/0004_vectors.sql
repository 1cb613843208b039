-- The vector of each passage: the truth that every index is a copy of. A passage that is gone leaves a row
-- without a vector behind, so that indexes learn of it.
CREATE TABLE passage_vectors (
    workspace_id TEXT NOT NULL,
    passage_id TEXT NOT NULL,
    document_id TEXT NOT NULL,
    -- The model that made it; vectors of different models are never compared.
    model TEXT NOT NULL,
    dimension BIGINT NOT NULL,
    -- 32-bit floats, little endian, of length one; none if the passage is gone or failed.
    vector BYTEA,
    -- Why the model gave none.
    failed TEXT,
    -- Rises with every change in the workspace: what is newer than an index's position, it does not know.
    stamp BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, passage_id)
);
CREATE INDEX passage_vectors_by_stamp ON passage_vectors (workspace_id, stamp, passage_id);
CREATE INDEX passage_vectors_by_document ON passage_vectors (workspace_id, document_id);

-- The newest stamp of each workspace, and what last kept its vectors from being made.
CREATE TABLE vector_heads (
    workspace_id TEXT PRIMARY KEY,
    head BIGINT NOT NULL,
    last_error TEXT
);

-- A business's own intents; without a row, those of its agent hold.
CREATE TABLE intent_lists (
    workspace_id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    intents TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
