-- When an owner's newest message was sent, not after a moment: of those whose date can be believed, else of the others, else later.
-- Index: message_sent_at, message_guessed_at, the last entry of each.
SELECT coalesce(
    (SELECT max(sent_at) FROM crm.message WHERE owner_id = $1 AND NOT date_is_guessed AND sent_at <= $2),
    (SELECT max(sent_at) FROM crm.message WHERE owner_id = $1 AND date_is_guessed AND sent_at <= $2),
    (SELECT max(sent_at) FROM crm.message WHERE owner_id = $1 AND NOT date_is_guessed),
    (SELECT max(sent_at) FROM crm.message WHERE owner_id = $1 AND date_is_guessed)
)
