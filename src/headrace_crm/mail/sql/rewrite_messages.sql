-- Stores what is left of messages; their people are to be found again.
-- Index: message_pkey; the owner is locked.
UPDATE crm.message
SET subject = given.subject, body_text = given.body_text, attachments = given.attachments,
    in_reply_to = (SELECT coalesce(array_agg(value), '{}') FROM jsonb_array_elements_text(given.in_reply_to) AS value),
    reference_ids = (SELECT coalesce(array_agg(value), '{}') FROM jsonb_array_elements_text(given.reference_ids) AS value),
    extracted_at = NULL
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::jsonb[], $5::jsonb[], $6::jsonb[])
    AS given (id, subject, body_text, attachments, in_reply_to, reference_ids)
WHERE message.id = given.id
