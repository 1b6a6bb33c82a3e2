-- Drops what a language model said of people whose letters it was shown are among these.
-- Index: insight_judgement_owner.
DELETE FROM crm.insight_judgement WHERE owner_id = $1 AND message_ids && $2::bigint[]
