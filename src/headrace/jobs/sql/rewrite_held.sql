-- Gives waiting jobs what the new ones with their keys would have had; whoever calls it holds their runs, by hold_waiting.
-- Index: job_pkey, in the order of the keys. A statement of its own, as one that locks rows prunes no partitions in another of its parts.
UPDATE headrace.job
SET args = wanted.args::jsonb, metadata = wanted.metadata::jsonb, priority = wanted.priority,
    max_attempts = wanted.max_attempts, limit_key = wanted.limit_key, weight = wanted.weight
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::smallint[], $6::text[], $7::integer[])
    AS wanted (job_id, args, metadata, priority, max_attempts, limit_key, weight)
WHERE job.id = wanted.job_id
