-- Tags of all owners that have one of these marks in them.
-- Index: none for texts; tags are few.
SELECT DISTINCT tag FROM crm.contact_tag
WHERE EXISTS (SELECT FROM unnest($1::text[]) AS given (mark) WHERE strpos(tag, mark) > 0)
ORDER BY tag
