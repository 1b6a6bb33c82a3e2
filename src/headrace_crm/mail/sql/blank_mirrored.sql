-- Takes the keys of messages that are not to be stored out of mirrors, so that they are neither fetched again nor known.
-- Index: mailbox_message_key.
UPDATE crm.mailbox_message SET message_key = 'erased:' || provider_id
WHERE owner_id = $1 AND message_key = ANY ($2::text[])
