-- An owner's own addresses.
-- Index: owner_address_owner.
SELECT email FROM crm.owner_address WHERE owner_id = $1
