-- Saved replies: what people put into an answer by a shortcut.

-- One without an owner is everybody's.
CREATE TABLE snippets (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    owner_id TEXT,
    made_by TEXT NOT NULL,
    shortcut TEXT NOT NULL,
    body TEXT NOT NULL,
    uses BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX snippets_by_workspace ON snippets (workspace_id, shortcut, id);
