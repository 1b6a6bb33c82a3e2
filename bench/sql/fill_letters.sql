-- Stores messages, the newest last, four of a thread and every hundredth of one long one, with whom they name and deal with.
-- People of low numbers write most; everybody has a thread where there are as many. A text is two of the pool.
-- Index: letter_pool_pkey, thread_pkey, message_pkey, message_address_pkey, interaction_pkey.
WITH letter AS MATERIALIZED (
    SELECT number, thread, CASE WHEN number % 2 = 1 THEN 'sent' ELSE 'received' END AS direction,
           $4::timestamptz - ($2::integer - number) * interval '16 minutes' AS sent_at,
           CASE WHEN thread < $3 THEN thread + 1 ELSE 1 + floor($3 * chance.one ^ 3)::integer END AS person,
           CASE WHEN thread % 3 = 0 THEN 1 + floor($3 * chance.other ^ 3)::integer END AS beside
    FROM (SELECT number, CASE WHEN number % 100 = 0 THEN 0 ELSE number / 4 END AS thread
          FROM generate_series(1, $2::integer) AS number) AS each,
         LATERAL (SELECT (hashint8extended(thread, 1) & 1048575) / 1048576.0 AS one,
                         (hashint8extended(thread, 2) & 1048575) / 1048576.0 AS other) AS chance
), thread AS (
    INSERT INTO crm.thread (id, owner_id)
    OVERRIDING SYSTEM VALUE SELECT DISTINCT thread, $1::uuid FROM letter
), message AS (
    INSERT INTO crm.message (id, owner_id, message_key, thread_id, direction, is_bulk, sender_email, sender_name, subject,
                             sent_at, date_is_guessed, message_id, in_reply_to, reference_ids, is_automated,
                             is_precedence_bulk, has_unsubscribe, is_list_post, body_text, attachments, labels, size_bytes,
                             is_truncated, source, extracted_at)
    SELECT letter.number, $1, 'letter ' || letter.number, thread, direction, false,
           CASE direction WHEN 'sent' THEN 'me@weir.example' ELSE 'p' || person || '@weir.example' END, '',
           'Re: ' || about.subject, sent_at, false, letter.number || '@weir.example', '{}', '{}', false, false, false, false,
           one.body || E'\n\n' || other.body, '[]', ARRAY['INBOX', 'Label_' || letter.number % 7],
           octet_length(one.body) + octet_length(other.body), false, 'gmail', $4
    FROM letter
    JOIN letter_pool AS about ON about.number = thread % $5::integer
    JOIN letter_pool AS one ON one.number = letter.number % $5
    JOIN letter_pool AS other ON other.number = (letter.number * 31 + letter.number / $5) % $5
    ORDER BY letter.number
), named AS (
    INSERT INTO crm.message_address (message_id, position, owner_id, role, email, name)
    SELECT letter.number, place.position, $1, place.role,
           CASE WHEN (direction = 'sent') = (place.role = 'from') AND place.role <> 'cc' THEN 'me@weir.example'
                WHEN place.role = 'cc' THEN 'p' || beside || '@weir.example'
                ELSE 'p' || person || '@weir.example' END, ''
    FROM letter, (VALUES (0, 'from'), (1, 'to'), (2, 'cc')) AS place (position, role)
    WHERE place.role <> 'cc' OR beside IS NOT NULL
)
INSERT INTO crm.interaction (message_id, contact_id, owner_id, direction, occurred_at)
SELECT DISTINCT number, md5('person ' || who)::uuid, $1::uuid, direction, sent_at
FROM letter, unnest(ARRAY[person, beside]) AS who
WHERE who IS NOT NULL
ORDER BY number
