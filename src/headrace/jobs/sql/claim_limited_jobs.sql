-- Claims due jobs as claim_jobs does, within limits: from ranges, whose jobs have no key, and from key ranges, whose jobs have keys
-- and are taken key by key in turn. The last row is no job: its args tell what was met. Jobs go in bunches, an array for each key or
-- range, and one by one only where more was found than may be taken: what every row passes through is what a claim costs. Who asks
-- for it is told what next_due tells, as of the start: a statement less for a look that finds nothing more.
-- Index: run_claim, run_claim_keyed, one probe for a key however many jobs wait under it; limit_key_pkey, the keys and limited queues
-- met, FOR UPDATE SKIP LOCKED: what another claim holds is passed over. Locked rows are the newest, while what has been given back
-- is read as of the start of the statement, so a claim may take too little and never too much.
WITH RECURSIVE key_range AS MATERIALIZED (
    SELECT queue, priority, rank, coalesce(start_key, '') AS start_key, age, aged_size, number
    FROM unnest($11::text[], $12::smallint[], $13::integer[], $14::text[], $15::interval[], $16::integer[])
        WITH ORDINALITY AS key_range (queue, priority, rank, start_key, age, aged_size, number)
    WHERE queue <> ALL (ARRAY(SELECT name FROM headrace.queue WHERE paused_at IS NOT NULL))
), walk AS (
    SELECT number, queue, priority, start_key, 0 AS step, start_key COLLATE "C" AS key, NULL::timestamptz AS run_at, NULL::uuid AS job_id,
           NULL::integer AS weight, false AS is_round
    FROM key_range WHERE cardinality($17::integer[]) = 0
    UNION ALL
    SELECT walk.number, walk.queue, walk.priority, walk.start_key, walk.step + 1, head.*
    FROM walk CROSS JOIN LATERAL (
        (SELECT run.limit_key AS key, run.run_at, run.job_id, run.weight, false AS is_round
         FROM headrace.run
         WHERE NOT walk.is_round
           AND run.state = 'waiting' AND run.queue = walk.queue AND run.priority = walk.priority
           AND run.limit_key > walk.key
         ORDER BY run.limit_key, run.run_at, run.job_id LIMIT 1)
        UNION ALL
        (SELECT run.limit_key, run.run_at, run.job_id, run.weight, true
         FROM headrace.run
         WHERE run.state = 'waiting' AND run.queue = walk.queue AND run.priority = walk.priority
           AND run.limit_key > CASE WHEN walk.is_round THEN walk.key ELSE '' END AND run.limit_key <= walk.start_key
         ORDER BY run.limit_key, run.run_at, run.job_id LIMIT 1)
        LIMIT 1
    ) AS head
    WHERE walk.step < $21::integer
), visited AS MATERIALIZED (
    SELECT number, step, key, run_at, job_id, weight, is_round, clock_timestamp() AS met_at FROM walk WHERE step > 0
    UNION ALL
    SELECT number, ordinality::integer, key, run_at, job_id, 1, false, NULL
    FROM unnest($17::integer[], $18::text[], $19::timestamptz[], $20::uuid[])
        WITH ORDINALITY AS known (number, key, run_at, job_id)
), gate AS MATERIALIZED (
    SELECT rule.name AS key, substr(rule.name, 2) AS queue FROM headrace.limit_rule AS rule
    WHERE rule.name = ANY (ARRAY(SELECT '@' || queue FROM unnest($1::text[] || $11::text[]) AS queue))
      AND substr(rule.name, 2) <> ALL (ARRAY(SELECT name FROM headrace.queue WHERE paused_at IS NOT NULL))
), sought AS MATERIALIZED (
    SELECT DISTINCT key FROM visited WHERE run_at <= coalesce($7::timestamptz, statement_timestamp())
    UNION ALL
    SELECT key FROM gate
), locked AS MATERIALIZED (
    SELECT limit_key.key, limit_key.taken, limit_key.tokens, limit_key.returned, limit_key.used_at
    FROM headrace.limit_key WHERE limit_key.key = ANY (ARRAY(SELECT key FROM sought))
    ORDER BY limit_key.key FOR UPDATE SKIP LOCKED
), standing AS MATERIALIZED (
    SELECT sought.key, locked.key IS NOT NULL AS is_locked, is_known.key IS NOT NULL AND locked.key IS NULL AS is_busy,
           rule.concurrency - (coalesce(locked.taken, 0) - coalesce(freed.slots, 0)) AS room,
           rule.burst, rule.per_second, coalesce(freed.tokens, 0) AS returned,
           headrace.tokens_left(
               locked.tokens + coalesce(freed.tokens, 0) - locked.returned,
               coalesce($7::timestamptz, statement_timestamp()) - locked.used_at, rule.per_second, rule.burst
           ) AS tokens
    FROM sought
    LEFT JOIN locked ON locked.key = sought.key
    LEFT JOIN (
        SELECT limit_key.key FROM headrace.limit_key WHERE limit_key.key = ANY (ARRAY(SELECT key FROM sought))
    ) AS is_known ON is_known.key = sought.key
    LEFT JOIN (
        SELECT limit_freed.key, sum(limit_freed.slots)::bigint AS slots, sum(limit_freed.tokens)::bigint AS tokens
        FROM headrace.limit_freed WHERE limit_freed.key = ANY (ARRAY(SELECT key FROM locked)) GROUP BY limit_freed.key
    ) AS freed ON freed.key = sought.key
    LEFT JOIN headrace.limit_rule AS rule ON rule.name = headrace.rule_name(sought.key)
), queue_standing AS MATERIALIZED (
    SELECT gate.queue, gate.key AS gate_key, standing.is_locked,
           CASE WHEN standing.is_locked THEN least(standing.room, floor(standing.tokens)) ELSE 0 END::bigint AS room
    FROM gate JOIN standing ON standing.key = gate.key
), open_key AS MATERIALIZED (
    SELECT visited.step, visited.key, visited.run_at, visited.job_id, key_range.queue, key_range.priority, key_range.rank,
           CASE WHEN visited.step <= key_range.aged_size THEN key_range.age END AS age,
           gate.gate_key, gate.room AS gate_room, standing.is_locked, standing.room, standing.burst, standing.tokens,
           least($9::bigint, gate.room) AS most, count(*) OVER (PARTITION BY visited.number) AS keys,
           row_number() OVER (PARTITION BY visited.number ORDER BY visited.step) AS number
    FROM visited
    JOIN key_range ON key_range.number = visited.number
    JOIN standing ON standing.key = visited.key
    LEFT JOIN queue_standing AS gate ON gate.queue = key_range.queue
    WHERE NOT standing.is_busy AND (standing.room > 0 OR standing.room IS NULL)
      AND (standing.tokens >= least(visited.weight, standing.burst) OR standing.tokens IS NULL)
      AND (gate.room > 0 OR gate.room IS NULL)
), keyed AS MATERIALIZED (
    SELECT counted.*, fitting.slots, CASE
               WHEN fitting.slots = cardinality(counted.ids) THEN counted.cost
               ELSE (SELECT sum(least(weight, counted.burst)) FROM unnest(counted.weights[:fitting.slots]) AS weight)
           END AS fitting_cost
    FROM (
        SELECT open_key.*, due.*, sum(cardinality(due.ids)) OVER one_key AS place, sum(due.cost) OVER one_key AS spent
        FROM open_key CROSS JOIN LATERAL (
            SELECT array_agg(one.job_id) AS ids, array_agg(one.weight) AS weights, min(one.run_at) AS first_at,
                   sum(least(one.weight, open_key.burst)) AS cost
            FROM (
                SELECT run.job_id, run.run_at, run.weight
                FROM headrace.run
                WHERE run.state = 'waiting' AND run.queue = open_key.queue AND run.priority = open_key.priority
                  AND run.limit_key = open_key.key AND (run.run_at, run.job_id) >= (open_key.run_at, open_key.job_id)
                  AND run.run_at <= coalesce($7::timestamptz, statement_timestamp())
                  AND run.kind = ANY ($8::text[])
                ORDER BY run.run_at, run.job_id
                LIMIT least(
                    greatest((open_key.most + open_key.keys - open_key.number) / open_key.keys, 1), open_key.room,
                    CASE WHEN open_key.tokens IS NOT NULL THEN greatest(floor(open_key.tokens), 1) END
                )::bigint
                FOR UPDATE SKIP LOCKED
            ) AS one
        ) AS due (ids, weights, first_at, cost)
        WHERE due.ids IS NOT NULL
        WINDOW one_key AS (PARTITION BY open_key.key ORDER BY open_key.rank)
    ) AS counted
    CROSS JOIN LATERAL (SELECT least(
        cardinality(counted.ids), cardinality(counted.ids) - counted.place + counted.room,
        CASE WHEN counted.spent > counted.tokens THEN (
            SELECT count(*) FROM (
                SELECT sum(least(weight, counted.burst)) OVER (ORDER BY number) AS spent
                FROM unnest(counted.weights) WITH ORDINALITY AS one (weight, number)
            ) AS one WHERE counted.spent - counted.cost + one.spent <= counted.tokens
        ) END
    )::integer AS slots OFFSET 0) AS fitting
    WHERE fitting.slots > 0
), range AS MATERIALIZED (
    -- Arrays that are too short end with what is usual, here as in key_range.
    SELECT range.queue, range.priority, coalesce(range.after_run_at, '0001-01-02 00:00+00') AS after_run_at,
           coalesce(range.after_job_id, '00000000-0000-0000-0000-000000000000') AS after_job_id,
           coalesce(range.age, '0') AS age, coalesce(range.size, $9::bigint) AS size, 2 * range.number AS rank,
           gate.gate_key, gate.room AS gate_room
    FROM unnest($1::text[], $2::smallint[], $3::timestamptz[], $4::uuid[], $5::interval[], $6::integer[])
        WITH ORDINALITY AS range (queue, priority, after_run_at, after_job_id, age, size, number)
    LEFT JOIN queue_standing AS gate ON gate.queue = range.queue
    WHERE range.queue <> ALL (ARRAY(SELECT name FROM headrace.queue WHERE paused_at IS NOT NULL))
    ORDER BY rank
), plain AS MATERIALIZED (
    SELECT found.rank, array_agg(found.job_id) AS ids
    FROM (
        SELECT range.rank, due.job_id
        FROM range CROSS JOIN LATERAL (
            SELECT run.job_id
            FROM headrace.run
            WHERE run.state = 'waiting' AND run.limit_key IS NULL AND run.queue = range.queue AND run.priority = range.priority
              AND (run.run_at, run.job_id) > (range.after_run_at, range.after_job_id)
              AND run.run_at <= coalesce($7::timestamptz, statement_timestamp()) - range.age
              AND run.kind = ANY ($8::text[])
            ORDER BY run.run_at, run.job_id
            LIMIT greatest(least(range.size, range.gate_room, $9::bigint - (
                SELECT coalesce(sum(keyed.slots), 0) FROM keyed WHERE keyed.rank < range.rank
            )), 0)
            FOR UPDATE SKIP LOCKED
        ) AS due
        LIMIT $9::bigint
    ) AS found
    GROUP BY found.rank
), bunch AS MATERIALIZED (
    SELECT key, is_locked, gate_key, gate_room, slots, fitting_cost AS cost, ids[:slots] AS ids, weights, burst, rank, step,
           place - cardinality(ids) AS place, first_at <= coalesce($7::timestamptz, statement_timestamp()) - age AS is_aged
    FROM keyed
    UNION ALL
    SELECT NULL, true, gate_key, gate_room, cardinality(ids), NULL, ids, NULL, NULL, rank, 0, 0, false
    FROM plain JOIN range USING (rank)
), all_fit AS MATERIALIZED (
    SELECT coalesce(sum(slots), 0) <= $9::bigint AND NOT EXISTS (
        SELECT FROM bunch WHERE gate_key IS NOT NULL GROUP BY gate_key HAVING sum(slots) > min(gate_room)
    ) AS yes FROM bunch
), picked AS MATERIALIZED (
    SELECT key, is_locked, slots, cost, ids FROM bunch WHERE (SELECT yes FROM all_fit)
    UNION ALL
    SELECT key, is_locked, count(*), sum(cost), array_agg(job_id)
    FROM (
        SELECT key, is_locked, job_id, cost
        FROM (
            SELECT single.*, row_number() OVER (PARTITION BY gate_key ORDER BY rank, place, step) AS number
            FROM (
                -- One that is due twice, as an aged job and in its turn, counts once.
                SELECT DISTINCT ON (one.job_id) one.job_id, least(one.weight, bunch.burst) AS cost, bunch.key, bunch.is_locked,
                       bunch.gate_key, bunch.gate_room, bunch.step, bunch.place + one.number AS place,
                       CASE WHEN bunch.is_aged AND bunch.place + one.number = 1 THEN 0 ELSE bunch.rank END AS rank
                FROM bunch CROSS JOIN LATERAL unnest(bunch.ids, bunch.weights[:bunch.slots]) WITH ORDINALITY
                    AS one (job_id, weight, number)
                WHERE NOT (SELECT yes FROM all_fit)
                ORDER BY one.job_id, bunch.rank
            ) AS single
        ) AS numbered
        WHERE gate_key IS NULL OR number <= gate_room
        ORDER BY rank, place, step
        LIMIT $9::bigint
    ) AS one_by_one
    GROUP BY key, is_locked
), begun AS (
    INSERT INTO headrace.limit_key (key, taken, tokens, used_at)
    SELECT picked.key, sum(picked.slots), min(standing.tokens) - sum(picked.cost), coalesce($7::timestamptz, statement_timestamp())
    FROM picked JOIN standing ON standing.key = picked.key WHERE NOT picked.is_locked
    GROUP BY picked.key ORDER BY picked.key
    ON CONFLICT (key) DO NOTHING
    RETURNING key
), sure AS MATERIALIZED (
    SELECT key, is_locked, slots, cost, ids FROM picked WHERE is_locked OR key IN (SELECT key FROM begun)
), fence AS MATERIALIZED (
    SELECT nextval('headrace.lease') AS lease WHERE EXISTS (SELECT FROM sure)
), claimed AS (
    UPDATE headrace.run
    SET state = 'processing', attempt = run.attempt + 1, lease = (SELECT lease FROM fence), worker_id = $10,
        claimed_at = coalesce($7::timestamptz, statement_timestamp()),
        has_queue_slot = run.queue = ANY (ARRAY(SELECT queue FROM gate)),
        unique_key = CASE WHEN run.unique_while = 'waiting' THEN NULL ELSE run.unique_key END
    -- An array and no join: however many they are, the index is entered for each, in order, and none counts twice.
    WHERE run.job_id = ANY (ARRAY(SELECT unnest(ids) FROM sure))
    RETURNING run.job_id, run.queue, run.priority, run.run_at, run.attempt, run.lease, run.cancel_requested_by, run.limit_key
), paid AS (
    UPDATE headrace.limit_key
    SET taken = limit_key.taken + share.slots, tokens = share.tokens, returned = share.returned,
        used_at = greatest(limit_key.used_at, coalesce($7::timestamptz, statement_timestamp()))
    FROM (
        SELECT spent.key, spent.slots, standing.tokens - spent.cost AS tokens, standing.returned
        FROM (
            SELECT key, sum(slots) AS slots, sum(cost) AS cost FROM sure WHERE is_locked AND key IS NOT NULL GROUP BY key
            UNION ALL
            SELECT min(gate.key), count(*), count(*)
            FROM claimed JOIN gate ON gate.queue = claimed.queue GROUP BY claimed.queue
        ) AS spent JOIN standing ON standing.key = spent.key
        OFFSET 0
    ) AS share
    WHERE limit_key.key = share.key
)
SELECT claimed.job_id, body.kind, body.args, claimed.attempt, claimed.lease, body.max_attempts, claimed.queue,
       claimed.priority, claimed.run_at, body.parent_id, body.correlation_id, body.tenant_id, body.user_id, body.actor,
       body.traceparent, body.path, body.metadata, claimed.cancel_requested_by, claimed.limit_key
