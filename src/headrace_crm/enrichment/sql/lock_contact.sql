-- Locks a contact against other answers about it, to the end of the transaction.
-- Index: contact_pkey; its row lock, which rows that only refer to it do not wait for.
SELECT id, owner_id, name, addresses FROM crm.contact WHERE id = $1 FOR NO KEY UPDATE
