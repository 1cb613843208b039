-- Workflows whose states act by themselves: their actions and times are rules that belong to the schema.

ALTER TABLE rules ADD COLUMN of_schema TEXT;
CREATE INDEX rules_of_schema ON rules (workspace_id, of_schema) WHERE of_schema IS NOT NULL;
-- When a version's workflow was made rules; none yet: it is still to be done.
ALTER TABLE schemas ADD COLUMN rules_at BIGINT;
CREATE INDEX schemas_for_rules ON schemas (created_at) WHERE rules_at IS NULL;
