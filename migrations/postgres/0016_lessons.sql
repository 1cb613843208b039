-- What became of what an edit or a rejection could teach: once for each draft and kind.
CREATE TABLE lessons (
    workspace_id TEXT NOT NULL,
    draft_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    -- accepted or dismissed
    state TEXT NOT NULL,
    intent TEXT,
    -- Names what it teaches: the same from another draft is not offered again.
    hash TEXT NOT NULL,
    says TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at BIGINT NOT NULL,
    -- Since when it works: an example from the version on that holds it.
    works_since BIGINT,
    PRIMARY KEY (workspace_id, draft_id, kind)
);

-- What an agent must do: the cases of a business, beside those of its role.
CREATE TABLE eval_cases (
    workspace_id TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    said TEXT NOT NULL,
    expects TEXT NOT NULL,
    origin TEXT NOT NULL,
    draft_id TEXT,
    created_at BIGINT NOT NULL,
    created_by_name TEXT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);

-- How a case last went with an agent of this content.
CREATE TABLE eval_results (
    workspace_id TEXT NOT NULL,
    agent_hash TEXT NOT NULL,
    case_id TEXT NOT NULL,
    passed BOOLEAN NOT NULL,
    failures TEXT NOT NULL,
    text TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, agent_hash, case_id)
);
