-- Has rules look at an owner's next contacts again; the last of them, NULL at the end.
-- Index: contact_pages, in its order.
WITH page AS MATERIALIZED (
    SELECT id FROM crm.contact WHERE owner_id = $1 AND id > $2 ORDER BY id LIMIT $3 FOR KEY SHARE
), marked AS (
    INSERT INTO crm.insight_due (owner_id, contact_id) SELECT $1, id FROM page ORDER BY id ON CONFLICT DO NOTHING
)
SELECT id FROM page ORDER BY id DESC LIMIT 1
