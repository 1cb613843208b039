-- Slow work waits in a queue of its own, so that it keeps nothing quick from running.
ALTER TABLE jobs ADD COLUMN queue TEXT NOT NULL DEFAULT 'quick';

-- What a document is made from: a file, or a page of the web. A document that people wrote has none.
CREATE TABLE document_sources (
    document_id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    -- The name of the file, or the address of the page.
    name TEXT NOT NULL,
    address TEXT,
    file_id TEXT,
    file_hash TEXT,
    size BIGINT,
    format TEXT,
    -- Rises with every reading that is begun: what an earlier one finds comes too late.
    attempt BIGINT NOT NULL,
    page BIGINT NOT NULL,
    pages BIGINT,
    broken_pages BIGINT NOT NULL,
    problem TEXT,
    says TEXT,
    etag TEXT,
    modified TEXT,
    read_at BIGINT,
    checked_at BIGINT
);
CREATE INDEX document_sources_by_hash ON document_sources (workspace_id, file_hash);
CREATE INDEX document_sources_by_address ON document_sources (workspace_id, address);

-- Every text that a document has had, with the file it came from.
CREATE TABLE document_versions (
    document_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    workspace_id TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    language TEXT NOT NULL,
    file_id TEXT,
    file_name TEXT,
    made_by TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (document_id, version)
);
INSERT INTO document_versions
    (document_id, version, workspace_id, title, body, language, made_by, made_at)
SELECT id, version, workspace_id, title, body, language, '', updated_at FROM documents;

-- Which drafts rest on which documents.
CREATE TABLE document_uses (
    draft_id TEXT NOT NULL,
    document_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    quote TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (draft_id, document_id)
);
CREATE INDEX document_uses_by_document ON document_uses (workspace_id, document_id, created_at);

-- Questions of customers that nothing here answers, those alike together.
CREATE TABLE gaps (
    id TEXT PRIMARY KEY,
    workspace_id TEXT NOT NULL,
    question TEXT NOT NULL,
    words TEXT NOT NULL,
    vector TEXT,
    asked BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT,
    document_id TEXT
);
CREATE INDEX gaps_by_time ON gaps (workspace_id, last_at, id);

CREATE TABLE gap_examples (
    gap_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    workspace_id TEXT NOT NULL,
    text TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (gap_id, conversation_id, seq)
);
CREATE INDEX gap_examples_by_message ON gap_examples (workspace_id, conversation_id, seq);
