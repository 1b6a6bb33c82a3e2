-- The contact a webhook's token was given for.
-- Index: enrichment_token.
SELECT contact_id FROM crm.enrichment WHERE token = $1
