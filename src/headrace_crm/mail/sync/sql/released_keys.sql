-- Which of these messages no mailbox holds any more.
-- Index: mailbox_message_key; the owner is locked.
SELECT DISTINCT wanted.message_key FROM unnest($2::text[]) AS wanted (message_key)
WHERE NOT EXISTS (
    SELECT FROM crm.mailbox_message AS held WHERE held.owner_id = $1 AND held.message_key = wanted.message_key
)
