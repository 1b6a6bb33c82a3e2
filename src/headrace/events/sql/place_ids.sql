-- Notes the positions that events went to whose ids this transaction has claimed.
-- Lock: the rows it inserted itself (given_id_pkey).
UPDATE headrace.given_id
SET position = placed.position
FROM unnest($1::text[], $2::uuid[], $3::bigint[]) AS placed (tenant_id, id, position)
WHERE given_id.tenant_id = placed.tenant_id AND given_id.id = placed.id
