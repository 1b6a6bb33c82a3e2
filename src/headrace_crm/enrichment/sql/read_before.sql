-- Those of these contacts in whose mail something was found before, and of when that is.
-- Index: enrichment_pkey.
SELECT contact_id, fetched_at FROM crm.enrichment WHERE contact_id = ANY ($1::uuid[]) AND source = 'signature'
