-- Forgets addresses that no message names any more, with the names seen beside them; contacts that had them go stale.
-- Index: address_pkey, message_address_email, contact_address_pkey; the owner is locked.
WITH gone AS (
    DELETE FROM crm.address
    WHERE owner_id = $1 AND email = ANY ($2::text[]) AND NOT EXISTS (
        SELECT FROM crm.message_address AS named WHERE named.owner_id = address.owner_id AND named.email = address.email
    )
    RETURNING email
)
UPDATE crm.contact SET is_stale = true
FROM (
    SELECT DISTINCT whose.contact_id FROM gone JOIN crm.contact_address AS whose ON whose.owner_id = $1 AND whose.email = gone.email
) AS concerned
WHERE contact.id = concerned.contact_id
