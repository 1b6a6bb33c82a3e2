-- Keeps what sources said of two contacts before they are joined, and why they are.
-- Index: enrichment_pkey, contact_handle_pkey, contact_merge_contact; both contacts are locked.
WITH moved AS (
    UPDATE crm.contact_merge SET contact_id = $2 WHERE contact_id = $3
)
INSERT INTO crm.contact_merge (owner_id, contact_id, merged_id, addresses, kept, merged, merged_at, evidence)
SELECT $1, $2, $3, $4, side.kept, side.merged, $5, $6::text[]
FROM (
    SELECT coalesce(jsonb_agg(to_jsonb(said)) FILTER (WHERE said.contact_id = $2), '[]') AS kept,
           coalesce(jsonb_agg(to_jsonb(said)) FILTER (WHERE said.contact_id = $3), '[]') AS merged
    FROM crm.enrichment AS said WHERE said.contact_id IN ($2, $3) AND said.source <> 'signature'
) AS side
