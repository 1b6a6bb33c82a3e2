-- What a source cost on a day, and in that day's month up to its end.
-- Index: spending_pkey, at most 31 rows; the source is locked by those who go on to spend.
SELECT coalesce(sum(micros) FILTER (WHERE day = $2), 0)::bigint AS today, coalesce(sum(micros), 0)::bigint AS this_month
FROM crm.spending
WHERE source = $1 AND day >= date_trunc('month', $2::date)::date
  AND day < (date_trunc('month', $2::date) + interval '1 month')::date
