-- The next messages of an owner that an erasure has to look at, those the person wrote last, and takes them off the list.
-- Lock: the rows; erasure_message_pkey.
WITH chosen AS MATERIALIZED (
    SELECT message_id FROM crm.erasure_message WHERE erasure_id = $1 AND owner_id = $2
    ORDER BY is_written, message_id LIMIT $3 FOR UPDATE
)
DELETE FROM crm.erasure_message AS due USING chosen
WHERE due.erasure_id = $1 AND due.owner_id = $2 AND due.message_id = chosen.message_id
RETURNING due.message_id, due.is_thread
