-- What a business asks of an intent before its drafts may go out without a person.
CREATE TABLE autopilot_settings (
    workspace_id TEXT PRIMARY KEY,
    -- The share of drafts that must go out as written, as a lower bound.
    bar DOUBLE PRECISION NOT NULL,
    -- Decisions without which nothing is offered.
    least BIGINT NOT NULL,
    -- The share of drafts that a person looks at all the same.
    sample DOUBLE PRECISION NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Intents that a manager let answer without a person, and those that have lost it.
CREATE TABLE autopilot_grants (
    workspace_id TEXT NOT NULL,
    intent TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    -- The least confidence of a draft that goes out by itself.
    threshold DOUBLE PRECISION NOT NULL,
    -- Who earned it: a model's name, or the built-in engine.
    engine TEXT NOT NULL,
    granted_by_name TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    -- Drafts that went out by it. Each of them locks this row, so a grant that has ended sends nothing.
    sent BIGINT NOT NULL,
    ended_at BIGINT,
    ended_because TEXT,
    PRIMARY KEY (workspace_id, intent)
);

-- Who gave or took autopilot, when, and on what evidence.
CREATE TABLE autopilot_events (
    workspace_id TEXT NOT NULL,
    intent TEXT NOT NULL,
    at BIGINT NOT NULL,
    what TEXT NOT NULL,
    by_name TEXT NOT NULL,
    says TEXT NOT NULL,
    PRIMARY KEY (workspace_id, intent, at, what)
);

-- What autopilot did with a draft: held it as a sample, sent it, or was stopped by a person.
ALTER TABLE drafts ADD COLUMN autopilot TEXT;
CREATE INDEX drafts_by_intent ON drafts (workspace_id, created_at) WHERE intent IS NOT NULL;

-- When a person last typed an answer here.
ALTER TABLE conversations ADD COLUMN person_typed_at BIGINT;

-- What models answered, under the hash of what they were given: a replay asks nobody.
CREATE TABLE model_answers (
    workspace_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, hash)
);
