-- How many messages a person wrote, and how many name them, quote them or stand in a thread with theirs.
-- Index: none for texts; every message of every owner is read once.
SELECT count(*) FILTER (WHERE sender_email = ANY ($1::text[])) AS written, count(*) AS concerned
FROM crm.message
WHERE sender_email = ANY ($1::text[])
   OR EXISTS (SELECT FROM crm.message_address AS named WHERE named.message_id = message.id AND named.email = ANY ($1::text[]))
   OR thread_id IN (SELECT thread_id FROM crm.message WHERE sender_email = ANY ($1::text[]))
   OR EXISTS (
       SELECT FROM unnest($2::text[]) AS given (mark)
       WHERE strpos(regexp_replace(lower(subject || ' ' || body_text || ' ' || attachments::text), '\s+', ' ', 'g'), mark) > 0
   )
