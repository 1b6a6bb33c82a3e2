-- How many passages of owners were counted, and how many they have at least, beyond twice that.
-- Index: passage_owner, no further than it must.
SELECT owner.id AS owner_id, coalesce(vocabulary.passage_count, 0) AS counted,
       (SELECT count(*) FROM (SELECT FROM crm.passage WHERE passage.owner_id = owner.id
                              LIMIT 2 * coalesce(vocabulary.passage_count, 0) + 100) AS counted_on) AS present
FROM crm.owner LEFT JOIN crm.vocabulary ON vocabulary.owner_id = owner.id
WHERE owner.id = ANY ($1::uuid[])
ORDER BY owner.id
