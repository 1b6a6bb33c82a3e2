-- When the next lane of these subscriptions that rests after a failure is due; NULL where none rests.
-- Index: checkpoint_pkey.
SELECT min(retry_at) FROM headrace.checkpoint
WHERE subscription = ANY ($1::text[]) AND retry_at > coalesce($2::timestamptz, statement_timestamp())
