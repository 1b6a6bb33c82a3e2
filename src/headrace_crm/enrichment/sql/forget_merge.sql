-- Forgets a joining that was undone.
-- Index: contact_merge_pkey.
DELETE FROM crm.contact_merge WHERE id = $1
