-- Lists the messages of an owner that a person wrote, that name them, quote them or stand in a thread with theirs.
-- Index: none for texts; every message of the owner is read once.
INSERT INTO crm.erasure_message (erasure_id, owner_id, message_id, is_written, is_thread)
SELECT $1, owner_id, id, coalesce(sender_email = ANY ($3::text[]), false), thread_id = ANY (their.threads)
FROM crm.message, (
    SELECT coalesce(array_agg(DISTINCT thread_id), '{}') AS threads
    FROM crm.message WHERE owner_id = $2 AND sender_email = ANY ($3::text[])
) AS their
WHERE owner_id = $2 AND (
    sender_email = ANY ($3::text[])
    OR EXISTS (SELECT FROM crm.message_address AS named WHERE named.message_id = message.id AND named.email = ANY ($3::text[]))
    OR thread_id = ANY (their.threads)
    OR EXISTS (
        SELECT FROM unnest($4::text[]) AS given (mark)
        WHERE strpos(regexp_replace(lower(subject || ' ' || body_text || ' ' || attachments::text), '\s+', ' ', 'g'), mark) > 0
    )
)
ON CONFLICT DO NOTHING
