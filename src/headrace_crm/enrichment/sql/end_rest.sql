-- Ends the rest of a source.
-- Index: enrichment_source_pkey; its row lock.
UPDATE crm.enrichment_source SET rests_until = NULL, is_refused = false, reason = NULL, settings = NULL WHERE source = $1
