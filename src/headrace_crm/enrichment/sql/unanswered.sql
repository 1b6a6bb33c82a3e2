-- How many questions about contacts have not been answered yet.
-- Index: enrichment_pkey.
SELECT count(*) FROM crm.enrichment WHERE contact_id = ANY ($1::uuid[]) AND state IN ('asked', 'pending')
