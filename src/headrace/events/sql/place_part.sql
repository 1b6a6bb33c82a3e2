-- Notes the positions that the events of a part of an import went to whose ids this transaction has claimed.
-- Index: event_pkey from a position to another, which is hardly more than the part; given_id_pkey. Lock: rows it inserted itself.
UPDATE headrace.given_id
SET position = event.position
FROM unnest($1::text[], $2::uuid[]) AS placed (tenant_id, id)
JOIN headrace.event ON event.tenant_id = placed.tenant_id AND event.id = placed.id
WHERE event.position > $3 AND event.position <= $4
  AND given_id.tenant_id = placed.tenant_id AND given_id.id = placed.id
