-- Locks contacts in id order against other answers about them, to the end of the transaction.
-- Index: contact_pkey; their row locks, which rows that only refer to them do not wait for.
SELECT id, owner_id, name, addresses FROM crm.contact WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
