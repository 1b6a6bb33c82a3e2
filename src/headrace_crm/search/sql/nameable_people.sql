-- Contacts any of whose names or addresses stands in a text, in id order.
-- Index: none; reads the contacts of the owners asked for.
SELECT id, name, addresses FROM crm.contact
WHERE owner_id = ANY ($1::uuid[])
  AND (EXISTS (SELECT FROM unnest(addresses) AS email WHERE strpos(lower($2), email) > 0)
       OR EXISTS (SELECT FROM regexp_split_to_table(lower(name), '\s+') AS part
                  WHERE length(part) >= 2 AND strpos(lower($2), part) > 0))
ORDER BY id
