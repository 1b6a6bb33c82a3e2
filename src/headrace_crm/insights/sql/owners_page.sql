-- The next owners in the order of their ids.
-- Index: owner_pkey, in its order.
SELECT id FROM crm.owner WHERE id > $1 ORDER BY id LIMIT $2
