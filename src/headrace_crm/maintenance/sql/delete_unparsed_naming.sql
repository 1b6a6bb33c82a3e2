-- Removes an owner's unreadable messages in which an address stands: nobody knows which part of them is whose.
-- Index: none; each is read once.
DELETE FROM crm.unparsed_message
WHERE owner_id = $1 AND EXISTS (
    SELECT FROM unnest($2::text[]) AS given (mark) WHERE strpos(lower(encode(raw, 'escape')), mark) > 0
)
RETURNING id
