-- Gives addresses to persons; those who are contacts go stale.
-- Index: contact_address_pkey, contact_pkey; the owner is locked.
WITH written AS (
    INSERT INTO crm.contact_address (owner_id, email, contact_id)
    SELECT $1, email, contact_id FROM unnest($2::text[], $3::uuid[]) AS given (email, contact_id)
    ON CONFLICT (owner_id, email) DO UPDATE SET contact_id = excluded.contact_id
    RETURNING contact_id
)
UPDATE crm.contact SET is_stale = true FROM (SELECT DISTINCT contact_id FROM written) AS concerned
WHERE contact.id = concerned.contact_id
