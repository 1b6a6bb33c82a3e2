-- The rest a source is in at a moment.
-- Index: enrichment_source_pkey.
SELECT rests_until, is_refused, coalesce(reason, '') AS reason, coalesce(settings, '') AS settings
FROM crm.enrichment_source WHERE source = $1 AND rests_until > $2
