-- Removes the passages of people, of messages they wrote, and those in which an address or name of theirs stands.
-- Index: none; every text is read, since erasure must miss none.
DELETE FROM crm.passage
WHERE contact_id = ANY ($2::uuid[])
   OR message_id IN (SELECT message_id FROM crm.message_address WHERE role = 'from' AND email = ANY ($1::text[]))
   OR EXISTS (SELECT FROM unnest($3::text[]) AS given (mark)
              WHERE strpos(lower(passage.title || ' ' || passage.body), given.mark) > 0)
RETURNING owner_id
