-- Takes addresses from the persons they were given to; contacts among these go stale.
-- Index: contact_address_pkey, contact_pkey; the owner is locked.
WITH removed AS (
    DELETE FROM crm.contact_address WHERE owner_id = $1 AND email = ANY ($2::text[]) RETURNING contact_id
)
UPDATE crm.contact SET is_stale = true FROM (SELECT DISTINCT contact_id FROM removed) AS concerned
WHERE contact.id = concerned.contact_id
