-- The head, the last position of the unbroken run after it (looking so far ahead), and the highest visible position.
-- Index: event_pkey, twice from the head; the run is not looked for where the next position is missing.
SELECT head.position,
       (
           SELECT max(run.position)
           FROM (
               SELECT next.position, row_number() OVER (ORDER BY next.position) AS place
               FROM (
                   SELECT event.position
                   FROM headrace.event
                   WHERE event.position > head.position
                     AND EXISTS (SELECT FROM headrace.event AS first WHERE first.position = head.position + 1)
                   ORDER BY event.position
                   LIMIT $1
               ) AS next
           ) AS run
           WHERE run.position = head.position + run.place
       ) AS contiguous,
       (
           SELECT event.position
           FROM headrace.event
           WHERE event.position > head.position
           ORDER BY event.position DESC
           LIMIT 1
       ) AS newest
FROM headrace.head
