-- Those of these contacts in whose mail something was found before.
-- Index: enrichment_pkey.
SELECT contact_id FROM crm.enrichment WHERE contact_id = ANY ($1::uuid[]) AND source = 'signature'
