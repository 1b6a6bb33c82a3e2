-- Forgets labels of an account that it has no more.
-- Index: mailbox_label_account; the owner is locked.
DELETE FROM crm.mailbox_label WHERE account_id = $1 AND NOT label_id = ANY ($2::text[])
