-- Drops the vectors of all models but one.
-- Lock: their partitions exclusively.
SELECT crm.drop_models($1)
