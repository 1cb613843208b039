-- Entries lie in the order in which they were written. Ordered by conversation, a page held a dozen of them, and
-- every other message moved rows between three pages; now the index by conversation is small, and a batch of
-- messages fills pages of its own.
CREATE TABLE entries_by_time (
    workspace_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    prev_public_seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    audience TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id TEXT,
    author TEXT NOT NULL,
    body TEXT,
    content TEXT NOT NULL,
    client_id TEXT,
    inbound_count BIGINT NOT NULL,
    outbound_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, seq)
);
INSERT INTO entries_by_time
SELECT workspace_id, conversation_id, seq, prev_public_seq, kind, audience, actor_kind, actor_id, author, body,
    content, client_id, inbound_count, outbound_count, created_at
FROM entries ORDER BY created_at, conversation_id, seq;
DROP TABLE entries;
ALTER TABLE entries_by_time RENAME TO entries;
CREATE UNIQUE INDEX entries_by_client_id ON entries (client_id, conversation_id) WHERE client_id IS NOT NULL;
