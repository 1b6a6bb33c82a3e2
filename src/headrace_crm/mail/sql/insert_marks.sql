-- Has mail not bring back what these digests stand for.
-- Index: erased_mark_pkey, in its order.
INSERT INTO crm.erased_mark (digest) SELECT digest FROM unnest($1::bytea[]) AS given (digest) ORDER BY digest
ON CONFLICT (digest) DO NOTHING
