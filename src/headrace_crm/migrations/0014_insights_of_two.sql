-- What an insight or a digest says of people goes with them.

ALTER TABLE crm.insight ADD COLUMN other_id uuid REFERENCES crm.contact ON DELETE CASCADE;
CREATE INDEX insight_other ON crm.insight (other_id) WHERE other_id IS NOT NULL;
COMMENT ON COLUMN crm.insight.other_id IS 'A second person it is about, as the one to be introduced to.';

ALTER TABLE crm.insight_digest DROP COLUMN text;
ALTER TABLE crm.insight_digest ADD COLUMN open_count bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN crm.insight_digest.insight_ids IS 'What was chosen, best first. Its words are those of the insights that are still there.';
COMMENT ON COLUMN crm.insight_digest.open_count IS 'How many insights were open then.';
