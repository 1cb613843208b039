-- Filling the past with a schema: one run per schema, done in steps by a job, so that it goes on by itself.

CREATE TABLE fills (
    workspace_id TEXT NOT NULL,
    schema_key TEXT NOT NULL,
    state TEXT NOT NULL,
    -- Which run this is: a step of one that was begun anew changes nothing.
    run BIGINT NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    -- The last conversation that was read.
    place TEXT,
    started_by TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, schema_key)
);
