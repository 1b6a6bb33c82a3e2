-- Claims the ids that came with an import, and marks the events whose ids were claimed before, here or by others.
-- Lock: the new keys (given_id_pkey) in the order all writers keep; waits for who claims one now.
WITH claimed AS (
    INSERT INTO headrace.given_id (tenant_id, id)
    SELECT DISTINCT tenant_id COLLATE "C", id FROM pg_temp.headrace_import WHERE has_given_id ORDER BY 1, 2
    ON CONFLICT (tenant_id, id) DO NOTHING
    RETURNING tenant_id, id
),
first AS (
    SELECT claimed.tenant_id, claimed.id, min(staged.place) AS place
    FROM claimed JOIN pg_temp.headrace_import AS staged USING (tenant_id, id)
    GROUP BY claimed.tenant_id, claimed.id
)
UPDATE pg_temp.headrace_import AS staged
SET is_known = true
WHERE staged.has_given_id AND staged.place NOT IN (SELECT first.place FROM first)
