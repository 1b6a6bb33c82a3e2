-- What each source said last about a contact.
-- Index: enrichment_pkey.
SELECT source, state, asked_for, claims, content_hash, token, tries, fetched_at, due_at, detail, received
FROM crm.enrichment WHERE contact_id = $1 ORDER BY source
