-- Takes the locks on everything stored for all owners.
-- Lock: owner_pkey, in its order.
SELECT id FROM crm.owner ORDER BY id FOR NO KEY UPDATE
