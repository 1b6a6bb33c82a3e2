-- Counts what an owner says to insights of a kind.
-- Index: insight_taste_pkey.
INSERT INTO crm.insight_taste AS taste (owner_id, kind, accepted_count, dismissed_count)
VALUES ($1, $2, greatest($3::bigint, 0), greatest($4::bigint, 0))
ON CONFLICT (owner_id, kind) DO UPDATE
SET accepted_count = greatest(taste.accepted_count + $3::bigint, 0),
    dismissed_count = greatest(taste.dismissed_count + $4::bigint, 0)
