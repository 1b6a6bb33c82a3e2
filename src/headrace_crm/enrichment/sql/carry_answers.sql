-- Gives a contact the answers of sources that had none about it, and the handles they named, from one it is joined with.
-- Index: enrichment_pkey, contact_handle_pkey; both contacts are locked.
WITH handles AS (
    INSERT INTO crm.contact_handle (contact_id, owner_id, network, handle, origin, confidence, evidence, found_at)
    SELECT $1, owner_id, network, handle, origin, confidence, evidence, found_at
    FROM crm.contact_handle WHERE contact_id = $2 AND origin <> 'signature'
    ON CONFLICT DO NOTHING
)
INSERT INTO crm.enrichment (contact_id, source, state, asked_for, claims, content_hash, detail, tries, asked_at, fetched_at, due_at)
SELECT $1, source, state, asked_for, claims, content_hash, detail, tries, asked_at, fetched_at, due_at
FROM crm.enrichment WHERE contact_id = $2 AND source NOT IN ('signature', 'user') AND state IN ('found', 'none')
ON CONFLICT DO NOTHING
