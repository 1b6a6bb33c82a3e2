-- The limit keys and weights of the ticks of schedules, of those whose kind is limited; as the workers of the kind have noted it.
-- Index: schedule_pkey, kind_pkey.
SELECT schedule.name, kind.weight,
       headrace.limit_key_of(
           kind.limit_key, schedule.args, schedule.tenant_id, schedule.user_id, is_strict => false
       ) AS limit_key
FROM headrace.schedule JOIN headrace.kind ON kind.name = schedule.kind
WHERE schedule.name = ANY ($1::text[]) AND kind.limit_key IS NOT NULL
