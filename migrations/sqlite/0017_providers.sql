-- Providers of models that a business brings itself. A key is kept encrypted, and only for this row.
CREATE TABLE model_providers (
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    model TEXT NOT NULL,
    sealed_key TEXT,
    tools BOOLEAN NOT NULL,
    temperature DOUBLE PRECISION NOT NULL,
    input_price DOUBLE PRECISION NOT NULL,
    output_price DOUBLE PRECISION NOT NULL,
    updated_at BIGINT NOT NULL,
    updated_by_name TEXT NOT NULL,
    PRIMARY KEY (workspace_id, name)
);

-- Whether the hub's providers follow when a business's own do not answer.
ALTER TABLE model_settings ADD COLUMN hub_too BOOLEAN NOT NULL DEFAULT TRUE;
