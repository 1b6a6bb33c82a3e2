-- Notes that passages have their vectors.
-- Index: passage_unembedded_pkey.
DELETE FROM crm.passage_unembedded WHERE passage_id = ANY ($1::bigint[])
