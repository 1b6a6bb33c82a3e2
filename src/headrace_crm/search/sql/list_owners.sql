-- Every owner, in id order.
-- Index: owner_pkey.
SELECT id FROM crm.owner ORDER BY id
