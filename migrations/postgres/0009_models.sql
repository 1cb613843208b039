-- What calls of models used: budgets and costs are sums over these rows.
CREATE TABLE model_uses (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    -- The turn it was for; absent for a test by a person.
    turn_id TEXT,
    intent TEXT,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_hash TEXT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    answer_tokens BIGINT NOT NULL,
    estimated BOOLEAN NOT NULL,
    -- Millionths of the currency that the settings' prices are in.
    cost BIGINT NOT NULL,
    first_ms BIGINT,
    ms BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX model_uses_by_time ON model_uses (workspace_id, created_at);
CREATE INDEX model_uses_by_turn ON model_uses (turn_id) WHERE turn_id IS NOT NULL;

-- A workspace's own switch, and its own limit.
CREATE TABLE model_settings (
    workspace_id TEXT PRIMARY KEY,
    enabled BOOLEAN NOT NULL,
    tokens_per_day BIGINT,
    updated_at BIGINT NOT NULL
);

-- Each text that a model was given, once.
CREATE TABLE prompts (
    workspace_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, hash)
);

-- The model that wrote a draft; why the built-in engine did instead; what the draft wants to have done.
ALTER TABLE drafts ADD COLUMN model TEXT;
ALTER TABLE drafts ADD COLUMN fallback TEXT;
ALTER TABLE drafts ADD COLUMN proposals TEXT NOT NULL DEFAULT '[]';
