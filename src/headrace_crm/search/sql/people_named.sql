-- Contacts that fit a text: by an address (0), by the whole name (1), by a part of either (2).
-- Index: none for a part of a name; reads the contacts of the owners asked for.
SELECT found.* FROM (
    SELECT id,
           CASE WHEN lower($2) = ANY (addresses) THEN 0
                WHEN lower(name) = lower($2) THEN 1
                WHEN strpos(lower(name), lower($2)) > 0
                     OR EXISTS (SELECT FROM unnest(addresses) AS email WHERE strpos(email, lower($2)) > 0) THEN 2
           END AS closeness
    FROM crm.contact WHERE owner_id = ANY ($1::uuid[])
) AS found
WHERE found.closeness IS NOT NULL
ORDER BY found.closeness, found.id
