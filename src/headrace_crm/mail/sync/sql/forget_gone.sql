-- Forgets that messages went, once no fetch from before can be under way.
-- Index: mailbox_message_gone.
DELETE FROM crm.mailbox_message WHERE gone_at < $1
