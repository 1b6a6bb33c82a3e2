-- Claims ids their producers chose, for this transaction; returns those that nobody claimed before.
-- Lock: the new keys (given_id_pkey) in the order given, which is the same for every writer; waits for who claims one now.
INSERT INTO headrace.given_id (tenant_id, id)
SELECT wanted.tenant_id, wanted.id
FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS wanted (tenant_id, id, place)
ORDER BY wanted.place
ON CONFLICT (tenant_id, id) DO NOTHING
RETURNING tenant_id, id
