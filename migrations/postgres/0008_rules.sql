-- Rules that explain themselves: their history, what they looked at, states that last, approval by several.

ALTER TABLE rules ADD COLUMN deleted_at BIGINT;
CREATE TABLE rule_versions (
    workspace_id TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (rule_id, version)
);
INSERT INTO rule_versions (workspace_id, rule_id, version, document, made_by, created_at)
    SELECT workspace_id, id, version, document, '', updated_at FROM rules;

-- Rises with every change of a workspace's rules, so that a node knows whether what it has read still holds.
CREATE TABLE rule_heads (
    workspace_id TEXT PRIMARY KEY,
    stamp BIGINT NOT NULL
);

-- What held a rule back that matched (a loop, a chain that is too long), and how many of its actions failed.
ALTER TABLE rule_runs ADD COLUMN held_by TEXT;
ALTER TABLE rule_runs ADD COLUMN failed BIGINT NOT NULL DEFAULT 0;

-- What was known when rules looked: any rule can be asked about it later.
CREATE TABLE rule_looks (
    conversation_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    trigger_kind TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    facts TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, seq, trigger_kind)
);
CREATE INDEX rule_looks_by_time ON rule_looks (workspace_id, created_at);

-- The state or hour that a rule of time has dealt with in a conversation: it acts once for each.
CREATE TABLE rule_timers (
    rule_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (rule_id, conversation_id)
);

-- The first entry that rules have not looked at: the queue of events.
ALTER TABLE conversations ADD COLUMN rules_from BIGINT;
CREATE INDEX conversations_for_rules ON conversations (updated_at) WHERE rules_from IS NOT NULL;
-- Since when a conversation is in its status.
ALTER TABLE conversations ADD COLUMN status_since BIGINT;
ALTER TABLE contacts ADD COLUMN rules_due BIGINT;
CREATE INDEX contacts_for_rules ON contacts (rules_due) WHERE rules_due IS NOT NULL;

-- Approval by several people: who has approved the text as it stands.
ALTER TABLE drafts ADD COLUMN required_people BIGINT NOT NULL DEFAULT 1;
ALTER TABLE drafts ADD COLUMN approvals TEXT NOT NULL DEFAULT '[]';
