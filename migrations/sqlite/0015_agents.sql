-- The versions of a business's agent: a row is never changed, only another becomes the one that drafts.
CREATE TABLE agent_versions (
    workspace_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- The role of the catalogue that it is made from.
    agent TEXT NOT NULL,
    bundle TEXT NOT NULL,
    hash TEXT NOT NULL,
    -- The version that its editor began from; 0 for the role as it comes.
    based_on BIGINT NOT NULL,
    note TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    published_by_name TEXT NOT NULL,
    -- How its evaluation cases stood when it was published.
    evals TEXT,
    PRIMARY KEY (workspace_id, version)
);

-- What is being edited: one for each business.
CREATE TABLE agent_drafts (
    workspace_id TEXT PRIMARY KEY,
    revision BIGINT NOT NULL,
    agent TEXT NOT NULL,
    bundle TEXT NOT NULL,
    based_on BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by_name TEXT NOT NULL
);

-- The version that drafts, and the one that drafts for a share of the customers.
CREATE TABLE agent_heads (
    workspace_id TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    canary_version BIGINT,
    canary_share BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

-- Who made which version draft, and when.
CREATE TABLE agent_events (
    workspace_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    what TEXT NOT NULL,
    version BIGINT NOT NULL,
    by_name TEXT NOT NULL,
    says TEXT NOT NULL,
    PRIMARY KEY (workspace_id, at, what)
);

-- Who drafted: the role and the version of the business's own; 0 for the role as it comes.
ALTER TABLE turns ADD COLUMN agent TEXT;
ALTER TABLE turns ADD COLUMN agent_version BIGINT;