FROM claimed CROSS JOIN LATERAL (
    SELECT job.kind, job.args::text AS args, job.max_attempts, job.parent_id, job.correlation_id, job.tenant_id,
           job.user_id, job.actor, job.traceparent, job.path, job.metadata::text AS metadata
    FROM headrace.job WHERE job.id = claimed.job_id OFFSET 0
) AS body
UNION ALL
SELECT NULL, NULL, jsonb_build_object(
    'keyed', (
        SELECT jsonb_agg(jsonb_build_object(
            'number', number, 'keys', keys, 'last', last_key, 'is_round', is_round, 'is_busy', is_busy,
            'is_blocked', is_blocked, 'rest', rest
        ))
        FROM (
            SELECT visited.number, count(*) AS keys, (array_agg(visited.key ORDER BY visited.step DESC))[1] AS last_key,
                   bool_or(visited.is_round) AS is_round, bool_or(coalesce(standing.is_busy, false)) AS is_busy,
                   bool_or(coalesce(standing.room <= 0, false)) AS is_blocked,
                   extract(epoch FROM min(CASE
                       WHEN standing.key IS NULL THEN visited.run_at - coalesce($7::timestamptz, statement_timestamp())
                       WHEN standing.tokens < least(visited.weight, standing.burst)
                        AND (standing.room > 0 OR standing.room IS NULL) THEN
                           (least(visited.weight, standing.burst) - standing.tokens) / standing.per_second * interval '1 second'
                   END)) AS rest
            FROM visited LEFT JOIN standing ON standing.key = visited.key GROUP BY visited.number
        ) AS met
    ),
    'queues', (
        SELECT jsonb_agg(jsonb_build_object(
            'queue', gate.queue, 'is_busy', NOT standing.is_locked,
            'is_blocked', coalesce(standing.room <= 0, false) AND EXISTS (
                SELECT FROM generate_series(0, 3) AS level (priority) CROSS JOIN LATERAL (
                    (SELECT FROM headrace.run
                     WHERE run.state = 'waiting' AND run.limit_key IS NULL AND run.queue = gate.queue
                       AND run.priority = level.priority AND run.run_at <= coalesce($7::timestamptz, statement_timestamp())
                     LIMIT 1)
                    UNION ALL
                    (SELECT FROM headrace.run
                     WHERE run.state = 'waiting' AND run.limit_key IS NOT NULL AND run.queue = gate.queue
                       AND run.priority = level.priority
                     LIMIT 1)
                ) AS held_back
            ),
            'rest', CASE WHEN standing.tokens < 1 THEN (1 - standing.tokens) / standing.per_second END
        ))
        FROM gate JOIN standing ON standing.key = gate.key
    ),
    'seconds', (SELECT extract(epoch FROM max(met_at) - min(met_at)) FROM visited),
    'spends', EXISTS (SELECT FROM claimed JOIN gate ON gate.queue = claimed.queue) OR EXISTS (
        SELECT FROM sure JOIN standing ON standing.key = sure.key WHERE standing.room IS NOT NULL OR standing.tokens IS NOT NULL
    ),
    'outlook', CASE WHEN $22::boolean THEN (
        SELECT jsonb_build_object(
            'rest', extract(epoch FROM min(later.run_at) - coalesce($7::timestamptz, statement_timestamp())),
            'keyed', jsonb_agg(jsonb_build_array(served.queue, served.priority)) FILTER (WHERE served.has_keys),
            'limited', (SELECT jsonb_agg(gate.queue) FROM gate)
        )
        FROM (
            SELECT place.queue, place.priority, EXISTS (
                SELECT FROM headrace.run
                WHERE run.state = 'waiting' AND run.limit_key IS NOT NULL
                  AND run.queue = place.queue AND run.priority = place.priority
            ) AS has_keys
            FROM (SELECT DISTINCT queue, priority FROM range) AS place
        ) AS served LEFT JOIN LATERAL (
            SELECT run.run_at FROM headrace.run
            WHERE run.state = 'waiting' AND run.limit_key IS NULL AND run.queue = served.queue AND run.priority = served.priority
              AND run.run_at > coalesce($7::timestamptz, statement_timestamp())
            ORDER BY run.run_at, run.job_id LIMIT 1
        ) AS later ON true
    ) END
)::text, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
ORDER BY priority NULLS LAST, run_at, job_id
