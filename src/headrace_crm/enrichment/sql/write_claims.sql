-- Stores what a source said of a contact, which is compared with others by it, and returns whether it is something else than before.
-- Index: enrichment_pkey, contact_pkey; the contact is locked.
WITH had AS (SELECT content_hash FROM crm.enrichment WHERE contact_id = $1 AND source = $2), written AS (
    INSERT INTO crm.enrichment
        (contact_id, source, state, asked_for, claims, content_hash, asked_at, fetched_at, due_at)
    VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $7, $8)
    ON CONFLICT (contact_id, source) DO UPDATE
    SET state = excluded.state, asked_for = excluded.asked_for, claims = excluded.claims,
        content_hash = excluded.content_hash, fetched_at = excluded.fetched_at, due_at = excluded.due_at,
        token = NULL, detail = NULL, received = NULL
), reached AS (
    UPDATE crm.contact SET is_unmatched = true
    WHERE id = $1 AND NOT is_unmatched AND $5::jsonb ?| ARRAY['phone', 'other_phones', 'other_emails']
      AND $6 IS DISTINCT FROM (SELECT content_hash FROM had)
)
SELECT $6 IS DISTINCT FROM (SELECT content_hash FROM had)
