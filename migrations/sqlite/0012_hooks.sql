-- Hooks: addresses that other systems call, and the secret that our own calls are signed with.

CREATE TABLE hooks (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Signatures are computed with it, so it cannot be kept as a hash.
    secret TEXT NOT NULL,
    mapping TEXT NOT NULL,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    enabled_at BIGINT,
    UNIQUE (workspace_id, key)
);

-- Each call once: the same one again gets the first one's outcome and does nothing.
CREATE TABLE hook_deliveries (
    hook_id TEXT NOT NULL,
    delivery TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (hook_id, delivery)
);
CREATE INDEX hook_deliveries_by_time ON hook_deliveries (workspace_id, hook_id, received_at);

CREATE TABLE hook_secrets (
    workspace_id TEXT PRIMARY KEY,
    secret TEXT NOT NULL
);
