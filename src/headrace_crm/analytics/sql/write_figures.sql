-- Keeps an owner's figures; nothing where the owner is gone.
-- Index: email_analytics_pkey; the owner's row is locked against removal.
INSERT INTO crm.email_analytics AS known (owner_id, as_of, figures)
SELECT id, $2, $3::jsonb FROM crm.owner WHERE id = $1 FOR KEY SHARE
ON CONFLICT (owner_id) DO UPDATE
SET as_of = excluded.as_of, figures = excluded.figures, calculated_at = clock_timestamp()
