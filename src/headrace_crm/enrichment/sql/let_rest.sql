-- Lets a source rest; a limit never shortens a rest, a refusal takes the place of any limit.
-- Index: enrichment_source_pkey; its row lock.
INSERT INTO crm.enrichment_source AS had (source, rests_until, is_refused, reason, settings) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (source) DO UPDATE
SET rests_until = excluded.rests_until, is_refused = excluded.is_refused, reason = excluded.reason,
    settings = excluded.settings
WHERE excluded.is_refused OR had.rests_until IS NULL OR had.rests_until < excluded.rests_until
