-- Locks contacts in id order against other answers about them, to the end of the transaction; the name is the one mail gives.
-- Index: contact_pkey; their row locks, which rows that only refer to them do not wait for.
SELECT id, owner_id, coalesce(mail_name, name) AS name, addresses
FROM crm.contact WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
