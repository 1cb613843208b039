-- Servers of tools that a business lets its agent use (Model Context Protocol). A secret is kept encrypted, and
-- only for this row.
CREATE TABLE tool_servers (
    workspace_id TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    header TEXT NOT NULL,
    sealed_secret TEXT,
    enabled BOOLEAN NOT NULL,
    looked_at BIGINT,
    problem TEXT,
    updated_at BIGINT NOT NULL,
    updated_by_name TEXT NOT NULL,
    PRIMARY KEY (workspace_id, name)
);

-- What they offer: as it was last seen, and as somebody looked at it who let it be used.
CREATE TABLE outside_tools (
    workspace_id TEXT NOT NULL,
    server TEXT NOT NULL,
    name TEXT NOT NULL,
    shape TEXT NOT NULL,
    hash TEXT NOT NULL,
    gone BOOLEAN NOT NULL,
    policy TEXT NOT NULL,
    pinned TEXT,
    pinned_shape TEXT,
    decided_at BIGINT,
    decided_by_name TEXT,
    PRIMARY KEY (workspace_id, server, name)
);

-- What reading tools from outside answered, under the hash of what they were asked: a replay asks nobody.
CREATE TABLE tool_answers (
    workspace_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, hash)
);
