-- Writes what an account's labels are called now.
-- Index: mailbox_label_pkey; the owner is locked.
INSERT INTO crm.mailbox_label AS known (owner_id, account_id, label_id, name)
SELECT $1, $2, label_id, name FROM unnest($3::text[], $4::text[]) AS written (label_id, name)
ON CONFLICT (owner_id, label_id, account_id) DO UPDATE SET name = excluded.name WHERE known.name <> excluded.name
