-- Has passages wait for their vectors.
-- Index: passage_unembedded_pkey.
INSERT INTO crm.passage_unembedded (passage_id) SELECT unnest($1::bigint[]) ON CONFLICT DO NOTHING
