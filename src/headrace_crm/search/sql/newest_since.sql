-- Since when the newest passages of each of these owners were written, so many of each; none for one that has fewer.
-- Index: passage_owner backward, so far.
SELECT owner.id, oldest.occurred_at
FROM unnest($1::uuid[]) AS owner (id),
     LATERAL (SELECT occurred_at FROM crm.passage
              WHERE passage.owner_id = owner.id AND ($3::timestamptz IS NULL OR passage.occurred_at < $3)
              ORDER BY passage.occurred_at DESC OFFSET $2 LIMIT 1) AS oldest
