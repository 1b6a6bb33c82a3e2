-- The tags an owner's contacts have, with how many have each, the most used first.
-- Index: contact_tag_owner.
SELECT tag, count(*) AS contact_count FROM crm.contact_tag WHERE owner_id = $1 GROUP BY tag ORDER BY count(*) DESC, tag LIMIT $2
