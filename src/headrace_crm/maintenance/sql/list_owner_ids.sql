-- Everybody whose mail is stored.
-- Index: owner_pkey.
SELECT id FROM crm.owner ORDER BY id
