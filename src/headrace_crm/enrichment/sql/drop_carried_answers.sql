-- Takes from a contact the answers that it has from one it was joined with, unless it had its own or was asked again.
-- Index: contact_merge_pkey, enrichment_pkey; the contact is locked.
DELETE FROM crm.enrichment AS has
USING crm.contact_merge AS joined
CROSS JOIN LATERAL jsonb_populate_recordset(NULL::crm.enrichment, joined.merged) AS said
WHERE joined.id = $1 AND has.contact_id = joined.contact_id AND has.source = said.source AND has.source <> 'user'
  AND has.content_hash = said.content_hash AND has.asked_for = said.asked_for
  AND NOT EXISTS (
      SELECT FROM jsonb_populate_recordset(NULL::crm.enrichment, joined.kept) AS own WHERE own.source = said.source
  )
