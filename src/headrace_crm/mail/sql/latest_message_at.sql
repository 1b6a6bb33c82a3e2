-- When an owner's newest message was sent, not after a moment.
-- Index: message_sent_at, its last entry.
SELECT max(sent_at) FROM crm.message WHERE owner_id = $1 AND NOT date_is_guessed AND sent_at <= $2
