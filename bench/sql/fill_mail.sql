-- Stores messages without text, five of a thread, an hour between each and the next, for an owner that is new.
-- Index: message_pkey, thread_pkey.
WITH owner AS (INSERT INTO crm.owner (id) VALUES ($1) RETURNING id),
thread AS (
    INSERT INTO crm.thread (id, owner_id)
    OVERRIDING SYSTEM VALUE SELECT number, owner.id FROM owner, generate_series(0, $2::bigint / 5) AS number
    RETURNING id
)
INSERT INTO crm.message (id, owner_id, message_key, thread_id, direction, is_bulk, sender_email, sender_name, subject,
                         sent_at, date_is_guessed, in_reply_to, reference_ids, is_automated, is_precedence_bulk,
                         has_unsubscribe, is_list_post, body_text, attachments, labels, size_bytes, is_truncated, source)
SELECT number, $1, number::text, thread.id, 'received', false, 'guest-' || number % 500 || '@weir.example', '', 'Letter',
       $3::timestamptz + number * interval '1 hour', false, '{}', '{}', false, false, false, false, '', '[]', '{}', 0, false,
       'mbox'
FROM generate_series(1, $2::bigint) AS number JOIN thread ON thread.id = number / 5
