-- The owners with their addresses, the first to have come first.
-- Index: owner_pkey, in its order; owner_address_owner.
SELECT owner.id, array(SELECT email FROM crm.owner_address WHERE owner_id = owner.id ORDER BY email) AS emails
FROM crm.owner ORDER BY owner.id LIMIT $1
